"""Finds the attempts that reports are about, and never outside the connection that a report came in over.

A connection that only reports may name another one of the same tenant that sends what it reports about.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from adapters.database.queries import load
from adapters.database.session import Database, statement
from adapters.providers.port import Connection
from consumers.arrivals import Notice

SQL = load(__file__)


class Target(NamedTuple):
    """The attempt; `recipient` is the number that the message id belongs to, where it belongs to one alone."""

    communication_id: UUID
    attempt_id: str
    recipient: int | None = None


Key = tuple[int, int, str]
"""The connection that sends, the tenant that asks (both as integers: a UUID is slow to look up by), and the key."""
Known = dict[Key, Target]


def look_up(database: Database, notices: Iterable[Notice]) -> Known:
    """All that is known of the notices' keys, in one query."""
    wanted = {(*_asking(n.connection), key): (sending(n.connection), n.connection.tenant_id, key)
              for n in notices for key in n.keys}  # fmt: skip
    if not wanted:
        return {}
    columns = [list(column) for column in zip(*wanted.values(), strict=True)]
    with database.transaction() as connection:
        rows = connection.cursor(binary=True).execute(statement(SQL["find"]), columns, prepare=True).fetchall()
    return {(c.int, t.int, key): Target(where, attempt, no) for c, t, key, where, attempt, no in rows}


def target_of(notice: Notice, known: Known) -> Target | None:
    """The echoed attempt id decides; the message id adds whose message it is, if it is the same attempt's."""
    asking, report = _asking(notice.connection), notice.report
    by_message = known.get((*asking, report.message_id or ""))
    by_attempt = known.get((*asking, report.attempt_id or ""))
    if by_attempt is None or (by_message and by_message.attempt_id == by_attempt.attempt_id):
        return by_message
    return by_attempt


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
