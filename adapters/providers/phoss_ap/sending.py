"""POST /api/outbound/submit-auto: looks the recipient up, sends over AS4 and answers with the report of it.

The envelope's id is ours (the attempt id), so whatever is not clear from the answer, or lost, is asked for under it:
phoss AP keeps what it took and goes on trying by itself.
"""

from typing import Any
from urllib.parse import quote

import httpx

from adapters.providers.calls import as_json, by_status, exchange, misconfigured
from adapters.providers.meaning import Meaning
from adapters.providers.peppol import sending_report
from adapters.providers.peppol.parcel import Parcel, pack
from adapters.providers.phoss_ap.transactions import api_url, authorization, fetch, state
from adapters.providers.port import (
    Answer,
    Connection,
    MisconfiguredError,
    Outgoing,
    RawAnswer,
    Refused,
    Taken,
    Unknown,
)
from adapters.providers.reading import ID_LIMIT, text
from domain.status import Status
from domain.values import HandedMessage

_ENDED = (Status.FAILED, Status.REJECTED)


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    parcel = pack(outgoing)
    if isinstance(parcel, Refused):
        return parcel
    try:
        url, headers = submission(parcel, connection), authorization(connection)
    except MisconfiguredError as error:
        return misconfigured(error)
    query = {"sbdhInstanceID": parcel.name}
    headers["Content-Type"] = "application/xml"
    answer = exchange(http, "POST", url, headers=headers, params=query, content=parcel.document)
    told = outcome(answer) if isinstance(answer, RawAnswer) else answer
    return _settled(told, parcel, connection, http)


def outcome(answer: RawAnswer) -> Answer:
    """What the answer alone says. A report of a failure does not tell whether it is tried again."""
    told = as_json(answer)
    if sending_report.is_report(told):
        name = text(told.get("sbdhInstanceIdentifier"), ID_LIMIT)
        if sending_report.succeeded(told) and name:
            return Taken([HandedMessage(name)])
        return Unknown(sending_report.report(told).diagnostic or f"HTTP {answer.status}: not sent")
    said = text(told) if isinstance(told, str) else text(answer.body.decode(errors="replace")[:2000])
    detail = f"HTTP {answer.status}" + (f": {said}" if said else "")
    if answer.status < httpx.codes.MULTIPLE_CHOICES:
        return Unknown(f"{detail} (not a report of a sending)")
    return by_status(answer, detail)


def submission(parcel: Parcel, connection: Connection) -> str:
    """The address to send to. Raises MisconfiguredError."""
    sender = connection.settings.get("sender_id") or parcel.seller
    country = connection.settings.get("country") or parcel.country
    if not sender or not country:
        missing = "country" if sender else "sender_id"
        raise MisconfiguredError(
            f"connection {connection.id}: no setting '{missing}', and the document does not say it"
        )
    path = "/".join(quote(str(part).strip(), safe="") for part in (sender, parcel.receiver, country))
    return f"{api_url(connection)}/api/outbound/submit-auto/{path}"


def _settled(told: Answer, parcel: Parcel, connection: Connection, http: httpx.Client) -> Answer:
    """The transaction decides where the answer does not. If it is not there, nobody knows: it may be under way."""
    if isinstance(told, Taken):
        return parcel.taken(parcel.name)
    if not isinstance(told, Unknown):
        return told
    try:
        transaction = fetch(parcel.name, connection, http)
    except (httpx.HTTPError, MisconfiguredError):
        return told
    if transaction is None:
        return told
    meaning = state(transaction)
    return _refused(meaning, transaction, told) if meaning.status in _ENDED else parcel.taken(parcel.name)


def _refused(meaning: Meaning, transaction: dict[str, Any], told: Unknown) -> Refused:
    detail = text(transaction.get("errorDetails")) or told.detail
    return Refused(meaning.reason or "provider_error", detail, meaning.status or Status.FAILED)
