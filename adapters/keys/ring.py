"""Seals and opens personal values under customers' keys, many at a time."""

import base64
import hashlib
import hmac
import os
import time
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.database.queries import load
from adapters.database.session import Database, Write, statement
from adapters.keys.master import NONCE, MasterKey, TamperedError
from domain.values import Personal

SQL = load(__file__)
ERASED = "[erased]"
"""What a personal value reads as once its customer's key was destroyed."""
_REMEMBERED = 20_000
_SECONDS = 15.0


class MissingKeyError(Exception):
    """The row of a customer key is gone: a fault to repair from a backup, never an erasure."""


class CustomerKey(NamedTuple):
    id: str
    secret: bytes

    def seal(self, plain: str) -> Personal:
        nonce = os.urandom(NONCE)
        sealed = AESGCM(self.secret).encrypt(nonce, plain.encode(), self.id.encode())
        return Personal(self.id, base64.b64encode(nonce + sealed).decode())

    def seal_bytes(self, plain: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self.secret).encrypt(nonce, plain, self.id.encode())

    def open_bytes(self, sealed: bytes) -> bytes:
        """Raises TamperedError."""
        try:
            return AESGCM(self.secret).decrypt(sealed[:NONCE], sealed[NONCE:], self.id.encode())
        except (InvalidTag, ValueError):
            raise TamperedError(f"a value under customer key {self.id} does not open") from None

    def fingerprint(self, plain: str) -> str:
        """Tells equal values apart without opening them; worthless once the key is destroyed. 32 hex digits."""
        return hmac.new(self.secret, plain.casefold().encode(), hashlib.sha256).hexdigest()[:32]


_Known = tuple[float, CustomerKey | None]


class KeyRing:
    """Opens with one SELECT for all keys of a batch. Forgets a key after 15 s, so an erasure reaches every process."""

    def __init__(self, database: Database, master: MasterKey) -> None:
        self.database = database
        self.master = master
        self._known: dict[str, _Known] = {}

    def customer(self, tenant: UUID, customer_ref: str, at: datetime) -> CustomerKey:
        """The customer's living key, made if there is none. Always asked of the database: a key that was just
        destroyed must not seal anything new."""
        with self.database.transaction(tenant) as connection:
            found = connection.execute(SQL_LIVING, (tenant, customer_ref)).fetchone()
            if found is None:
                key_id, secret = uuid4(), os.urandom(32)
                wrapped = self.master.seal(secret, key_id.bytes)
                connection.execute(statement(SQL["make_key"]), (key_id, tenant, customer_ref, wrapped, at))
                found = connection.execute(SQL_LIVING, (tenant, customer_ref)).fetchone()
        if found is None:
            raise MissingKeyError(f"no key could be made for a customer of tenant {tenant}")
        return CustomerKey(str(found[0]), self.master.open(found[1], found[0].bytes))

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
        keys = self.keys({v.key for v in wanted}, tenant)
        return {v: _open(keys[v.key], v) for v in wanted}

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


SQL_LIVING = statement(SQL["living_key"])


def _open(key: CustomerKey | None, value: Personal) -> str:
    if key is None:
        return ERASED
    return key.open_bytes(base64.b64decode(value.sealed)).decode()
