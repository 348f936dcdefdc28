"""Pingen's webhooks and answers in JSON:API, the new shape unless told otherwise; written by hand."""

import hashlib
import hmac
import json
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec

from adapters.providers.port import Attachment, Connection, Outgoing, OutgoingRecipient
from tests.adapters.providers.kit import ATTEMPT, Side, connection
from tests.adapters.providers.scripted import Scripted, http

KEY = "signing-key-of-the-tests"
LETTER = "0d8a7e35-7a0f-4f61-9f0e-6b1b3d1f7a10"
ORGANISATION = "5c1f0b2e-3d0a-4a7c-8f51-1f2e3d4c5b6a"
AT = "2026-01-15T13:00:00+0100"
NOON_THERE = "2026-01-15T14:00:00+0200"
ADDRESS = "Ada Payer\nMain Street 7 \n\n1000 Brussels"
ONE_LINE = "Ada Payer, Main Street 7, 1000 Brussels"
LETTERS = f"/organisations/{ORGANISATION}/deliveries/letters"
PDF = Attachment("Rechnung 7.pdf", "application/pdf", b"%PDF-1.7\x00\xff")


def event_id(code: str | None) -> str:
    return str(uuid5(UUID(LETTER), code or ""))


def named(kind: str, name: str) -> dict[str, Any]:
    return {"data": {"type": kind, "id": name}}


def letter(status: str = "sent", *, echoed: str | None = ATTEMPT, name: str = LETTER, **more: Any) -> dict[str, Any]:
    known = {"status": status, "file_original_name": f"{echoed}-1.pdf", "address": ADDRESS}
    times = {"created_at": AT, "updated_at": AT}
    return {"id": name, "type": "letters", "attributes": known | times | more}


def event(code: str | None, kind: str = "letters_events", **more: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "code": code,
        "name": None,
        "producer": "Pingen",
        "location": "",
        "data": [],
        "emitted_at": AT,
    }
    return {
        "id": event_id(code),
        "type": kind,
        "attributes": known | {"created_at": "2026-01-15T13:05:00+0100"} | more,
        "relationships": {"letter": named("letters", LETTER)},
    }


def hook(
    category: str,
    code: str | None = None,
    *,
    old: bool = False,
    attempt_id: str | None = ATTEMPT,
    happened: dict[str, Any] | None = None,
    about: dict[str, Any] | None = None,
    **told: Any,
) -> dict[str, Any]:
    """`old`: as before letters became one kind of deliverable. `told`: more attributes of the webhook."""
    code, happened = code or category, happened or {}
    kinds = ["letters_events"] if old else ["letters_events", "deliverables_events"]
    relationships = {
        "organisation": named("organisations", ORGANISATION),
        "letter": named("letters", LETTER),
        "event": named(kinds[-1], event_id(code)),
    } | ({} if old else {"deliverable": named("letters", LETTER)})
    said = {"reason": "So it is", "url": "https://in.example", "created_at": AT} | told
    return {
        "data": {
            "id": str(uuid5(UUID(LETTER), f"hook {code}")),
            "type": f"webhook_{category}",
            "attributes": said,
            "relationships": relationships,
        },
        "included": [
            {"id": ORGANISATION, "type": "organisations", "attributes": {"name": "Seller"}},
            letter(echoed=attempt_id, **(about or {})),
            *(event(code, kind, **happened) for kind in kinds),
        ],
    }


def sign(body: bytes, url: str = "", key: str = KEY) -> dict[str, str]:  # noqa: ARG001
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return {"content-type": "application/vnd.api+json", "signature": signature}


def at(api: Scripted, **settings: Any) -> Connection:
    """A connection of its own, so that no token is remembered from another test."""
    known = {
        "client_id": f"client-{uuid4()}", "organisation_id": ORGANISATION, "api_url": api.url, "identity_url": api.url,
    }  # fmt: skip
    secrets = {"client_secret": "s3cret", "signing_key": KEY}
    return msgspec.structs.replace(connection("pingen", secrets, **known | settings), id=uuid4())


def token() -> bytes:
    return http(200, {"access_token": "bearer-1", "token_type": "Bearer", "expires_in": 43200})


def place(api: Scripted) -> bytes:
    told = {"url": f"{api.url}/store/1?X-Signature=a%2Fb", "url_signature": "$2y$10$signed"}
    return http(200, {"data": {"id": "f-1", "type": "file_uploads", "attributes": told}})


def data(*told: dict[str, Any], status: int = 200) -> bytes:
    return http(status, {"data": list(told)})


def taken(name: str = LETTER) -> bytes:
    return http(201, {"data": letter("validating", name=name)})


def errors(status: int, title: str, detail: str = "", pointer: str = "", **headers: str) -> bytes:
    told = {"code": "x1", "title": title, "detail": detail, "source": {"pointer": pointer}}
    return http(status, {"errors": [told]}, headers)


def outgoing(*attachments: Attachment, number: int = 1) -> Outgoing:
    person = OutgoingRecipient(number, ONE_LINE)
    return Outgoing(attempt_id=ATTEMPT, number=1, recipients=[person], attachments=list(attachments or (PDF,)))


def _body(word: str, **said: Any) -> bytes:
    about = {name: said.pop(name) for name in ("address",) if name in said}
    return json.dumps(hook(word, about=about, **said)).encode()


PINGEN = Side(
    "pingen",
    KEY,
    "delivered",
    "signature",
    _body,
    sign,
    (
        b"", b"{", b"null", b"[]", b"7", b"{}", b'{"id": 1}', b'{"data": []}', b'{"data": {"type": "letters"}}',
        b'{"data": {"relationships": {}}}', b"\xff\xfe", b"[" * 100_000,
    ),
    other="sent",
    texts=("reason", "address"),
    long=("undeliverable", "reason"),
)  # fmt: skip
