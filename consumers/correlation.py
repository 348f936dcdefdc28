"""Finds the attempts that reports are about, and never outside the connection that a report came in over.

A connection that only reports may name another one of the same tenant that sends what it reports about.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

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
Known = dict[Key, Target]


def look_up(database: Database, notices: Sequence[Notice]) -> Known:
    """What is known of the notices' keys: of the ids that were echoed, and where there is none, of message ids."""
    known = _find(database, ((n, key) for n in notices for key in n.keys[:1]))
    return known | _find(database, ((n, key) for n in notices if target_of(n, known) is None for key in n.keys[1:]))


def target_of(notice: Notice, known: Known) -> Target | None:
    """The echoed attempt id decides, else the message id."""
    asking = _asking(notice.connection)
    return next((known[place] for key in notice.keys if (place := (*asking, key)) in known), None)


def _find(database: Database, asked: Iterable[tuple[Notice, str]]) -> Known:
    """All of them in one query."""
    wanted = {(*_asking(n.connection), key): (sending(n.connection), n.connection.tenant_id, key) for n, key in asked}
    if not wanted:
        return {}
    columns = [list(column) for column in zip(*wanted.values(), strict=True)]
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
