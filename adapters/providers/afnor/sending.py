"""POST /v1/flows. The platform does not look whether a tracking id was there before, so a lost answer is asked for."""

import hashlib
import json
from typing import Any

import httpx

from adapters.providers.afnor import flows, service
from adapters.providers.calls import by_status, misconfigured
from adapters.providers.e_invoice import document, french_key, named
from adapters.providers.port import (
    Answer,
    Attachment,
    Connection,
    MisconfiguredError,
    Outgoing,
    RawAnswer,
    Refused,
    Taken,
    Unknown,
)
from adapters.providers.reading import ID_LIMIT, json_object, text
from domain.status import Status
from domain.values import HandedMessage

SYNTAXES = ("UBL", "CII", "Factur-X")


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    try:
        syntax = _syntax(connection)
        found = document(outgoing, pdf=syntax == SYNTAXES[-1])
        if found is None:
            return Refused("document_missing", f"there is no document to send as {syntax}", Status.FAILED)
        answer = service.call("POST", "/v1/flows", connection, http, files=parts(outgoing, syntax, found, connection))
    except MisconfiguredError as error:
        return misconfigured(error)
    told = outcome(answer) if isinstance(answer, RawAnswer) else answer
    return _also_by_number(told, found) if isinstance(told, Taken) else told


def outcome(answer: RawAnswer) -> Answer:
    """Only a flow id proves that the platform took it."""
    told = json_object(answer.body)
    if answer.status < httpx.codes.MULTIPLE_CHOICES:
        name = text(told.get("flowId"), ID_LIMIT)
        return Taken([HandedMessage(name)]) if name else Unknown(f"HTTP {answer.status} without a flow id")
    code, words = text(told.get("errorCode"), ID_LIMIT), text(told.get("errorMessage"))
    said = ": ".join(part for part in (code, words, text(told.get("details"))) if part)
    detail = f"HTTP {answer.status}" + (f": {said}" if said else "")
    found = by_status(answer, detail)
    if isinstance(found, Refused) and found.reason == "validation":
        duplicate = answer.status == httpx.codes.CONFLICT
        return Refused("duplicate" if duplicate else flows.refusal([code or ""]), detail)
    return found


def parts(outgoing: Outgoing, syntax: str, found: Attachment, connection: Connection) -> dict[str, Any]:
    """The multipart body: what the flow is, then its file."""
    told = {
        "name": found.filename[:ID_LIMIT],
        "flowSyntax": syntax,
        "trackingId": outgoing.attempt_id,
        "sha256": hashlib.sha256(found.content).hexdigest(),
    }
    for name, field in (("flow_profile", "flowProfile"), ("processing_rule", "processingRule")):
        if value := connection.settings.get(name):
            told[field] = str(value).strip()
    return {
        "flowInfo": (None, json.dumps(told).encode(), "application/json"),
        "file": (told["name"], found.content, found.content_type),
    }


def _also_by_number(taken: Taken, found: Attachment) -> Taken:
    """A life-cycle message names the invoice, not the flow."""
    key = french_key(named(found.content))
    return Taken([*taken.messages, HandedMessage(key)]) if key else taken


def _syntax(connection: Connection) -> str:
    told = connection.setting("syntax", SYNTAXES[0]).strip().lower()
    found = next((one for one in SYNTAXES if one.lower() == told), None)
    if found is None:
        raise MisconfiguredError(f"connection {connection.id}: syntax is one of {', '.join(SYNTAXES)}")
    return found
