"""Puts an installation together from its settings, in the role that a process serves in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from adapters.clock import Clock, clock_from
from adapters.config.api_keys import ApiKeys
from adapters.config.connections import Connections
from adapters.config.tenants import ConfigError, Tenants
from adapters.config.values import MASTER_KEY, Values
from adapters.database.pool import Role, sync_pool
from adapters.database.session import Database
from adapters.documents import Documents
from adapters.keys.master import MasterKey, MasterKeyError, read_master_key
from adapters.keys.ring import KeyRing
from adapters.settings import Settings
from adapters.store.communications import Communications


@dataclass
class Installation:
    """What every process needs, each part made when it is first asked for."""

    settings: Settings
    clock: Clock
    master: MasterKey
    database: Database

    @cached_property
    def keys(self) -> KeyRing:
        return KeyRing(self.database, self.master)

    @cached_property
    def communications(self) -> Communications:
        return Communications(self.database)

    @cached_property
    def connections(self) -> Connections:
        return Connections(self.database, self.master)

    @cached_property
    def api_keys(self) -> ApiKeys:
        return ApiKeys(self.database)

    @cached_property
    def tenants(self) -> Tenants:
        return Tenants(self.database)

    @cached_property
    def values(self) -> Values:
        return Values(self.database)

    @cached_property
    def documents(self) -> Documents:
        return Documents(self.settings.documents_dir)


@contextmanager
def install(settings: Settings, role: Role, *, pool_size: int = 10) -> Iterator[Installation]:
    """An installation whose connections have `role`; closed at the end of the block.

    Raises ConfigError without a database, MasterKeyError for a missing or wrong master key, and
    psycopg.OperationalError where the database cannot be reached.
    """
    if not settings.database_url:
        raise ConfigError("no database: give --database-url or set SENDTRAIL_DATABASE_URL")
    master = master_key(settings)
    with sync_pool(settings.database_url, role, max_size=pool_size, application_name=role) as pool:
        pool.wait(timeout=30)
        database = Database(pool, per_tenant=role == "sendtrail_api")
        _check_master_key(database, master, remember=role == "sendtrail_owner")
        yield Installation(settings, clock_from(settings.clock_file), master, database)


def master_key(settings: Settings, *, create: bool = False) -> MasterKey:
    given = settings.master_key.get_secret_value() if settings.master_key else None
    return read_master_key(given, settings.data_dir / "master.key", create=create)


def _check_master_key(database: Database, master: MasterKey, *, remember: bool) -> None:
    """A wrong master key would seal data that nobody can open again: refuse to start with it."""
    values = Values(database)
    known = values.get(MASTER_KEY)
    if known is None and remember:
        values.put(MASTER_KEY, master.fingerprint)
    if known not in (None, master.fingerprint):
        raise MasterKeyError("this is not the master key that the database was set up with")
