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


Wanted = tuple[UUID, UUID, str]
"""The connection that sends, the tenant that asks, and a key."""
Known = dict[Wanted, Target]


def look_up(database: Database, notices: Iterable[Notice]) -> Known:
    """All that is known of the notices' keys, in one query."""
    wanted = {place for notice in notices for place in _places(notice)}
    if not wanted:
        return {}
    columns = [list(column) for column in zip(*wanted, strict=True)]
    with database.transaction() as connection:
        rows = connection.cursor(binary=True).execute(statement(SQL["find"]), columns, prepare=True).fetchall()
    return {(*place, key): Target(where, str(attempt), no) for *place, key, where, attempt, no in rows}


def target_of(notice: Notice, known: Known) -> Target | None:
    """The echoed attempt id decides; the message id adds whose message it is, if it is the same attempt's."""
    here, report = (sending(notice.connection), notice.connection.tenant_id), notice.report
    by_message = known.get((*here, report.message_id or ""))
    by_attempt = known.get((*here, report.attempt_id or ""))
    if by_attempt is None or (by_message and by_message.attempt_id == by_attempt.attempt_id):
        return by_message
    return by_attempt


def sending(connection: Connection) -> UUID:
    """The connection whose attempts it reports about: its own, or the one that it names."""
    try:
        return UUID(str(connection.settings["reports_for"]))
    except (KeyError, ValueError):
        return connection.id


def _places(notice: Notice) -> list[Wanted]:
    """The tenant too: another's connection may be named, and may be reporting in the same batch itself."""
    here = sending(notice.connection), notice.connection.tenant_id
    return [(*here, key) for key in notice.keys]
