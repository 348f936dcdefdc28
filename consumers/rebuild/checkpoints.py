"""Where the live read models stand, and holding them there."""

from typing import Any

from psycopg import Connection

from adapters.database.queries import load
from adapters.database.session import statement
from consumers.projecting import NAMES

SQL = load(__file__)


def begin(connection: "Connection[Any]") -> None:
    connection.execute(statement(SQL["begin"]), (NAMES,))


def standing(connection: "Connection[Any]") -> int | None:
    """None where they stand at different places."""
    return _one(connection.execute(statement(SQL["standing"]), (NAMES,)).fetchall())


def hold(connection: "Connection[Any]") -> int | None:
    """The same, and nobody moves them until the end of the transaction."""
    return _one(connection.execute(statement(SQL["hold"]), (NAMES,)).fetchall())


def move(connection: "Connection[Any]", to: int) -> None:
    """A projector that stood elsewhere loses its place."""
    connection.execute(statement(SQL["move"]), (to, NAMES))


def _one(found: list[tuple[Any, ...]]) -> int | None:
    positions = {position for _, position in found}
    return positions.pop() if len(positions) == 1 and len(found) == len(NAMES) else None
