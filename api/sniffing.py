"""Looks whether a file is what it is said to be, as far as that can be told without rendering it."""

from collections.abc import Callable
from xml.parsers import expat

from api.errors import InvalidFieldError
from domain.values import DocumentFormat

_UBL_ROOTS = frozenset(
    f"urn:oasis:names:specification:ubl:schema:xsd:{name}-2 {name}" for name in ("Invoice", "CreditNote")
)
_PDF_END = 1024
"""Bytes at the end of a PDF within which readers look for its end mark."""


class _RefusedError(Exception):
    """The text says why."""


def check(content: bytes, expected: DocumentFormat) -> None:
    """Raises InvalidFieldError."""
    try:
        _CHECKS[expected](content)
    except _RefusedError as error:
        raise InvalidFieldError("file", f"not_{expected.value}", str(error)) from None


def _pdf(content: bytes) -> None:
    if not content.startswith(b"%PDF-"):
        raise _RefusedError("It is not a PDF: it does not begin with %PDF-.")
    if b"%%EOF" not in content[-_PDF_END:]:
        raise _RefusedError("The PDF is cut off: its end mark %%EOF is missing.")


def _ubl(content: bytes) -> None:
    """Well-formed, without a document type (which could expand to anything, or fetch something), and a UBL 2 root."""
    roots: list[str] = []

    def begin(name: str, _: dict[str, str]) -> None:
        if not roots:
            roots.append(name)

    def refuse(*_: object) -> None:
        raise _RefusedError("The XML has a document type declaration, which is not accepted.")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise _RefusedError(f"It is not well-formed XML (line {error.lineno}).") from None
    except (ValueError, LookupError):
        raise _RefusedError("Its encoding is not known.") from None
    if roots[0] not in _UBL_ROOTS:
        raise _RefusedError("It is not a UBL 2 Invoice or CreditNote.")


_CHECKS: dict[DocumentFormat, Callable[[bytes], None]] = {DocumentFormat.PDF: _pdf, DocumentFormat.UBL: _ubl}
