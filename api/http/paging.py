"""Cursors: where a page ended, bound to the list and its filters. Opaque to callers, who can only hand them back."""

import base64
import binascii
import hashlib
from datetime import datetime
from uuid import UUID

import msgspec

from projections.queries.filters import Filters
from projections.queries.pieces import Place

VERSION = 1


class CursorError(ValueError):
    """The cursor is not one that this list gave out with these filters."""


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    version: int
    at: datetime
    id: UUID
    check: str


def to_cursor(listed: str, filters: Filters, place: Place) -> str:
    """`listed` names the list."""
    cursor = _Cursor(VERSION, place.at, place.id, _check(listed, filters, place))
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def to_place(listed: str, filters: Filters, cursor: str) -> Place:
    """Raises CursorError for a cursor of another list, of other filters or versions, or that anybody changed."""
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True)
        read = msgspec.json.decode(plain, type=_Cursor)
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        raise CursorError from None
    place = Place(read.at, read.id)
    # Several texts decode to the same bytes; only the one that we gave out counts.
    if read.version != VERSION or to_cursor(listed, filters, place) != cursor:
        raise CursorError
    return place


def _check(listed: str, filters: Filters, place: Place) -> str:
    """No secret: a cursor opens nothing that its holder could not ask for. It tells a mix-up from an empty page."""
    told = msgspec.json.encode([listed, filters, place.at, place.id])
    return hashlib.sha256(told).hexdigest()[:16]
