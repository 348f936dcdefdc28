"""Asks the read models as the API does: in its role, in a transaction that has named its tenant."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from psycopg import AsyncConnection, AsyncCursor

from adapters.database.asking import Asker
from adapters.database.pool import conninfo, sync_pool
from projections.queries import lists
from projections.queries.asking import Ask
from projections.queries.changes import Batch, changes
from projections.queries.filters import Filters
from projections.queries.pieces import List, Place
from tests.support.read_rows import TENANT

T = TypeVar("T")
Question = Callable[[AsyncCursor[tuple[Any, ...]]], Awaitable[T]]


class Shown(NamedTuple):
    """A page with its rows' JSON apart."""

    docs: list[str]
    last: Place | None


class Asking:
    """Answers questions one after another on one connection."""

    def __init__(self, runner: asyncio.Runner, connection: "AsyncConnection[tuple[Any, ...]]", asker: Asker) -> None:
        self.runner = runner
        self.connection = connection
        self.asker = asker

    def __call__(self, question: Question[T], tenant: UUID = TENANT) -> T:
        async def ask() -> T:
            async with self.connection.transaction():
                await self.connection.execute("SELECT set_config('app.tenant', %s, true)", (str(tenant),))
                return await question(self.connection.cursor(binary=True))

        return self.runner.run(ask())

    def one(self, question: Callable[[Ask], Awaitable[T]], tenant: UUID = TENANT) -> T:
        """As the API asks for lists and for one of their rows."""

        async def ask() -> T:
            return await question(partial(self.asker.ask, tenant))

        return self.runner.run(ask())

    def page(
        self, of: List, filters: Filters, after: Place | None = None, limit: int = 200, tenant: UUID = TENANT
    ) -> Shown:
        docs, last = self.one(lambda ask: lists.page(ask, of, filters, after, limit), tenant)
        return Shown([bytes(raw).decode() for raw in msgspec.json.decode(b"[%b]" % docs, type=list[msgspec.Raw])], last)

    def counts(self, of: List, filters: Filters, tenant: UUID = TENANT) -> dict[str, int]:
        return self.one(lambda ask: lists.counts(ask, of, filters), tenant)

    def changes(self, after: int, most: int = 1000) -> Batch:
        return self.one(lambda ask: changes(ask, after, most))


@contextmanager
def asking(database_url: str) -> Iterator[Asking]:
    with asyncio.Runner() as runner:
        given = conninfo(database_url, "sendtrail_api")
        connection = runner.run(AsyncConnection.connect(given, autocommit=True))
        with sync_pool(database_url, "sendtrail_api", max_size=1) as pool:
            asker = Asker(pool)
            yield Asking(runner, connection, asker)
            asker.close()
        runner.run(connection.close())
