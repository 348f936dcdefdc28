"""An installation on a test's own database, with a clock that the test sets."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from pydantic import SecretStr

from adapters.bootstrap import Installation, install
from adapters.config.connections import Connections
from adapters.database.pool import Role
from adapters.settings import Settings
from domain.values import Channel

MASTER_KEY = "c2VuZHRyYWlsLXRlc3QtbWFzdGVyLWtleS0zMmJ5dGU="
START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)


class TestClock:
    """Stands still until it is moved."""

    __test__ = False

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        """Move on by timedelta's words; returns the new moment."""
        self.now += timedelta(**by)
        return self.now


def settings_for(database_url: str, folder: Path) -> Settings:
    return Settings(database_url=database_url, data_dir=folder, master_key=SecretStr(MASTER_KEY))


@contextmanager
def installed(database_url: str, folder: Path, role: Role, clock: TestClock | None = None) -> Iterator[Installation]:
    """The installation as a process of this role has it; `clock` None: the system's."""
    with install(settings_for(database_url, folder), role, pool_size=20) as installation:
        if clock is not None:
            installation.clock = clock
        yield installation


def add_tenant(installation: Installation, name: str = "acme") -> UUID:
    """Needs the owner's role."""
    return installation.tenants.add(name, installation.clock()).id


def add_connection(
    connections: Connections, tenant: UUID, provider: str, channel: Channel, at: datetime, **given: dict[str, str]
) -> UUID:
    """Needs the owner's role. `settings` and `secrets` as the provider wants them."""
    settings, secrets = given.get("settings", {}), given.get("secrets", {})
    return connections.add(tenant, f"{provider}-{os.urandom(3).hex()}", provider, channel, at,
                           settings=settings, secrets=secrets).id  # fmt: skip
