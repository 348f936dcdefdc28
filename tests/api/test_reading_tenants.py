"""A connection that served one tenant keeps nothing of it for the next."""

import asyncio
from typing import Any
from uuid import UUID

from adapters.database.pool import async_pool
from api.http.read_side import Tenants
from tests.support.read_rows import OTHER_TENANT, TENANT

WHO = "SELECT config.current_tenant()"


def test_a_transaction_names_its_tenant_and_takes_the_name_along(database_url: str) -> None:
    async def story() -> list[Any]:
        seen: list[Any] = []
        async with async_pool(database_url, "sendtrail_api", max_size=1) as pool:
            for tenant in (TENANT, OTHER_TENANT):
                async with Tenants(pool).reading(tenant) as cursor:
                    seen.append(await (await cursor.execute(WHO)).fetchone())
                async with pool.connection() as same:
                    seen.append(await (await same.execute(WHO)).fetchone())
        return seen

    assert asyncio.run(story()) == [(TENANT,), (None,), (OTHER_TENANT,), (None,)]


def test_a_failed_question_leaves_nothing_either(database_url: str) -> None:
    async def story() -> UUID | None:
        async with async_pool(database_url, "sendtrail_api", max_size=1) as pool:
            try:
                async with Tenants(pool).reading(TENANT):
                    raise LookupError
            except LookupError:
                pass
            async with pool.connection() as same:
                row = await (await same.execute(WHO)).fetchone()
                return row[0] if row else None

    assert asyncio.run(story()) is None
