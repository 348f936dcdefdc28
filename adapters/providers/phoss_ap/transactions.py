"""Outbound transactions: what became of the sending, and of the message level status that should follow.

`failed` is a try that failed while more are to come, `permanently_failed` is the end.
"""

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from adapters.providers.calls import ask, credential
from adapters.providers.meaning import DEFERRED, DELIVERED, IGNORED, PROCESSING, SENT, Meaning, failed, rejected
from adapters.providers.meaning import report as report_of
from adapters.providers.peppol.parties import participant
from adapters.providers.port import Connection, Lookup, ProviderReport, RawAnswer, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, load_json, moment, text

Transaction = dict[str, Any]

STATES: dict[str, Meaning] = {
    "pending": PROCESSING,
    "sending": PROCESSING,
    "sent": SENT,  # the receiving access point's receipt
    "failed": DEFERRED,
    "permanently_failed": failed("provider_error"),
    "rejected": rejected("validation"),  # by the access point's own verification; nothing was sent
}

MLS: dict[str, Meaning | None] = {
    "pending": None,
    "not_applicable": None,
    "received_ap": DELIVERED,
    "received_ab": DELIVERED,
    "received_re": rejected("validation"),
}
"""None: there is nothing to report."""

_NOT_REGISTERED = re.compile(r"not registered", re.IGNORECASE)
_WHEN = {"sent": "completedDT", "permanently_failed": "completedDT", "rejected": "completedDT", "pending": "createdDT"}


def is_transaction(told: Any) -> bool:
    return isinstance(told, dict) and "sbdhInstanceID" in told and "status" in told


def reports(told: Transaction) -> list[ProviderReport]:
    """The state of the sending, then the message level status once there is one."""
    word = text(told.get("status"), 60) or "?"
    mls = text(told.get("mlsStatus"), 60)
    found = [_report(told, f"outbound:{word}", state(told), _time(told, word), told.get("attemptCount"))]
    answer = MLS.get(mls.strip().lower(), IGNORED) if mls else None
    if answer is not None:
        found.append(_report(told, f"mls:{mls}", answer, None, None))
    return found


def state(told: Transaction) -> Meaning:
    found = STATES.get((text(told.get("status"), 60) or "").strip().lower(), IGNORED)
    if found is STATES["permanently_failed"] and _NOT_REGISTERED.search(text(told.get("errorDetails")) or ""):
        return rejected("not_registered")
    return found


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """By the envelope's id, which is ours. Raises httpx.HTTPError, MisconfiguredError."""
    name = attempt_id(lookup.message_id) or lookup.attempt_id
    told = fetch(name, connection, http)
    found = reports(told) if told else []
    return [msgspec.structs.replace(r, attempt_id=lookup.attempt_id) for r in found]


def fetch(name: str, connection: Connection, http: httpx.Client) -> Transaction | None:
    """The transaction of an envelope; None if it is not there. Raises httpx.HTTPError, MisconfiguredError."""
    url = f"{api_url(connection)}/api/outbound/status/{quote(name, safe='')}"
    answer = ask(http, url, headers=authorization(connection))
    return None if answer.status == httpx.codes.NOT_FOUND else _read(answer)


def api_url(connection: Connection) -> str:
    """Raises MisconfiguredError."""
    return connection.setting("api_url").rstrip("/")


def authorization(connection: Connection) -> dict[str, str]:
    """Raises MisconfiguredError."""
    return {"X-Token": credential(connection, "token")}


def _read(answer: RawAnswer) -> Transaction:
    try:
        told = load_json(answer.body)
    except UnreadableError as error:
        raise httpx.DecodingError(str(error)) from None
    if not isinstance(told, dict) or not is_transaction(told):
        raise httpx.DecodingError("not an outbound transaction")
    return told


def _time(told: Transaction, word: str) -> datetime | None:
    """A state without a moment of its own was just seen."""
    return moment(told.get(_WHEN.get(word.strip().lower(), "")))


def _report(told: Transaction, word: str, meaning: Meaning, at: datetime | None, count: object) -> ProviderReport:
    """`count`: of the tries, so that each failed one is an event of its own."""
    sbdh = text(told.get("sbdhInstanceID"), ID_LIMIT)
    counted = count if meaning is DEFERRED else None
    return report_of(
        meaning,
        event_id=digest("phoss", sbdh or told.get("id"), word, counted),
        provider_event=word,
        message_id=sbdh,
        recipient=participant(text(told.get("receiverID"), ID_LIMIT)),
        occurred_at=at,
        diagnostic=text(told.get("errorDetails")) if word.startswith("outbound:") else None,
        attempt_id=attempt_id(sbdh),
    )
