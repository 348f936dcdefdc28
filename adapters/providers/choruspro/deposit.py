"""Depositing an invoice as a flow. There is no idempotency key: a second deposit of its number is a duplicate.

Nothing of ours is echoed but the file's name, so that carries the attempt id.
"""

import base64

import httpx

from adapters.providers.calls import by_status, misconfigured
from adapters.providers.choruspro import piste
from adapters.providers.choruspro.statuses import refusal
from adapters.providers.e_invoice import document
from adapters.providers.port import (
    Answer,
    Attachment,
    Connection,
    MisconfiguredError,
    Outgoing,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.reading import ID_LIMIT, json_object, text
from domain.status import Status
from domain.values import HandedMessage

SYNTAX = "IN_DP_E1_UBL_INVOICE"
_IN_PDF = "FACTURX"
_TOO_LARGE = "GDP_MSG_11.022"
_AWAY = ("indisponible", "maintenance")
_PASSING = frozenset({401, 403, 404, 405, 408, 413, 429})


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    try:
        syntax = connection.setting("syntax", SYNTAX).strip().upper()
        found = document(outgoing, pdf=_IN_PDF in syntax)
        if found is None:
            return Refused("document_missing", f"there is no document to deposit as {syntax}", Status.FAILED)
        answer = piste.call(piste.DEPOSIT, body(outgoing.attempt_id, syntax, found, connection), connection, http)
    except MisconfiguredError as error:
        return misconfigured(error)
    return outcome(answer) if isinstance(answer, RawAnswer) else answer


def outcome(answer: RawAnswer) -> Answer:
    """Only a flow number (or, in portal mode, an invoice's) proves that Chorus Pro took it."""
    told = json_object(answer.body)
    if piste.went_well(told) and answer.status < httpx.codes.MULTIPLE_CHOICES:
        name = text(told.get("numeroFluxDepot"), ID_LIMIT) or text(told.get("identifiantFactureCPP"), ID_LIMIT)
        return Taken([HandedMessage(name)]) if name else Unknown(f"HTTP {answer.status} without a flow number")
    code, words = piste.code(told), text(told.get("libelle")) or ""
    detail = f"HTTP {answer.status}" + (f", codeRetour {code}" if code else "") + (f": {words}" if words else "")
    if code is None or answer.status in _PASSING or answer.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return by_status(answer, detail)
    return _refused(words, detail)


def body(attempt_id: str, syntax: str, found: Attachment, connection: Connection) -> piste.Told:
    content = base64.b64encode(found.content).decode()
    told = {"fichierFlux": content, "nomFichier": filename(attempt_id, syntax), "syntaxeFlux": syntax}
    user = connection.settings.get("user_id")
    return told | {"avecSignature": False} | ({"idUtilisateurCourant": _number(user)} if user else {})


def filename(attempt_id: str, syntax: str = SYNTAX) -> str:
    """At most 50 characters are allowed."""
    return f"{attempt_id}.{'pdf' if _IN_PDF in syntax else 'xml'}"


def _refused(words: str, detail: str) -> Answer:
    if any(word in words.lower() for word in _AWAY):
        return TryLater("provider_outage", detail)
    return Refused("too_large" if _TOO_LARGE in words else refusal(words), detail)


def _number(told: object) -> int | str:
    return int(value) if (value := str(told).strip()).isascii() and value.isdigit() else value
