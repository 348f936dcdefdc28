"""Connections: one tenant's configured account at one provider, its secrets sealed under the master key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from adapters.config.cache import Remembered
from adapters.config.tenants import ConfigError
from adapters.database.queries import load
from adapters.database.session import Database, statement
from adapters.keys.master import MasterKey
from adapters.providers.port import Connection
from domain.values import Channel

SQL = load(__file__)


class Connections:
    """Reads as any role; changes need the owner's. A change is seen by every process within 5 s."""

    def __init__(self, database: Database, master: MasterKey) -> None:
        self.database = database
        self.master = master
        self.get = Remembered(self._get)
        self._defaults = Remembered(self._default)

    def default(self, tenant_id: UUID, channel: Channel) -> Connection | None:
        """The connection used where a send names none."""
        return self._defaults((tenant_id, channel))

    def of_tenant(self, tenant_id: UUID) -> list[Connection]:
        with self.database.transaction(tenant_id) as connection:
            rows = connection.execute(statement(SQL["of_tenant"]), (tenant_id,)).fetchall()
        return [self._opened(row) for row in rows]

    def add(
        self,
        tenant_id: UUID,
        name: str,
        provider: str,
        channel: Channel,
        at: datetime,
        *,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        open_tracking: bool = False,
        default: bool = True,
        connection_id: UUID | None = None,
    ) -> Connection:
        """Raises ConfigError if the tenant has one of that name."""
        made = connection_id or uuid4()
        row = (made, tenant_id, name, provider, channel, Jsonb(dict(settings)), self._sealed(made, secrets))
        try:
            with self.database.transaction() as connection:
                if default:
                    connection.execute(statement(SQL["no_longer_default"]), (tenant_id, channel))
                connection.execute(statement(SQL["add"]), (*row, open_tracking, default, at))
        except UniqueViolation:
            raise ConfigError(f"there is a connection '{name}' already") from None
        self.forget()
        return Connection(made, tenant_id, provider, channel, name, dict(settings), dict(secrets), open_tracking)

    def update(self, changed: Connection) -> None:
        """Write the settings, secrets and open tracking of a connection."""
        values = (Jsonb(changed.settings), self._sealed(changed.id, changed.secrets), changed.open_tracking)
        with self.database.transaction() as connection:
            connection.execute(statement(SQL["update"]), (*values, changed.id))
        self.forget()

    def make_default(self, chosen: Connection) -> None:
        """Of its channel, instead of the one that was."""
        with self.database.transaction() as connection:
            connection.execute(statement(SQL["no_longer_default"]), (chosen.tenant_id, chosen.channel))
            connection.execute(statement(SQL["make_default"]), (chosen.id,))
        self.forget()

    def defaults(self, tenant_id: UUID) -> set[UUID]:
        """The connections used where a send names none: at most one a channel."""
        with self.database.transaction(tenant_id) as connection:
            return {row[0] for row in connection.execute(statement(SQL["defaults"]), (tenant_id,)).fetchall()}

    def disable(self, connection_id: UUID, at: datetime) -> None:
        """Raises ConfigError if there is none to disable."""
        with self.database.transaction() as connection:
            if connection.execute(statement(SQL["disable"]), (at, connection_id)).rowcount == 0:
                raise ConfigError(f"no connection {connection_id} that could be disabled")
        self.forget()

    def forget(self) -> None:
        self.get.forget()
        self._defaults.forget()

    def _get(self, connection_id: UUID) -> Connection | None:
        with self.database.pool.connection() as connection:
            row = connection.execute(statement(SQL["one"]), (connection_id,)).fetchone()
        return self._opened(row) if row else None

    def _default(self, wanted: tuple[UUID, Channel]) -> Connection | None:
        with self.database.transaction(wanted[0]) as connection:
            row = connection.execute(statement(SQL["default"]), wanted).fetchone()
        return self._opened(row) if row else None

    def _sealed(self, connection_id: UUID, secrets: Mapping[str, str]) -> bytes:
        return self.master.seal(msgspec.json.encode(dict(secrets)), connection_id.bytes)

    def _opened(self, row: tuple[Any, ...]) -> Connection:
        connection_id, tenant_id, provider, channel, name, settings, sealed, tracking = row
        secrets = msgspec.json.decode(self.master.open(sealed, connection_id.bytes), type=dict[str, str])
        return Connection(connection_id, tenant_id, provider, Channel(channel), name, settings, secrets, tracking)
