"""A subject's documents: kept sealed, handed out again, told apart by their bytes."""

import re
from typing import NamedTuple
from uuid import UUID, uuid5

import msgspec

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller
from adapters.database.queries import load
from adapters.database.session import Write, statement
from adapters.documents import LARGEST
from adapters.keys.ring import CustomerKey
from api import sniffing
from api.errors import DocumentErasedError, DocumentLostError, DocumentNotFoundError, DocumentTooLargeError
from api.http.schemas import SubjectRef
from api.sealing import Sealer
from api.sending import Done, existing, subject_id
from domain.communication import InvoiceCommunication
from domain.values import Document, DocumentFormat, Personal

SQL = load(__file__)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"/\\:*?<>|]+')
_LONGEST_NAME = 120


class Opened(NamedTuple):
    """A document as it goes out."""

    filename: str
    format: DocumentFormat
    sha256: str
    content: bytes


class DocumentAnswer(msgspec.Struct):
    """The answer's fields, in its order."""

    id: str
    sha256: str
    size: int
    filename: str
    format: DocumentFormat
    position: int


def add(
    installation: Installation,
    caller: Caller,
    subject: SubjectRef,
    format_: DocumentFormat,
    filename: str,
    content: bytes,
) -> Done:
    """Keep a document; attempts that waited for it may go. The same bytes again are the same document.

    Raises SubjectNotFoundError, DocumentTooLargeError, InvalidFieldError for what is not of the format.
    """
    if len(content) > LARGEST:
        raise DocumentTooLargeError
    sniffing.check(content, format_)
    tenant, place = caller.tenant_id, subject_id(caller.tenant_id, subject)
    communication = existing(installation.communications.load([place], tenant).found.get(place))
    key = Sealer(installation, caller).key_of(communication)
    sha256 = installation.documents.put(key, content)
    id_ = str(uuid5(place, f"document:{key.id}:{format_}:{sha256}"))
    named = safe_name(filename) or _name_of(communication, format_)
    made = Document(id_, format_, key.seal(named), sha256, len(content), key.id)
    return _record(installation, tenant, place, made, key)


def get(installation: Installation, caller: Caller, document_id: UUID) -> Opened:
    """Raises DocumentNotFoundError, DocumentErasedError, DocumentLostError."""
    with installation.database.transaction(caller.tenant_id) as connection:
        row = connection.execute(statement(SQL["find"]), (caller.tenant_id, document_id)).fetchone()
    if row is None:
        raise DocumentNotFoundError
    sha256, key_id, format_, sealed_name = row
    key = installation.keys.keys([key_id], caller.tenant_id, anew=True)[key_id]
    if key is None:
        raise DocumentErasedError
    try:
        content = installation.documents.get(key, sha256)
    except FileNotFoundError:
        raise DocumentLostError from None
    name = Personal(key_id, sealed_name)
    filename = installation.keys.open([name], caller.tenant_id)[name]
    return Opened(filename, DocumentFormat(format_), sha256, content)


def _record(installation: Installation, tenant: UUID, place: UUID, made: Document, key: CustomerKey) -> Done:
    at = installation.clock()
    row = (
        UUID(made.id),
        tenant,
        place,
        made.sha256,
        UUID(key.id),
        made.format.value,
        made.filename.sealed,
        made.size,
        at,
    )

    def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication, Document]:
        communication = existing(found)
        communication.add_document(made, at)
        return communication, communication.documents[made.format]

    writes = [Write(SQL["keep"], [row])]
    kept, position = installation.communications.change(place, command, tenant=tenant, writes=writes)
    filename = installation.keys.open([kept.filename], tenant)[kept.filename]
    answer = DocumentAnswer(kept.id, kept.sha256, kept.size, filename, kept.format, position)
    return Done(msgspec.json.encode(answer).decode(), position)


def safe_name(filename: str) -> str:
    """A name that no file system, header or terminal takes for anything else; empty where nothing is left."""
    name = _UNSAFE.sub("_", filename.replace("\\", "/").rpartition("/")[2]).strip(" .")
    return name[-_LONGEST_NAME:].strip(" .")


def _name_of(communication: InvoiceCommunication, format_: DocumentFormat) -> str:
    suffix = {DocumentFormat.PDF: "pdf", DocumentFormat.UBL: "xml"}[format_]
    named = communication.details.number or communication.external_id
    return safe_name(f"{named.replace('/', '_')}.{suffix}") or f"document.{suffix}"
