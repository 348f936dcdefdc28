"""Which parts there are of a backlog, and where the checkpoint is meanwhile: with the part that is furthest behind."""

from typing import Any, NamedTuple

from psycopg import Connection

from adapters.database.queries import load
from adapters.database.session import Database, statement
from adapters.store.errors import PositionLostError
from adapters.store.reader import settled_head
from consumers.parts.working import Part
from consumers.projecting import NAMES

SQL = load(__file__)


class Standing(NamedTuple):
    part: Part
    position: int


def behind(connection: "Connection[Any]", position: int) -> int:
    """At most so many events have not been projected."""
    row = connection.execute(statement(SQL["behind"]), (position,)).fetchone()
    return int(row[0]) if row else 0


def set_out(database: Database, connection: "Connection[Any]", position: int, parts: int) -> None:
    """From the checkpoint at `position` to where nothing can come before. `connection` is in autocommit.

    Raises PositionLostError where another projector was quicker.
    """
    values = {"names": NAMES, "expected": position, "until": settled_head(connection), "parts": parts}
    with database.transaction() as transaction:
        if transaction.execute(statement(SQL["set_out"]), values).rowcount != len(NAMES):
            raise PositionLostError(f"the read models are no longer at {position}")
        give_up(transaction)
        transaction.execute(statement(SQL["part"]), values)


def standing(connection: "Connection[Any]") -> list[Standing]:
    """All parts; none where nothing is projected in parts."""
    found = connection.execute(statement(SQL["parts"])).fetchall()
    return [Standing(Part(number, parts, until), position) for number, parts, until, position in found]


def follow(database: Database) -> None:
    """The checkpoint moves to where all parts are."""
    with database.transaction() as connection:
        connection.execute(statement(SQL["follow"]), {"names": NAMES})


def arrive(database: Database, until: int) -> None:
    """All parts are there: from here on the checkpoint moves by itself. Nothing happens where they are not."""
    with database.transaction() as connection:
        connection.execute(statement(SQL["follow"]), {"names": NAMES})
        values = {"names": NAMES, "until": until}
        if connection.execute(statement(SQL["arrive"]), values).rowcount:
            give_up(connection)


def give_up(connection: "Connection[Any]") -> None:
    """Whoever works on a part loses it. Needs the checkpoint to be held, which is to tell where to go on from."""
    connection.execute(statement(SQL["give_up"]))
