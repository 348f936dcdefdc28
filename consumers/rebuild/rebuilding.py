"""One rebuild from its beginning, or from where it was killed, to its end."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, OperationalError
from psycopg.sql import SQL, Identifier

from adapters.bootstrap import Installation
from adapters.database.pool import connect
from adapters.store.reader import settled_head
from consumers.faults import in_one_line
from consumers.parts import parting
from consumers.projecting import NAMES
from consumers.rebuild import checkpoints, worker
from consumers.rebuild.audience import Audience, Nobody
from consumers.rebuild.catching_up import CatchingUp, waiting
from consumers.rebuild.comparing import Compared, compare
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.exchanging import exchange
from consumers.rebuild.plan import Plan, begin, give_up, open_plan, program, progress
from consumers.rebuild.tables import Table
from consumers.rebuild.working import Working
from consumers.workers import Workers, WorkersError, access

LOCK = 7266
"""The advisory lock of whoever rebuilds."""
TICK = 0.2
"""Seconds between looks at how far the processes are."""
EVERY = 5.0
"""Seconds between words about what is waited for."""
LITTLE, MUCH = 500, 20_000
"""Events that may be left for the exchange itself; those told in one transaction before it."""


class Rebuilding:
    """Needs four connections of the pool, in the owner's role. `chosen`: projections; all of them unless named.

    Raises RebuildError, UnprojectedEventError, MissingKeyError, psycopg.Error: the live tables are as they were then.
    """

    def __init__(
        self,
        installation: Installation,
        chosen: Sequence[str] = (),
        *,
        processes: int = 1,
        audience: Audience | None = None,
    ) -> None:
        self.installation = installation
        self.database = installation.database
        self.chosen = [name for name in NAMES if not chosen or name in chosen]
        self.processes = processes
        self.audience = audience or Nobody()
        self._catching_up = CatchingUp(installation)

    def rebuild(self) -> int:
        """Build, catch up, exchange; returns the position at which the read models stand then."""
        with self._alone() as connection:
            plan = self._built(connection, compared=False)
            plan = self._caught_up(connection, plan, compared=False)
            return exchange(self.installation, plan, self._catching_up)

    def verify(self, *, swap: bool = False) -> Compared:
        """Build and compare with the live tables, which stay as they are, unless they are to be exchanged too."""
        with self._alone() as connection:
            self._wait_for_parts(connection)
            plan = self._built(connection, compared=True)
            found: Compared | None = None
            while found is None:
                self._wait_for_parts(connection)
                plan = self._caught_up(connection, plan, compared=True)
                self.audience.says("comparing with the live tables")
                plan, found = compare(self.database, plan, self._catching_up)
            if swap:
                exchange(self.installation, plan, self._catching_up)
            else:
                give_up(self.database)
            return found

    def _wait_for_parts(self, connection: "Connection[Any]") -> None:
        """Until each row is what its events up to the checkpoint say, and none is ahead."""
        said_at = -EVERY
        while found := parting.standing(connection):
            if time.monotonic() - said_at >= EVERY:
                said_at = time.monotonic()
                at, until = min(one.position for one in found), found[0].part.until
                self.audience.says(f"waiting for `sendtrail project`, which catches up in parts: at {at} of {until}")
            time.sleep(TICK)

    def _built(self, connection: "Connection[Any]", *, compared: bool) -> Plan:
        """All rows up to the head, and the indexes."""
        checkpoints.begin(connection)
        plan = self._begun_before() or begin(
            self.database, self.chosen, self._target(connection, compared=compared), self.processes
        )
        self.audience.says(f"building {', '.join(plan.projections)} beside the live tables, up to {plan.head}")
        self._work(plan)
        with ThreadPoolExecutor(min(self.processes, len(plan.tables))) as threads:
            list(threads.map(self._vacuum, plan.tables))
        return plan

    def _vacuum(self, table: Table) -> None:
        with self._connected() as connection:
            connection.execute(SQL("VACUUM (ANALYZE) {}").format(Identifier("read", table.next)))

    def _begun_before(self) -> Plan | None:
        plan = open_plan(self.database)
        if plan is None:
            return None
        if plan.program != program():
            self.audience.says("starting over: the program or the schema has changed since this rebuild was begun")
            return None
        if list(plan.projections) != self.chosen:
            self.audience.says(f"starting over: what was begun is a rebuild of {', '.join(plan.projections)}")
            return None
        known = progress(self.database, plan)
        begun = f"{plan.started_at:%Y-%m-%d %H:%M:%S %Z}"
        self.audience.says(f"resuming the rebuild begun {begun}: {known.done} of {known.jobs} parts are done")
        return plan

    def _work(self, plan: Plan) -> None:
        """In this process, which has begun, and in others, which take a moment to."""
        self._show(plan)
        others = [worker.Told(access(self.installation.settings), plan)] * (self.processes - 1)
        with Workers(worker.__name__, others, self.audience.says) as workers:

            def look() -> None:
                workers.at_work(0)
                self._show(plan)

            Working(self.database, self.installation.keys, plan).run(meanwhile=look)
            while workers.at_work(TICK):
                self._show(plan)

    def _show(self, plan: Plan) -> None:
        self.audience.shows(progress(self.database, plan))

    def _caught_up(self, connection: "Connection[Any]", plan: Plan, *, compared: bool) -> Plan:
        """Until so little is left that the exchange can take it along."""
        while (left := waiting(connection, plan, to := self._target(connection, compared=compared))) > LITTLE:
            self.audience.says(f"catching up with {left} events recorded meanwhile")
            with self.database.transaction() as transaction:
                plan = self._catching_up.forward(transaction, plan, min(to, plan.position + MUCH))
        return plan

    def _target(self, connection: "Connection[Any]", *, compared: bool) -> int:
        """Where the live tables are; where the events are unless it is about those tables as they stand."""
        live = checkpoints.standing(connection)
        if self.chosen == NAMES and not compared:
            return max(live or 0, settled_head(connection))
        if live is None:
            raise RebuildError("the read models stand at different places: rebuild all of them, without --verify")
        return live

    @contextmanager
    def _alone(self) -> Iterator["Connection[Any]"]:
        """A connection in autocommit, whose end is that of the lock. Raises RebuildError where another rebuild runs."""
        with self._connected() as connection:
            found = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
            if not (found and found[0]):
                raise RebuildError("another rebuild is running on this database")
            try:
                yield connection
                connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
            except (OperationalError, RebuildError, WorkersError) as error:
                raise RebuildError(
                    f"{in_one_line(error)}; what is built is kept, run the same again to go on"
                ) from error

    def _connected(self) -> "Connection[Any]":
        url = self.installation.settings.database_url
        return connect(url, "sendtrail_owner", autocommit=True, application_name="sendtrail rebuild")
