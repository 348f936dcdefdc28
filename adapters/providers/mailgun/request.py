"""A Mailgun webhook taken apart: JSON with `event-data`, or the form that hooks posted before 2018.

In forms the message's own variables stand between Mailgun's fields, under any name. Mailgun writes its signature
last and everything else first, so that is which of several values is its own.
"""

import email.parser
import email.policy
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from adapters.providers.port import RawRequest, UnreadableError
from adapters.providers.reading import ID_LIMIT, load_json, text

LAST = ("timestamp", "token", "signature")


class Signature(NamedTuple):
    timestamp: str
    token: str
    signatures: tuple[str, ...]


class Hook(NamedTuple):
    """`event` is `event-data`, or the form's fields if `legacy`."""

    signature: Signature | None
    event: dict[str, Any] | None
    legacy: bool = False


def hook(request: RawRequest) -> Hook:
    """Raises UnreadableError."""
    kind = request.headers.get("content-type", "").strip()
    if kind.lower().startswith("multipart/form-data") and request.body.lstrip().startswith(b"--"):
        return _form(_parts(kind, request.body))
    if request.body.lstrip()[:1] not in (b"{", b"["):
        return _form(dict_of(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)))
    told = load_json(request.body)
    if not isinstance(told, dict):
        raise UnreadableError("not an object")
    event = told.get("event-data", told if "event" in told else None)
    return Hook(_signature(told), event if isinstance(event, dict) else None)


def dict_of(pairs: list[tuple[str, str]]) -> dict[str, str]:
    first, last = dict(reversed(pairs)), dict(pairs)
    return first | {name: last[name] for name in LAST if name in last}


def _form(fields: dict[str, str]) -> Hook:
    signature = _told(fields, fields)
    return Hook(signature, fields if "event" in fields else None, legacy=True)


def _signature(told: Mapping[str, Any]) -> Signature | None:
    found = told.get("signature")
    return _told(found, {**told, **found}) if isinstance(found, dict) else None


def _told(found: Mapping[str, Any], all_of_it: Mapping[str, Any]) -> Signature | None:
    timestamp, token = text(found.get("timestamp"), 30), text(found.get("token"), ID_LIMIT)
    given = (text(value, ID_LIMIT) for value in (found.get("signature"), all_of_it.get("parent-signature")))
    signatures = tuple(s for s in given if s)
    return Signature(timestamp, token, signatures) if timestamp and token and signatures else None


def _parts(kind: str, body: bytes) -> dict[str, str]:
    """The fields of a multipart form, its files left out."""
    head = f"Content-Type: {kind}\r\n\r\n".encode(errors="replace")
    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(head + body)
    if not message.is_multipart():
        raise UnreadableError("not a form")
    pairs = []
    for part in message.walk():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and part.get_filename() is None and isinstance(content, bytes):
            pairs.append((name, content.decode(errors="replace")))
    return dict_of(pairs)
