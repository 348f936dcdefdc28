"""Writes delivery reports at a steady rate, as the webhook consumer does: what is due in one commit, then a NOTIFY.

Commits begin 5 ms apart, which is how the intake appends to the log (adapters/webhook_log/merging.py), so that the
consumer never gets them in smaller pieces.

`python -m tests.bench.live_writer FOLDER COUNT RATE`, the database from SENDTRAIL_DATABASE_URL. Says "ready" once all
attempts are recorded, begins when a line comes in, and ends with a line of JSON, an array a report (Written).
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

from adapters.bootstrap import Installation
from adapters.database.session import notify
from adapters.webhook_log.merging import APART
from domain.communication import InvoiceCommunication
from domain.reports import DeliveryReport
from domain.status import Status
from domain.values import HandedMessage
from tests.bench import histories
from tests.support.installation import installed


class Written(NamedTuple):
    """`answered`: when its commit was, by time.monotonic, which all processes share; `position` of that commit."""

    attempt_id: str
    answered: float
    position: int


def handed_over(installation: Installation, tenant: UUID, count: int, connection: UUID) -> list[InvoiceCommunication]:
    """Recorded, and waiting for their reports."""
    key = installation.keys.customer(tenant, "bench", histories.START)
    made = [histories.asked(tenant, key, number, connection) for number in range(count)]
    for communication in made:
        (attempt_id,) = communication.attempts
        at = communication.attempts[attempt_id].created_at
        number = communication.start_dispatch(attempt_id, [1], at)
        communication.hand_over(attempt_id, number, [HandedMessage(f"m-{attempt_id}")], at)
    for first in range(0, count, 500):
        installation.communications.record(made[first : first + 500])
    return made


def report(communication: InvoiceCommunication) -> str:
    """The attempt's id."""
    (attempt_id,) = communication.attempts
    at = communication.attempts[attempt_id].created_at
    told = DeliveryReport(f"sendgrid:{attempt_id}", attempt_id, "delivered", at, Status.DELIVERED, recipient=1)
    communication.record_report(told, at)
    return attempt_id


def write(installation: Installation, made: list[InvoiceCommunication], rate: float) -> list[Written]:
    begun, written = time.monotonic(), list[Written]()
    while len(written) < len(made):
        turn = time.monotonic()
        chosen = made[len(written) : int((turn - begun) * rate) + 1]
        if chosen:
            written += _committed(installation, chosen)
        time.sleep(max(0.0, turn + APART - time.monotonic()))
    return written


def _committed(installation: Installation, chosen: list[InvoiceCommunication]) -> list[Written]:
    ids = [report(communication) for communication in chosen]
    position = installation.communications.record(chosen)
    answered = time.monotonic()
    with installation.database.one_statement() as connection:
        notify(connection, "sendtrail_appended")
    return [Written(attempt_id, answered, position or 0) for attempt_id in ids]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    folder, count, rate, tenant = sys.argv[1:]
    with installed(os.environ["SENDTRAIL_DATABASE_URL"], Path(folder), "sendtrail_worker") as installation:
        made = handed_over(installation, UUID(tenant), int(count), uuid4())
        say("ready")
        sys.stdin.readline()
        say(json.dumps(write(installation, made, float(rate))))


if __name__ == "__main__":
    main()
