"""Finds the attempts that reports are about, and never outside the connection that a report came in over.

A connection that only reports may name another one of the same tenant that sends what it reports about.
"""

from collections.abc import Sequence
from uuid import UUID

from adapters.database import arrays
from adapters.database.queries import load
from adapters.database.session import Database
from adapters.providers.port import Connection
from consumers.arrivals import Notice

SQL = load(__file__)


Target = tuple[bytes, str]
"""A communication's id and an attempt's."""


def look_up(database: Database, notices: Sequence[Notice]) -> list[Target | None]:
    """What each notice is about: the echoed attempt id decides, and where that is not known, the message id."""
    found = _find(database, [(n.connection, n.keys[0]) if n.keys else None for n in notices])
    lost = [n for n, target in enumerate(found) if target is None and len(notices[n].keys) > 1]
    if lost:
        second = _find(database, [(notices[n].connection, notices[n].keys[1]) for n in lost])
        for n, target in zip(lost, second, strict=True):
            found[n] = target
    return found


def _find(database: Database, asked: Sequence[tuple[Connection, str] | None]) -> list[Target | None]:
    """All of them in one query, each key of a connection once. By objects, because an id is slow to look up by."""
    numbers: dict[tuple[int, str], int] = {}
    wanted = [numbers.setdefault((id(one[0]), one[1]), len(numbers) + 1) if one else 0 for one in asked]
    if not numbers:
        return [None] * len(asked)
    over = {id(one[0]): one[0] for one in asked if one}
    places = {known: (sending(one).bytes, one.tenant_id.bytes) for known, one in over.items()}
    connections, tenants = zip(*(places[known] for known, _ in numbers), strict=True)
    columns = (arrays.uuid_bytes(connections), arrays.uuid_bytes(tenants), arrays.texts([key for _, key in numbers]))
    found = {number: (where, attempt) for number, where, attempt in database.ask(SQL["find"], columns)}
    return [found.get(number) for number in wanted]


def sending(connection: Connection) -> UUID:
    """The connection whose attempts it reports about: its own, or the one that it names."""
    named = connection.settings.get("reports_for")
    try:
        return connection.id if named is None else UUID(str(named))
    except ValueError:
        return connection.id
