"""Finds the attempts that reports are about, and never outside the connection that a report came in over.

A connection that only reports may name another one of the same tenant that sends what it reports about.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from adapters.database import arrays
from adapters.database.queries import load
from adapters.database.session import Database, statement
from adapters.providers.port import Connection
from consumers.arrivals import Notice

SQL = load(__file__)


class Target(NamedTuple):
    communication_id: UUID
    attempt_id: str


Key = tuple[int, int, str]
"""The connection that sends, the tenant that asks (both as integers: a UUID is slow to look up by), and the key."""


def look_up(database: Database, notices: Sequence[Notice]) -> list[Target | None]:
    """What each notice is about: the echoed attempt id decides, and where that is not known, the message id."""
    places = [(n.connection, [(*_asking(n.connection), key) for key in n.keys]) for n in notices]
    known = _find(database, ((over, key) for over, keys in places for key in keys[:1]))
    lost = [(over, key) for over, keys in places if keys and keys[0] not in known for key in keys[1:]]
    known |= _find(database, lost)
    return [next((known[key] for key in keys if key in known), None) for _, keys in places]


def _find(database: Database, asked: Iterable[tuple[Connection, Key]]) -> dict[Key, Target]:
    """All of them in one query."""
    wanted = {key: (sending(over), over.tenant_id, key[2]) for over, key in asked}
    if not wanted:
        return {}
    connections, tenants, keys = zip(*wanted.values(), strict=True)
    columns = (arrays.uuids(connections), arrays.uuids(tenants), arrays.texts(keys))
    with database.transaction() as connection:
        rows = connection.cursor(binary=True).execute(statement(SQL["find"]), columns, prepare=True).fetchall()
    return {(c.int, t.int, key): Target(where, attempt) for c, t, key, where, attempt in rows}


def sending(connection: Connection) -> UUID:
    """The connection whose attempts it reports about: its own, or the one that it names."""
    named = connection.settings.get("reports_for")
    try:
        return connection.id if named is None else UUID(str(named))
    except ValueError:
        return connection.id


def _asking(connection: Connection) -> tuple[int, int]:
    """The tenant too: another's connection may be named, and may be reporting in the same batch itself."""
    return sending(connection).int, connection.tenant_id.int
