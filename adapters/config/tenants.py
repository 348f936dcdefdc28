"""Tenants: whose data is held apart, and how long an attempt of theirs may be sent again."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation

from adapters.config.cache import Remembered
from adapters.database.queries import load
from adapters.database.session import Database, statement

SQL = load(__file__)
RESEND_WINDOW = timedelta(days=90)


class ConfigError(Exception):
    """The configuration does not allow this."""


class Tenant(NamedTuple):
    id: UUID
    name: str
    resend_window: timedelta


class Tenants:
    """Reads as any role; `add` and `set_window` need the owner's."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.get = Remembered(self._get)

    def _get(self, tenant_id: UUID) -> Tenant:
        with self.database.transaction(tenant_id) as connection:
            row = connection.execute(statement(SQL["one"]), (tenant_id,)).fetchone()
        if row is None:
            raise ConfigError(f"no tenant {tenant_id}")
        return Tenant(*row)

    def named(self, name_or_id: str) -> Tenant:
        """Raises ConfigError, naming what there is."""
        with self.database.transaction() as connection:
            row = connection.execute(statement(SQL["named"]), (name_or_id, name_or_id)).fetchone()
        if row is None:
            known = ", ".join(t.name for t in self.every()) or "none yet: sendtrail tenant add NAME"
            raise ConfigError(f"no tenant '{name_or_id}' (known: {known})")
        return Tenant(*row)

    def every(self) -> list[Tenant]:
        with self.database.transaction() as connection:
            return [Tenant(*row) for row in connection.execute(statement(SQL["every"])).fetchall()]

    def add(self, name: str, at: datetime, resend_window: timedelta = RESEND_WINDOW) -> Tenant:
        """Raises ConfigError if the name is taken, or none."""
        if not name.strip() or not name.isprintable():
            raise ConfigError("a tenant needs a name that can be read")
        tenant = Tenant(uuid4(), name, resend_window)
        try:
            with self.database.transaction() as connection:
                connection.execute(statement(SQL["add"]), (*tenant, at))
        except UniqueViolation:
            raise ConfigError(f"there is a tenant '{name}' already") from None
        return tenant

    def set_window(self, tenant_id: UUID, resend_window: timedelta) -> None:
        with self.database.transaction() as connection:
            connection.execute(statement(SQL["set_window"]), (resend_window, tenant_id))
        self.get.forget()
