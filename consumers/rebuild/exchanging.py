"""The new tables take the places of the live ones, at one position, while readers wait for a moment at the most."""

import random
import time

from psycopg.errors import DeadlockDetected, LockNotAvailable

from adapters.bootstrap import Installation
from consumers.parts import parting
from consumers.projector import PROJECTED
from consumers.rebuild import checkpoints, twins
from consumers.rebuild import plan as plans
from consumers.rebuild.catching_up import CatchingUp
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.plan import Plan

PATIENCE = 60.0
"""Seconds of trying before the rebuild gives up for now."""
HOLD, LOCK = "15s", "300ms"
"""Waits for the projector's batch; for readers, because those that come later wait behind us."""


def exchange(installation: Installation, plan: Plan, catching_up: CatchingUp) -> int:
    """Returns the position at which the read models stand then.

    Raises RebuildError where somebody never lets go of a table, or where some of the read models alone would be ahead.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            position = _once(installation, plan, catching_up)
        except (LockNotAvailable, DeadlockDetected) as error:
            if time.monotonic() > until:
                raise RebuildError("somebody keeps a read model locked, so it cannot be exchanged now") from error
            time.sleep(random.uniform(0.05, 0.5))
        else:
            with installation.database.transaction() as connection:
                connection.execute("SELECT pg_notify(%s, %s)", (PROJECTED, str(position)))
            return position


def _once(installation: Installation, plan: Plan, catching_up: CatchingUp) -> int:
    """Whoever holds the checkpoint holds the projector; only then are the tables locked, and only for the exchange.

    Where it is at a backlog in parts, it loses them and goes on from the checkpoint.
    """
    with installation.database.transaction() as connection:
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (HOLD,))
        live = checkpoints.hold(connection)
        parting.give_up(connection)
        position = max(live or 0, plan.position)
        if not plan.whole and live != position:
            raise RebuildError("the read models stand at different places: rebuild all of them")
        catching_up.forward(connection, plan, position)
        twins.recount(connection, plan.tables)
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (LOCK,))
        twins.lock(connection, plan.tables)
        twins.exchange(connection, plan.tables)
        checkpoints.move(connection, position)
        plans.end(connection)
    return position
