"""Sending: a place for the file, the file itself, then the letter, one recipient each.

The letter is made under an idempotency key, so that a lost answer is asked for again by the same call. The address is
the one that stands in the PDF: Pingen reads it there, and takes no other.
"""

from typing import Any, NamedTuple

import httpx

from adapters.providers.calls import by_status, exchange, misconfigured, wait
from adapters.providers.e_invoice import PDF_TYPE
from adapters.providers.pingen import organisation
from adapters.providers.pingen.resources import attributes, file_name, name_of, resource
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
from adapters.providers.reading import json_object, text
from domain.status import Status
from domain.values import HandedMessage

_WORDS_OF_A_KEY = "idempoten"


class Upload(NamedTuple):
    """Where a file is put, and what proves to Pingen that we may use it."""

    url: str
    signature: str


def send(outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    if not outgoing.recipients:
        return Refused("missing_contact", "no recipient", Status.FAILED)
    file = _file(outgoing)
    if isinstance(file, Refused):
        return file
    try:
        upload = _uploaded(file, connection, http)
        told = _create(upload, outgoing, connection, http) if isinstance(upload, Upload) else upload
    except MisconfiguredError as error:
        return misconfigured(error)
    if isinstance(told, Taken):
        return Taken([HandedMessage(m.message_id, outgoing.recipients[0].number) for m in told.messages])
    return told


def outcome(answer: RawAnswer) -> Answer:
    """What is said to the call that makes the letter. Only an id proves that Pingen took it."""
    if answer.status < httpx.codes.MULTIPLE_CHOICES:
        name = name_of(resource(json_object(answer.body).get("data")))
        return Taken([HandedMessage(name)]) if name else Unknown(f"HTTP {answer.status} without an id")
    detail = organisation.detail_of(answer)
    if answer.status == httpx.codes.CONFLICT or _WORDS_OF_A_KEY in detail.lower():
        return Unknown(detail)  # the key was used before: there may be a letter
    if answer.status == httpx.codes.PAYMENT_REQUIRED:
        return Refused("account", detail)
    return _later(by_status(answer, detail))


def letter(upload: Upload, outgoing: Outgoing, connection: Connection) -> dict[str, Any]:
    """The request body. Raises MisconfiguredError."""
    return {
        "data": {
            "type": "letters",
            "attributes": {
                "file_original_name": file_name(outgoing.attempt_id, outgoing.recipients[0].number),
                "file_url": upload.url,
                "file_url_signature": upload.signature,
                "address_position": connection.setting("address_position", "left"),
                "auto_send": True,
                "delivery_product": connection.setting("delivery_product", "cheap"),
                "print_mode": connection.setting("print_mode", "simplex"),
                "print_spectrum": connection.setting("print_spectrum", "grayscale"),
            },
        }
    }


def key(outgoing: Outgoing) -> str:
    """The same for every try of this recipient, and for nobody else's letter."""
    return f"{outgoing.attempt_id}-{outgoing.recipients[0].number}"


def _file(outgoing: Outgoing) -> bytes | Refused:
    """A letter is one file: of several nobody would know which of them was left out."""
    found = [a for a in outgoing.attachments if a.content_type.partition(";")[0].strip().lower() == PDF_TYPE]
    if not found:
        return Refused("document_missing", "there is no PDF to print", Status.FAILED)
    if len(found) > 1:
        return Refused("validation", f"there are {len(found)} PDFs, and a letter is one", Status.FAILED)
    return found[0].content


def _uploaded(file: bytes, connection: Connection, http: httpx.Client) -> Upload | Answer:
    """Nothing is sent yet, so that all that fails for now can be tried again. Raises MisconfiguredError."""
    answer = organisation.call(connection, http, "GET", "/file-upload")
    if not isinstance(answer, RawAnswer):
        return _later(answer)
    if answer.status != httpx.codes.OK:
        return _later(by_status(answer, f"no place for the file: {organisation.detail_of(answer)}"))
    place = attributes(resource(json_object(answer.body).get("data")))
    url, signature = text(place.get("url")), text(place.get("url_signature"))
    if url is None or signature is None:
        return TryLater("provider_outage", "no place for the file in the answer")
    return _put(file, Upload(url, signature), http)


def _put(file: bytes, upload: Upload, http: httpx.Client) -> Upload | Answer:
    """Into a store that knows nothing of Pingen's tokens: the address itself lets us in, for a while."""
    answer = exchange(http, "PUT", upload.url, content=file)
    if not isinstance(answer, RawAnswer):
        return TryLater("provider_outage", f"the file was not stored: {answer.detail}")
    if answer.status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return Refused("too_large", "the file was not stored: HTTP 413")
    if not httpx.codes.is_success(answer.status):
        return TryLater("provider_outage", f"the file was not stored: HTTP {answer.status}", wait(answer))
    return upload


def _create(upload: Upload, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
    """Raises MisconfiguredError."""
    body = letter(upload, outgoing, connection)
    headers = {"Idempotency-Key": key(outgoing), "Content-Type": organisation.MEDIA_TYPE}
    answer = organisation.call(connection, http, "POST", organisation.letters(connection), json=body, headers=headers)
    return outcome(answer) if isinstance(answer, RawAnswer) else _later(answer)


def _later(answer: Answer) -> Answer:
    """What nobody knows is asked again: under the same key nothing is made twice."""
    return TryLater("provider_outage", answer.detail) if isinstance(answer, Unknown) else answer
