"""A subject's documents: in as a form, out as bytes."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, UploadFile
from starlette.datastructures import UploadFile as StarletteUpload
from starlette.requests import Request
from starlette.responses import Response

from api import documents
from api.errors import FieldError
from api.http.asked import refusal
from api.http.auth import InstallationDep, MayRead, MaySend
from api.http.openapi import DOCUMENT, answers
from api.http.routes import DocumentId, answered, guarded_router
from api.http.schemas import SubjectRef
from api.http.subjects import PATH, ExternalId
from domain.values import DocumentFormat, SubjectType

_MEDIA_TYPES = {DocumentFormat.PDF: "application/pdf", DocumentFormat.UBL: "application/xml"}


async def _only_known_parts(request: Request) -> None:
    parts = (await request.form()).multi_items()
    names = [name for name, _ in parts]
    faults = [FieldError(name[:64], "unknown_field", "There is no such field here.") for name in names
              if name not in ("file", "format")]  # fmt: skip
    faults += [FieldError(n, "repeated", "May be given only once.") for n in ("file", "format") if names.count(n) > 1]
    if faults:
        raise refusal(*faults)
    if any(name == "file" and not isinstance(part, StarletteUpload) for name, part in parts):
        raise refusal(FieldError("file", "not_a_file", "Must be sent as a file, with a filename."))


def documents_router() -> APIRouter:
    router = guarded_router("Documents")
    known = [Depends(_only_known_parts)]
    described = answers(DOCUMENT, 201, 404, 413, 422)
    router.post(f"{PATH}/documents", status_code=201, responses=described, dependencies=known)(add)
    router.get("/v1/documents/{document_id}", responses=answers(None, 200, 404, 410))(get)
    return router


def add(
    type: SubjectType,  # noqa: A002 - the path's own word
    external_id: ExternalId,
    file: Annotated[UploadFile, File(description="At most 5 MB.")],
    format: Annotated[DocumentFormat, Form(description="What the file is.")],  # noqa: A002 - the API's own word
    installation: InstallationDep,
    caller: MaySend,
) -> Response:
    """Add a document; attempts that waited for it go. The same bytes again are the same document."""
    subject = SubjectRef(type=type, external_id=external_id)
    done = documents.add(installation, caller, subject, format, file.filename or "", file.file.read())
    return answered(201, done).response(caller)


def get(document_id: DocumentId, request: Request, installation: InstallationDep, caller: MayRead) -> Response:
    """A document's bytes; 410 once its customer was erased."""
    opened = documents.get(installation, caller, document_id)
    tag = f'"{opened.sha256}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Content-Disposition": _disposition(opened.filename)}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(opened.content, 200, headers, _MEDIA_TYPES[opened.format])


def _disposition(filename: str) -> str:
    """A download under this name, in the two spellings that browsers between them understand (RFC 6266)."""
    plain = filename.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
