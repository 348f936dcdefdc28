"""Discovery, then POST /document_submissions with the attempt id as idempotencyGuid.

A guid that Storecove has had is answered 422, as is a document that it refuses, so a lost answer cannot be found out by
sending again: it is unknown until the webhook, which carries the guid, tells.
"""

import base64
from typing import Any

import httpx

from adapters.providers.calls import as_json, by_status, credential, exchange, misconfigured
from adapters.providers.peppol.parcel import Parcel, pack
from adapters.providers.peppol.parties import META_SCHEME, split
from adapters.providers.port import (
    Answer,
    Connection,
    MisconfiguredError,
    Outgoing,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.reading import ID_LIMIT, text
from adapters.providers.storecove.schemes import scheme_name
from domain.status import Status
from domain.values import HandedMessage

API_URL = "https://api.storecove.com/api/v2"


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    parcel = pack(outgoing)
    if isinstance(parcel, Refused):
        return parcel
    try:
        url, headers, body = api_url(connection), authorization(connection), submission(parcel, connection)
        refused = _look_up(parcel, connection, http) if connection.setting("lookup", "on") != "off" else None
    except MisconfiguredError as error:
        return misconfigured(error)
    if refused is not None:
        return refused
    answer = exchange(http, "POST", f"{url}/document_submissions", headers=headers, json=body)
    return outcome(answer) if isinstance(answer, RawAnswer) else answer


def outcome(answer: RawAnswer) -> Answer:
    """Only a guid proves that Storecove took it."""
    told = as_json(answer)
    if answer.status < httpx.codes.MULTIPLE_CHOICES:
        guid = text(told.get("guid"), ID_LIMIT) if isinstance(told, dict) else None
        return Taken([HandedMessage(guid)]) if guid else Unknown(f"HTTP {answer.status} without a guid")
    detail = _detail(answer, told)
    if answer.status == httpx.codes.UNPROCESSABLE_ENTITY and "idempotency" in detail.lower():
        return Unknown(f"{detail} (it was submitted before, and the answer to that was lost)")
    return by_status(answer, detail)


def api_url(connection: Connection) -> str:
    return connection.setting("api_url", API_URL).rstrip("/")


def authorization(connection: Connection) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential(connection, 'api_key')}", "Accept": "application/json"}


def submission(parcel: Parcel, connection: Connection) -> dict[str, Any]:
    """The request body. Raises MisconfiguredError."""
    entity = connection.setting("legal_entity_id").strip()
    if not (entity.isascii() and entity.isdigit()):
        raise MisconfiguredError(f"connection {connection.id}: 'legal_entity_id' is not a number")
    scheme, name = identifier(parcel.receiver, connection)
    raw = {"document": base64.b64encode(parcel.document).decode(), "parseStrategy": "ubl"}
    return {
        "legalEntityId": int(entity),
        "idempotencyGuid": parcel.name,
        "routing": {"eIdentifiers": [{"scheme": scheme, "id": name}]},
        "document": {"documentType": "invoice", "rawDocumentData": raw},
    }


def identifier(receiver: str, connection: Connection) -> tuple[str, str]:
    """The scheme as Storecove calls it, and the id. Raises MisconfiguredError."""
    scheme, name = split(receiver)
    return scheme_name(scheme, str(connection.settings.get("schemes") or "")), name


def _look_up(parcel: Parcel, connection: Connection, http: httpx.Client) -> Answer | None:
    """None if the recipient can receive it. Nothing is sent yet, so whatever fails here can be tried again."""
    scheme, name = identifier(parcel.receiver, connection)
    asked = {
        "documentTypes": ["creditnote" if parcel.is_credit_note else "invoice"],
        "network": "peppol",
        "metaScheme": META_SCHEME,
        "scheme": scheme,
        "identifier": name,
    }
    url = f"{api_url(connection)}/discovery/receives"
    answer = exchange(http, "POST", url, headers=authorization(connection), json=asked)
    found = _discovered(answer) if isinstance(answer, RawAnswer) else answer
    return TryLater("provider_outage", found.detail) if isinstance(found, Unknown) else found


def _discovered(answer: RawAnswer) -> Answer | None:
    told = as_json(answer)
    if answer.status >= httpx.codes.MULTIPLE_CHOICES:
        return by_status(answer, "look-up of the recipient: " + _detail(answer, told))
    code = text(told.get("code")) if isinstance(told, dict) else None
    if code is None:
        return Unknown(f"look-up of the recipient: HTTP {answer.status} without a code")
    known = code.strip().upper() == "OK"
    return None if known else Refused("not_registered", f"look-up of the recipient: {code}", Status.REJECTED)


def _detail(answer: RawAnswer, told: Any) -> str:
    """What Storecove said was wrong: a list of source and details, or the start of whatever it answered."""
    errors = told if isinstance(told, list) else [told]
    lines = [": ".join(p for p in (text(e.get("source")), text(e.get("details"))) if p) for e in errors if _is(e)]
    said = "\n".join(line for line in lines if line) or text(answer.body.decode(errors="replace")[:2000])
    return f"HTTP {answer.status}" + (f": {said}" if said else "")


def _is(error: Any) -> bool:
    return isinstance(error, dict) and ("source" in error or "details" in error)
