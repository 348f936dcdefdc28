"""When each thing was first so: the earliest moment counts, whatever order the claims came in."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import astuple

from domain.reports import Standing
from domain.status import Status


class Times(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
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
        status, at = claim.status, claim.at
        return Times(
            None if status is Status.REJECTED else at,
            at if status is Status.DELIVERED else None,
            at if status is Status.READ else None,
            at if status is Status.FAILED or status is Status.REJECTED else None,
            at if status is Status.COMPLAINED else None,
        )

    @property
    def arrived(self) -> datetime | None:
        """The first sign that it arrived: what was read or complained about had arrived."""
        return first((self.delivered, self.read, self.complained))


def earliest(claims: Sequence[Times]) -> Times:
    """Of each kind the first moment; nothing without any claims."""
    if len(claims) == 1:
        return claims[0]
    return Times(*(first(moments) for moments in zip(*map(astuple, claims), strict=True)))


def first(moments: Iterable[datetime | None]) -> datetime | None:
    known = [moment for moment in moments if moment is not None]
    return min(known) if known else None
