"""Claims on Idempotency-Keys: those that come while others are being made are made together, in one commit."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from adapters.database import arrays
from adapters.database.loop import Done
from adapters.database.prepared import Ask, Steps
from adapters.database.queries import load
from adapters.database.session import Database, naming
from adapters.idempotency import KEPT
from adapters.merging import Merging, Mergings

SQL = load(__file__)


class Claim(NamedTuple):
    """`at` is now, `until` when the request is taken for dead."""

    key: str
    digest: bytes
    until: datetime
    at: datetime


class Known(NamedTuple):
    """What is known of a key: when it was claimed, where it is the caller's now; else the first request's answer.

    `digest` None: the first request has just gone. `status` and `answer` None: it is still running.
    """

    claimed_at: datetime | None = None
    digest: bytes | None = None
    status: int | None = None
    answer: bytes | None = None


class Claims:
    def __init__(self, database: Database) -> None:
        self.database = database
        self._merging: Mergings[UUID, Claim, Known] = Mergings(
            # A claim takes next to nothing to prepare: the fewer calls, the better.
            lambda tenant: Merging(partial(self._claim, tenant), lambda claim: claim.key, at_once=1)
        )

    async def claim(self, tenant: UUID, claim: Claim) -> Known:
        """Raises OperationalError."""
        return await self._merging.of(tenant).ask(claim)

    def _claim(self, tenant: UUID, asked: Sequence[Claim], done: Done[list[Known]]) -> None:
        """The first of several with the same key; the others wait for its commit."""
        claims = asked[: next((n for n, c in enumerate(asked) if any(c.key == b.key for b in asked[:n])), None)]
        self.database.carry_out_in_loop(_claiming(tenant, claims), done, tenant)


def _claiming(tenant: UUID, claims: Sequence[Claim]) -> Steps[list[Known]]:
    keys, digests, untils, moments = zip(*claims, strict=True)
    columns = (arrays.texts(keys), arrays.byteas(digests), arrays.moments(untils), arrays.moments(moments))
    (rows,) = yield [Ask(SQL["claim"], (tenant, *columns, KEPT))]
    claimed: dict[str, datetime] = dict(rows)
    others = [claim.key for claim in claims if claim.key not in claimed]
    known = {}
    if others:
        _, rows = yield [naming(tenant), Ask(SQL["known"], (tenant, arrays.texts(others)))]
        known = {key: Known(None, bytes(digest), status, answer) for key, digest, status, answer in rows}
    return [known.get(claim.key, Known(claimed.get(claim.key))) for claim in claims]
