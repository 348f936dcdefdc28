"""Answers made from aggregates by the same functions that make the read models' rows: what a write answers is what
a list shows as soon as the projections have come by."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from adapters.keys.ring import KeyRing
from api.sealing import Sealer, ref_of
from domain.communication import InvoiceCommunication
from domain.values import Personal
from projections import attempt_log, docs, overview
from projections.personal import Opened, collect


class Shown(NamedTuple):
    """One attempt to show, and the position that its answer names."""

    communication: InvoiceCommunication
    attempt_id: str
    position: int


class Rendered(NamedTuple):
    """A document without its position, which is known only once it is recorded; and whose personal data is in it."""

    document: str
    customers: frozenset[str]


def one_attempt(sealer: Sealer, communication: InvoiceCommunication, attempt_id: str) -> Rendered:
    shown = Shown(communication, attempt_id, 0)
    return rendered(communication, attempt(sealer.installation.keys, sealer.tenant, shown))


def rendered(communication: InvoiceCommunication, document: str) -> Rendered:
    return Rendered(document, frozenset({ref_of(communication)}))


def attempts(keys: KeyRing, tenant: UUID, wanted: Iterable[Shown]) -> list[str]:
    """The JSON of each attempt in the order asked for; all sealed values are opened at once."""
    chosen = list(wanted)
    opened = keys.open((p for one in chosen for p in sealed(one.communication, one.attempt_id)), tenant)
    return [_attempt(one, opened) for one in chosen]


def _attempt(one: Shown, opened: Opened) -> str:
    communication, shown = one.communication, one.communication.attempt(one.attempt_id)
    subject = docs.subject(communication, opened)
    return attempt_log.row(communication, shown, shown.view(), one.position, subject, opened).doc


def attempt(keys: KeyRing, tenant: UUID, one: Shown) -> str:
    return attempts(keys, tenant, [one])[0]


def subject(keys: KeyRing, tenant: UUID, communication: InvoiceCommunication) -> str:
    opened = keys.open(sealed(communication), tenant)
    return bytes(docs.subject(communication, opened).json).decode()


def overview_row(keys: KeyRing, tenant: UUID, communication: InvoiceCommunication, position: int) -> str:
    opened = keys.open(sealed(communication, *communication.attempts), tenant)
    return overview.row(communication, communication.views(), position, docs.subject(communication, opened), opened).doc


def with_fields(document: str, **more: object) -> str:
    """A JSON object's text with fields added at its end; each value is JSON text or a number."""
    added = ",".join(f'"{name}":{value}' for name, value in more.items())
    return f"{document[:-1]},{added}}}"


def sealed(communication: InvoiceCommunication, *attempt_ids: str) -> list[Personal]:
    """Every sealed value of the subject and of these attempts."""
    return collect(communication.details, *(communication.attempt(attempt_id) for attempt_id in attempt_ids))
