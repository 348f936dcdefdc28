"""Commands on invoices, for the tests of how commands are carried out."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from hypothesis import strategies as st

from adapters.database.pool import connect
from adapters.store.communications import Communications
from domain.communication import InvoiceCommunication
from domain.values import Cause, Channel, Order, Personal, Recipient
from tests.support.installation import START

TENANT = uuid4()


class RefusedError(Exception):
    pass


class Seen(NamedTuple):
    """What a command saw behind it: the aggregate's version, and its attempts in order."""

    version: int
    attempts: tuple[str, ...]


ENDS = st.sampled_from(["", "", "", "refused", "half-way", "looked"])
"""How a command of any mix ends."""
Command = Callable[[InvoiceCommunication | None], tuple[InvoiceCommunication | None, Seen]]


def place(number: int = 0, tenant: UUID = TENANT) -> UUID:
    return InvoiceCommunication.create_id(tenant, "invoice", str(number))


def sending(attempt_id: str, number: int = 0, tenant: UUID = TENANT, ends: str = "") -> Command:
    """Opens an attempt to an address of its own; `ends`: refuses before, or half-way, or only looks."""

    def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication | None, Seen]:
        if ends == "refused":
            raise RefusedError
        if ends == "looked":
            return None, Seen(found.version, tuple(found.attempts)) if found else Seen(0, ())
        made = found or InvoiceCommunication(tenant, "invoice", str(number), START)  # type: ignore[arg-type]
        if attempt_id not in made.attempts:
            recipient = Recipient(1, Personal(str(uuid4()), "c2VhbGVk"), attempt_id)
            made.send(Order(attempt_id, Cause.FIRST, Channel.EMAIL, [recipient]), START)
        if ends == "half-way":
            raise RefusedError
        return made, Seen(made.version, tuple(made.attempts))

    return command


def kill_sessions(url: str) -> None:
    """All but those that kill; whatever they were doing."""
    with connect(url, autocommit=True, application_name="killer") as killer:
        killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name <> 'killer'"
        )


def send(
    store: Communications, number: int = 0, command: Command | None = None, **given: Any
) -> Coroutine[Any, Any, tuple[Seen, int]]:
    asked = command or sending(str(uuid4()), number)
    return store.change_async(place(number), asked, tenant=TENANT, **given)


def together(*asked: Coroutine[Any, Any, Any]) -> list[Any]:
    """Results and errors of what is asked in one turn of a loop."""

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(all_of_them())
