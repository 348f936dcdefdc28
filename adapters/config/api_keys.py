"""API keys: shown once, stored as a hash, scoped, revocable."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from adapters.config.cache import Remembered
from adapters.config.tenants import ConfigError
from adapters.database.queries import load
from adapters.database.session import Database, statement

SQL = load(__file__)
PREFIX = "st_"


class Scope(StrEnum):
    SEND = "send"
    READ = "read"
    AUDIT = "audit"
    ADMIN = "admin"


class Caller(NamedTuple):
    """Who calls: one key of one tenant. `sees_addresses` False: addresses come masked."""

    key_id: str
    tenant_id: UUID
    name: str
    scopes: frozenset[str]
    sees_addresses: bool

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes


class ApiKeys:
    """`who` answers for any role; `add` and `revoke` need the owner's. A revoked key works for at most 5 s more."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._owner = Remembered(self._look_up)

    def who(self, secret: str) -> Caller | None:
        """The key's owner, None for an unknown or revoked key. Only a hash of the secret is ever kept."""
        return self._owner(_hash(secret)) if secret.startswith(PREFIX) else None

    def remembered(self, secret: str) -> tuple[bool, Caller | None]:
        """Whether `who` can answer without asking the database, and what."""
        return self._owner.known(_hash(secret))

    def _look_up(self, secret_hash: bytes) -> Caller | None:
        with self.database.pool.connection() as connection:
            row = connection.execute(statement(SQL["owner"]), (secret_hash,)).fetchone()
        return Caller(row[0], row[1], row[2], frozenset(row[3]), row[4]) if row else None

    def add(
        self, tenant_id: UUID, name: str, scopes: Iterable[str], at: datetime, *, sees_addresses: bool = True
    ) -> str:
        """Makes a key and returns its secret, which cannot be had again. Raises ConfigError for an unknown scope."""
        wanted = sorted(set(scopes))
        if unknown := set(wanted) - set(Scope):
            raise ConfigError(f"unknown scope {', '.join(sorted(unknown))} (known: {', '.join(Scope)})")
        secret = PREFIX + secrets.token_urlsafe(32)
        values = (secrets.token_hex(6), tenant_id, name, _hash(secret), wanted, sees_addresses, at)
        with self.database.transaction() as connection:
            connection.execute(statement(SQL["add"]), values)
        return secret

    def of_tenant(self, tenant_id: UUID) -> list[tuple[Any, ...]]:
        """(key id, name, scopes, sees addresses, created, revoked) of each key."""
        with self.database.transaction() as connection:
            return connection.execute(statement(SQL["of_tenant"]), (tenant_id,)).fetchall()

    def revoke(self, key_id: str, at: datetime) -> None:
        """Raises ConfigError if there is no such living key."""
        with self.database.transaction() as connection:
            if connection.execute(statement(SQL["revoke"]), (at, key_id)).rowcount == 0:
                raise ConfigError(f"no key '{key_id}' that could be revoked")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
