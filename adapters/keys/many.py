"""The living keys of many customers at once: one call for all, three statements where some have none yet."""

import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from adapters.database import arrays
from adapters.database.prepared import Ask, Steps
from adapters.database.queries import load
from adapters.database.session import Write, asks, naming
from adapters.keys.customer_key import CustomerKey, MissingKeyError
from adapters.keys.master import MasterKey

SQL = load(__file__)


def customer_keys(
    master: MasterKey, tenant: UUID, customer_refs: Iterable[str], at: datetime
) -> Steps[dict[str, CustomerKey]]:
    """By customer ref; made where there is none. Never remembered: a key just destroyed must not seal anything new."""
    wanted = set(customer_refs)
    if not wanted:
        return {}
    found = yield from _living(master, tenant, wanted)
    if missing := wanted - found.keys():
        # In one order, or two requests that make the same keys could wait for each other for ever.
        made = Write(SQL["make"], [_made(master, tenant, ref, at) for ref in sorted(missing)])
        yield [naming(tenant), *asks([made])]
        found |= yield from _living(master, tenant, missing)
    if wanted - found.keys():
        raise MissingKeyError(f"no key could be made for a customer of tenant {tenant}")
    return found


def _living(master: MasterKey, tenant: UUID, customer_refs: Iterable[str]) -> Steps[dict[str, CustomerKey]]:
    (rows,) = yield [Ask(SQL["living"], (tenant, arrays.texts(list(customer_refs))))]
    return {ref: CustomerKey(str(key_id), master.open(wrapped, key_id.bytes)) for ref, key_id, wrapped in rows}


def _made(master: MasterKey, tenant: UUID, customer_ref: str, at: datetime) -> tuple[Any, ...]:
    key_id = uuid4()
    return key_id, tenant, customer_ref, master.seal(os.urandom(32), key_id.bytes), at
