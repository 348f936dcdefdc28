"""Reading what providers write: text that can be stored, moments in their many spellings, ids that never change."""

import base64
import binascii
import email.utils
import hashlib
import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from adapters.providers.port import UnreadableError

ID_LIMIT = 255
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_OURS = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_ENHANCED = re.compile(r"(?<![0-9.])[245]\.[0-9]{1,3}\.[0-9]{1,3}(?!\.?[0-9])")


def load_json(body: bytes) -> Any:
    """Raises UnreadableError. What msgspec refuses gets a second reading, four times slower: half surrogate pairs
    (providers cut texts anywhere), other encodings, numbers that are none."""
    with suppress(msgspec.MsgspecError, ValueError, RecursionError):
        return msgspec.json.decode(body)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not JSON ({type(error).__name__})") from None


def json_object(body: bytes) -> dict[str, Any]:
    """The object of a JSON body, empty for all else: for answers that may come from a proxy on the way."""
    try:
        told = load_json(body)
    except UnreadableError:
        return {}
    return told if isinstance(told, dict) else {}


def text(value: object, limit: int | None = None) -> str | None:
    """A string or number as text that PostgreSQL can keep; None for all else, for nothing, and beyond `limit`."""
    if value is None:
        return None
    kept = value if isinstance(value, str) else _number(value)
    if kept is None:
        return None
    if not kept.isprintable():
        kept = _UNSTORABLE.sub("\ufffd", kept)
    return kept if kept.strip() and (limit is None or len(kept) <= limit) else None


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return str(value)
    except ValueError:  # an integer of more digits than Python turns into text
        return None


def in_short(value: object) -> str | None:
    """The beginning of something that makes no sense, for a person to look at."""
    try:
        return text(json.dumps(value, ensure_ascii=False)[:2000])
    except (ValueError, RecursionError):
        return None


def moment(value: object) -> datetime | None:
    """UTC from unix seconds (number or text), ISO 8601 with a zone, or RFC 2822; None for all else."""
    try:
        if value.__class__ is int:
            return datetime.fromtimestamp(value, UTC)
        found = _moment(value)
        return found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return None


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        value = value.strip()
        if not _NUMBER.fullmatch(value):
            return datetime.fromisoformat(value) if value[:4].isdigit() else _rfc2822(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return datetime.fromtimestamp(float(value), UTC)


def _rfc2822(value: str) -> datetime:
    found = email.utils.parsedate_to_datetime(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)  # "-0000" says UTC


def attempt_id(value: object) -> str | None:
    """Our attempt id as a provider echoes it: a UUID in its usual spelling, else None."""
    if not isinstance(value, str):
        return None
    if _OURS.fullmatch(value):
        return value
    try:
        found = str(UUID(value))
    except ValueError:
        return None
    return found if found == value.strip().lower() else None


def digest(*parts: object) -> str:
    """An event id for what has none: the same for the same identifying parts."""
    try:
        told = json.dumps(parts, sort_keys=True, default=repr)
    except (ValueError, RecursionError):
        told = repr([type(p).__name__ for p in parts])
    return hashlib.sha256(told.encode()).hexdigest()


def enhanced_code(*texts: str | None) -> str | None:
    """The first enhanced mail status (RFC 3463, such as 5.1.1) in the texts."""
    for told in texts:
        if told and (found := _ENHANCED.search(told)):
            return found.group()
    return None


def exact_base64(value: str) -> bytes | None:
    """Strict: the one spelling of these bytes in the standard alphabet with padding, else None."""
    try:
        found = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if base64.b64encode(found).decode() == value else None
