"""Asks the read models as the API does: in its role, in a transaction that has named its tenant."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from psycopg import AsyncConnection, AsyncCursor

from adapters.database.pool import conninfo
from projections.queries import lists
from projections.queries.changes import Batch, changes
from projections.queries.filters import Filters
from projections.queries.lists import List, Place
from tests.support.read_rows import TENANT

T = TypeVar("T")
Question = Callable[[AsyncCursor[tuple[Any, ...]]], Awaitable[T]]


class Shown(NamedTuple):
    """A page with its rows' JSON apart."""

    docs: list[str]
    last: Place | None


class Asking:
    """Answers questions one after another on one connection."""

    def __init__(self, runner: asyncio.Runner, connection: "AsyncConnection[tuple[Any, ...]]") -> None:
        self.runner = runner
        self.connection = connection

    def __call__(self, question: Question[T], tenant: UUID = TENANT) -> T:
        async def ask() -> T:
            async with self.connection.transaction():
                await self.connection.execute("SELECT set_config('app.tenant', %s, true)", (str(tenant),))
                return await question(self.connection.cursor(binary=True))

        return self.runner.run(ask())

    def page(
        self, of: List, filters: Filters, after: Place | None = None, limit: int = 200, tenant: UUID = TENANT
    ) -> Shown:
        docs, last = self(lambda cursor: lists.page(cursor, of, filters, after, limit), tenant)
        return Shown([bytes(raw).decode() for raw in msgspec.json.decode(b"[%b]" % docs, type=list[msgspec.Raw])], last)

    def counts(self, of: List, filters: Filters, tenant: UUID = TENANT) -> dict[str, int]:
        return self(lambda cursor: lists.counts(cursor, of, filters), tenant)

    def changes(self, after: int, most: int = 1000) -> Batch:
        return self(lambda cursor: changes(cursor, after, most))


@contextmanager
def asking(database_url: str) -> Iterator[Asking]:
    with asyncio.Runner() as runner:
        given = conninfo(database_url, "sendtrail_api")
        connection = runner.run(AsyncConnection.connect(given, autocommit=True))
        try:
            yield Asking(runner, connection)
        finally:
            runner.run(connection.close())
