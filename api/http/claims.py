"""Claims on Idempotency-Keys: those that come while others are being made are made together, in one commit."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from adapters.database.queries import load
from adapters.database.session import Database, statement
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
        threads = ThreadPoolExecutor(max(database.pool.max_size // 4, 1), "claims")
        self._merging: Mergings[Claim, Known] = Mergings(
            lambda tenant: Merging(partial(self._claim, tenant), lambda claim: claim.key, threads)
        )

    async def claim(self, tenant: UUID, claim: Claim) -> Known:
        """Raises OperationalError."""
        return await self._merging.of(tenant).ask(claim)

    def _claim(self, tenant: UUID | None, asked: Sequence[Claim], go_on: Callable[[], None]) -> list[Known]:
        """The first of several with the same key; the others wait for its commit."""
        claims = asked[: next((n for n, c in enumerate(asked) if any(c.key == b.key for b in asked[:n])), None)]
        columns = [list(column) for column in zip(*claims, strict=True)]
        go_on()
        with self.database.one_statement(tenant) as connection:
            values = (tenant, *columns, KEPT)
            claimed = dict(connection.execute(statement(SQL["claim"]), values, prepare=True).fetchall())
        others = [claim.key for claim in claims if claim.key not in claimed]
        known = self._known(tenant, others) if others else {}
        return [known.get(claim.key, Known(claimed.get(claim.key))) for claim in claims]

    def _known(self, tenant: UUID | None, keys: Sequence[str]) -> dict[str, Known]:
        with self.database.transaction(tenant) as connection:
            rows = connection.execute(statement(SQL["known"]), (tenant, list(keys))).fetchall()
        return {key: Known(None, bytes(digest), status, answer) for key, digest, status, answer in rows}
