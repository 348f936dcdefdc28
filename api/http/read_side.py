"""What the reading routes share in one process: a pool, the projector's progress, and the live changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from starlette.requests import Request

from adapters.database.asking import Asker
from adapters.database.pool import sync_pool
from api.http.live import Live
from api.http.waiting import WAIT_LIMIT, Projected
from projections.queries.asking import Ask

KEEP_ALIVE = 15.0
"""Seconds of silence after which a stream says that it is still there."""
STATEMENT_TIMEOUT = "20s"


@dataclass(frozen=True)
class ReadSide:
    """`wait_limit` and `keep_alive` are seconds."""

    asker: Asker
    projected: Projected
    live: Live
    wait_limit: float = WAIT_LIMIT
    keep_alive: float = KEEP_ALIVE

    def asking(self, tenant_id: UUID) -> Ask:
        return partial(self.asker.ask, tenant_id)


@asynccontextmanager
async def read_side(
    url: str, *, pool_size: int = 10, wait_limit: float = WAIT_LIMIT, keep_alive: float = KEEP_ALIVE
) -> AsyncIterator[ReadSide]:
    """Opens the pool and follows the projector until the block ends. Belongs into the application's lifespan."""
    pool = sync_pool(
        url,
        "sendtrail_api",
        max_size=pool_size,
        application_name="sendtrail queries",
        statement_timeout=STATEMENT_TIMEOUT,
    )
    with pool:
        asker, projected = Asker(pool), Projected(url)
        live = Live(lambda tenant_id: partial(asker.ask, tenant_id), projected)
        tasks = [asyncio.create_task(projected.run()), asyncio.create_task(live.run())]
        try:
            yield ReadSide(asker, projected, live, wait_limit, keep_alive)
        finally:
            live.close()
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            asker.close()


def read_side_of(request: Request) -> ReadSide:
    """Asked by the routes themselves: to a framework that injects it, every request would pay for it."""
    found: ReadSide = request.app.state.read_side
    return found
