"""POST /verify, then POST /{companyId}/send with the UBL as it is.

It has neither an idempotency key nor a field for our attempt id: a lost answer is looked up among its documents, and
never repeated. The AS4 exchange happens within the call, so an answer may take its time.
"""

from typing import Any
from urllib.parse import quote

import httpx

from adapters.providers.calls import as_object, by_status, credential, exchange, misconfigured
from adapters.providers.peppol.parcel import Parcel, pack
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
from adapters.providers.reading import ID_LIMIT, in_short, text
from domain.status import Status
from domain.values import HandedMessage

API_URL = "https://app.recommand.eu/api/v1"


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    parcel = pack(outgoing)
    if isinstance(parcel, Refused):
        return parcel
    try:
        url = f"{api_url(connection)}/{quote(connection.setting('company_id').strip(), safe='')}/send"
        auth = authorization(connection)
        refused = _look_up(parcel, connection, http) if connection.setting("lookup", "on") != "off" else None
    except MisconfiguredError as error:
        return misconfigured(error)
    if refused is not None:
        return refused
    body = _body(parcel)
    if isinstance(body, Refused):
        return body
    answer = exchange(http, "POST", url, auth=auth, json=body)
    told = outcome(answer) if isinstance(answer, RawAnswer) else answer
    return parcel.taken(told.messages[0].message_id) if isinstance(told, Taken) else told


def outcome(answer: RawAnswer) -> Answer:
    """Only a document id proves that Recommand took it. 422: the recipient's access point could not be reached."""
    told = as_object(answer)
    if answer.status < httpx.codes.MULTIPLE_CHOICES:
        name = text(told.get("id"), ID_LIMIT)
        return Taken([HandedMessage(name)]) if name else Unknown(f"HTTP {answer.status} without a document id")
    detail = detail_of(answer, told)
    if answer.status == httpx.codes.UNPROCESSABLE_ENTITY:
        return Refused("undelivered", detail, Status.FAILED)
    return by_status(answer, detail)


def api_url(connection: Connection) -> str:
    return connection.setting("api_url", API_URL).rstrip("/")


def authorization(connection: Connection) -> tuple[str, str]:
    """Raises MisconfiguredError."""
    return connection.setting("api_key").strip(), credential(connection, "api_secret")


def detail_of(answer: RawAnswer, told: dict[str, Any]) -> str:
    """`errors` are lists of texts by field, `root` for none."""
    errors = told.get("errors")
    said = _error_lines(errors) if isinstance(errors, dict) else in_short(errors) if errors else None
    said = said or text(answer.body.decode(errors="replace")[:2000])
    return f"HTTP {answer.status}" + (f": {said}" if said else "")


def _error_lines(errors: dict[str, Any]) -> str:
    lines = []
    for name, found in errors.items():
        words = "; ".join(w for w in map(text, found if isinstance(found, list) else [found]) if w)
        lines.append(words if name == "root" else f"{name}: {words}")
    return "\n".join(lines)


def _body(parcel: Parcel) -> dict[str, Any] | Refused:
    """The XML travels as text in JSON, which is UTF-8: another encoding would no longer be what its first line says."""
    try:
        document = parcel.document.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Refused("validation", "the document is not in UTF-8", Status.FAILED)
    return {"recipient": parcel.receiver, "documentType": "xml", "document": document}


def _look_up(parcel: Parcel, connection: Connection, http: httpx.Client) -> Answer | None:
    """None if the network knows the recipient. Nothing is sent yet, so whatever fails here can be tried again."""
    asked = {"peppolAddress": parcel.receiver}
    answer = exchange(http, "POST", f"{api_url(connection)}/verify", auth=authorization(connection), json=asked)
    found = _verified(answer) if isinstance(answer, RawAnswer) else answer
    return TryLater("provider_outage", found.detail) if isinstance(found, Unknown) else found


def _verified(answer: RawAnswer) -> Answer | None:
    told = as_object(answer)
    if answer.status >= httpx.codes.MULTIPLE_CHOICES:
        return by_status(answer, "look-up of the recipient: " + detail_of(answer, told))
    known = told.get("isValid")
    if not isinstance(known, bool):
        return Unknown(f"look-up of the recipient: HTTP {answer.status} without an answer")
    return None if known else Refused("not_registered", "look-up of the recipient: not registered", Status.REJECTED)
