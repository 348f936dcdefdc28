"""When each thing was first so: the earliest moment counts, whatever order the claims came in."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from domain.reports import Standing
from domain.status import Status


class Times(msgspec.Struct, frozen=True, omit_defaults=True):
    """The earliest moment at which each was so, by the provider's clock.

    `sent` is the first sign that the provider had it, until it is known when it was handed over.
    """

    sent: datetime | None = None
    delivered: datetime | None = None
    read: datetime | None = None
    failed: datetime | None = None
    complained: datetime | None = None

    @staticmethod
    def of(claim: Standing) -> "Times":
        sent = None if claim.status is Status.REJECTED else claim.at
        name = _NAMES.get(claim.status)
        return Times(sent=sent, **{name: claim.at} if name else {})

    def earliest(self, other: "Times") -> "Times":
        names = self.__struct_fields__
        return Times(**{name: first((getattr(self, name), getattr(other, name))) for name in names})

    @property
    def arrived(self) -> datetime | None:
        """The first sign that it arrived: what was read or complained about had arrived."""
        return first((self.delivered, self.read, self.complained))


def first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((m for m in moments if m is not None), default=None)


_NAMES = {
    Status.DELIVERED: "delivered",
    Status.READ: "read",
    Status.FAILED: "failed",
    Status.REJECTED: "failed",
    Status.COMPLAINED: "complained",
}
