"""Seals and opens personal values under customers' keys, many at a time."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from adapters.database.prepared import Steps
from adapters.database.queries import load
from adapters.database.session import Database, Write, statement
from adapters.keys.customer_key import CustomerKey as CustomerKey
from adapters.keys.customer_key import MissingKeyError as MissingKeyError
from adapters.keys.many import customer_keys
from adapters.keys.master import MasterKey
from domain.values import Personal

SQL = load(__file__)
ERASED = "[erased]"
"""What a personal value reads as once its customer's key was destroyed."""
_REMEMBERED = 20_000
_SECONDS = 15.0


_Known = tuple[float, CustomerKey | None]


class KeyRing:
    """Opens with one SELECT for all keys of a batch. Forgets a key after 15 s, so an erasure reaches every process."""

    def __init__(self, database: Database, master: MasterKey) -> None:
        self.database = database
        self.master = master
        self._known: dict[str, _Known] = {}

    def customer(self, tenant: UUID, customer_ref: str, at: datetime) -> CustomerKey:
        """The customer's living key, made if there is none."""
        return self.customers(tenant, [customer_ref], at)[customer_ref]

    def customers(self, tenant: UUID, customer_refs: Iterable[str], at: datetime) -> dict[str, CustomerKey]:
        """The living keys by customer ref, made where there is none. Always asked of the database: a key that was just
        destroyed must not seal anything new."""
        return self.database.carry_out(self.asking(tenant, customer_refs, at), tenant)

    def asking(self, tenant: UUID, customer_refs: Iterable[str], at: datetime) -> Steps[dict[str, CustomerKey]]:
        """The same as steps."""
        found = yield from customer_keys(self.master, tenant, customer_refs, at)
        until = time.monotonic() + _SECONDS
        self._known.update((key.id, (until, key)) for key in found.values())
        return found

    def keys(
        self, ids: Iterable[str], tenant: UUID | None = None, *, anew: bool = False
    ) -> dict[str, CustomerKey | None]:
        """Keys by id, None for a destroyed one. Raises MissingKeyError for one that was never there.

        `anew`: asks the database whatever is remembered, where an erasure must be seen at once.
        """
        now, wanted = time.monotonic(), set(ids)
        remembered = {} if anew else self._known
        found = {i: known for i in wanted if (known := remembered.get(i)) and known[0] >= now}
        if unknown := wanted - found.keys():
            loaded = self._load(unknown, tenant, now + _SECONDS)
            if missing := unknown - loaded.keys():
                raise MissingKeyError(f"customer key {min(missing)} is not in the database")
            found |= loaded
        return {i: key for i, (_, key) in found.items()}

    def open(self, values: Iterable[Personal | None], tenant: UUID | None = None) -> dict[Personal, str]:
        """The plain texts; ERASED where the key was destroyed. Raises MissingKeyError, TamperedError."""
        wanted = {v for v in values if v is not None}
        plain = self.opening({v.key for v in wanted}, tenant)
        return {v: plain(v) for v in wanted}

    def opening(self, ids: Iterable[str], tenant: UUID | None = None) -> Callable[[Personal], str]:
        """What opens, one by one, the values that are sealed under these keys. The same may go wrong."""
        keys = self.keys(ids, tenant)

        def plain(value: Personal) -> str:
            key = keys[value.key]
            return ERASED if key is None else key.open(value)

        return plain

    def forget(self) -> None:
        """Drop all remembered keys."""
        self._known.clear()

    def living(self, tenant: UUID, customer_ref: str) -> list[UUID]:
        with self.database.transaction(tenant) as connection:
            rows = connection.execute(statement(SQL["keys_of"]), (tenant, customer_ref)).fetchall()
        return [row[0] for row in rows]

    @staticmethod
    def destruction(key_ids: Iterable[UUID], at: datetime) -> Write:
        """The write that destroys keys, for the transaction that records the erasure."""
        return Write(SQL["destroy"], [(key_id, at) for key_id in key_ids])

    def _load(self, ids: set[str], tenant: UUID | None, until: float) -> "dict[str, _Known]":
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        with self.database.transaction(tenant) as connection:
            rows = connection.execute(statement(SQL["keys"]), (list(ids),)).fetchall()
        loaded: dict[str, _Known] = {}
        for key_id, wrapped in rows:
            secret = self.master.open(wrapped, key_id.bytes) if wrapped else None
            loaded[str(key_id)] = (until, CustomerKey(str(key_id), secret) if secret else None)
        self._known.update(loaded)
        return loaded
