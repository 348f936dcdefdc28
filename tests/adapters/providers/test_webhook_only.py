"""Providers that are only heard: the shapes their webhooks come in, and who may call."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from adapters.providers.mailersend import PING_SECRET
from adapters.providers.port import (
    BadSignatureError,
    Lookup,
    MisconfiguredError,
    RawAnswer,
    Refused,
    UnreadableError,
)
from adapters.providers.registry import provider
from domain.status import Status
from tests.adapters.providers import kit_webhook_only as kit
from tests.adapters.providers.kit import ATTEMPT, NOON, NOON_UNIX, URL, Side, connection, request
from tests.adapters.providers.kit_webhook_only import (
    MAILERSEND,
    MAILJET,
    MAILTRAP,
    MANDRILL,
    POSTAL,
    SPARKPOST,
    TO,
    UNISENDER_GO,
    written,
)
from tests.adapters.providers.test_sendgrid_sending import OUTGOING
from tests.adapters.providers.test_webhook_words import DELIVERED, FAILED, err, told


def test_what_was_said_is_kept_whole() -> None:
    found = told(UNISENDER_GO, "hard_bounced", **err("err_user_unknown"))
    assert (found.diagnostic, found.diagnostic_code) == ("err_user_unknown\n550 no", None)
    found = told(MANDRILL, "hard_bounce", bounce_description="bad_mailbox", diag="550 5.1.1 no such user")
    assert (found.diagnostic, found.diagnostic_code) == ("bad_mailbox\n550 5.1.1 no such user", "5.1.1")


def test_a_machine_that_prefetches_reads_nothing() -> None:
    found = told(SPARKPOST, "open", is_prefetched=True)
    assert (found.status, found.ignored, found.is_open) == (Status.READ, True, True)


@pytest.mark.parametrize(
    ("side", "body"),
    [
        (MAILJET, lambda good: written([good, 7, {}])),
        (SPARKPOST, lambda good: written([{"msys": {"message_event": good}}, {"msys": {"track_event": 7}}, 7])),
        (MAILTRAP, lambda good: written({"events": [good, 7, {}]})),
        (MANDRILL, lambda good: kit.mandrill_body(good, 7, {})),
        (UNISENDER_GO, lambda good: kit.unisender_body(good, 7, {})),  # type: ignore[arg-type]
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_nonsense_between_good_events_is_kept_beside_them(side: Side, body: Callable[[Any], bytes]) -> None:
    events = {
        "mailjet": kit.mailjet_event(), "sparkpost": kit.sparkpost_event(), "mailtrap": kit.mailtrap_event(),
        "mandrill": kit.mandrill_event(), "unisender_go": kit.unisender_event(),
    }  # fmt: skip
    found = side.provider.reports(request(body(events[side.name]), {}))
    assert [r.status for r in found] == [DELIVERED, None, None]
    assert [(r.ignored, r.provider_event) for r in found[1:]] == [(True, "malformed")] * 2


def test_events_without_an_id_are_told_apart_by_what_they_say() -> None:
    said: list[dict[str, Any]] = [
        {},
        {"time": NOON_UNIX + 1},
        {"email": "b@payer.example"},
        {"url": "https://a.example"},
    ]
    assert len({told(MAILJET, "click", **one).event_id for one in said}) == 4
    assert told(MAILJET, "click", ip="10.0.0.1").event_id == told(MAILJET, "click").event_id


def test_mailjet_sends_one_event_alone_where_events_are_not_grouped() -> None:
    (found,) = MAILJET.provider.reports(
        request(written(kit.mailjet_event(CustomID=None, Payload=f'{{"attempt_id":"{ATTEMPT}"}}')), {})
    )
    assert (found.message_id, found.attempt_id) == ("576460774081190112", ATTEMPT)
    assert MAILJET.provider.reports(request(b"[]", {})) == []


def test_sparkpost_tries_the_address_with_an_empty_event() -> None:
    assert SPARKPOST.provider.reports(request(b'[{"msys": {}}]', {})) == []


def test_mailtrap_as_json_lines() -> None:
    lines = b"\n".join(written(kit.mailtrap_event(word)) for word in ("delivery", "open")) + b"\n"
    assert [r.status for r in MAILTRAP.provider.reports(request(lines, {}))] == [DELIVERED, Status.READ]
    indented = json.dumps({"events": [kit.mailtrap_event()]}, indent=1).encode()
    assert [r.status for r in MAILTRAP.provider.reports(request(indented, {}))] == [DELIVERED]


def test_mailersend_of_version_1() -> None:
    email = {"message": {"id": "m-1"}, "recipient": {"email": TO}, "tags": [ATTEMPT]}
    morph = {"object": "recipient_bounce", "reason": "Unknown host", "readable_reason": None}
    data = {"id": "e-1", "type": "hard_bounced", "created_at": "2026-01-15T12:00:00Z", "email": email, "morph": morph}
    body = written({"type": "activity.hard_bounced", "created_at": "2026-01-15T12:00:09Z", "data": data})
    (found,) = MAILERSEND.provider.reports(request(body, {}))
    assert (found.status, found.reason, found.diagnostic) == (FAILED, "hard_bounce", "Unknown host")
    assert (found.message_id, found.event_id, found.recipient) == ("m-1", "e-1", TO)
    assert (found.occurred_at, found.attempt_id) == (NOON, ATTEMPT)


def test_mailersends_ping_is_answered_before_the_secret_is_known() -> None:
    ping, activity = b'{"type":"webhook.test"}', MAILERSEND.body("delivered")
    known_to_all = kit.hexadecimal("signature", PING_SECRET)
    MAILERSEND.provider.verify(request(ping, known_to_all(ping, "")), MAILERSEND.connection(key=""))
    assert MAILERSEND.provider.reports(request(ping, {})) == []
    with pytest.raises(BadSignatureError):
        MAILERSEND.provider.verify(request(activity, known_to_all(activity, "")), MAILERSEND.connection())


def test_mandrills_trial_is_answered_only_without_events() -> None:
    for body in (kit.mandrill_body(), MANDRILL.body("delivered")):
        trial = request(body, kit.mandrill_sign(body, URL, "test-webhook"))
        if body == kit.mandrill_body():
            MANDRILL.provider.verify(trial, MANDRILL.connection(key=""))
        else:
            with pytest.raises(BadSignatureError):
                MANDRILL.provider.verify(trial, MANDRILL.connection())


def test_mandrill_signs_the_address_and_every_field() -> None:
    body = MANDRILL.body("delivered") + b"&another=field"
    good = request(body, kit.mandrill_sign(body, URL))
    MANDRILL.provider.verify(good, MANDRILL.connection())
    for changed in ({"url": URL + "x"}, {"body": MANDRILL.body("delivered")}):
        with pytest.raises(BadSignatureError):
            MANDRILL.provider.verify(msgspec.structs.replace(good, **changed), MANDRILL.connection())


def test_mandrill_tells_changes_of_its_lists() -> None:
    body = kit.mandrill_body({"type": "blacklist", "action": "add", "reject": {"email": TO, "reason": "spam"}, "ts": 1})
    (found,) = MANDRILL.provider.reports(request(body, {}))
    assert (found.status, found.ignored, found.provider_event, found.recipient) == (None, True, "blacklist", TO)


PEM = (
    kit.RSA.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


@pytest.mark.parametrize(
    "key",
    [PEM, f"v=DKIM1; t=s; h=sha256; p={kit.postal_key()};", "\n".join(kit.postal_key().partition("w")), PEM.strip()],
)
def test_postals_key_as_one_finds_it(key: str) -> None:
    POSTAL.provider.verify(POSTAL.signed(POSTAL.body("MessageSent")), POSTAL.connection(key=key))


def test_postals_newer_signature_decides() -> None:
    body = POSTAL.body("MessageSent")
    newer = base64.b64encode(kit.RSA.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()
    old = kit.postal_sign(body, URL)
    POSTAL.provider.verify(request(body, old | {"x-postal-signature-256": newer}), POSTAL.connection())
    with pytest.raises(BadSignatureError):
        POSTAL.provider.verify(
            request(body, old | {"x-postal-signature-256": old["x-postal-signature"]}), POSTAL.connection()
        )


def test_a_key_of_another_kind_is_misconfigured() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = other.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    for key in (base64.b64encode(der).decode(), "p=", "AAAA", "é"):
        with pytest.raises(MisconfiguredError):
            POSTAL.provider.verify(POSTAL.signed(POSTAL.body("MessageSent")), POSTAL.connection(key=key))


def test_unisender_go_tells_what_is_of_no_message() -> None:
    block = {
        "event_name": "transactional_spam_block",
        "event_data": {"block_time": "2026-01-15 12:00:00", "domain": "a.example"},
    }
    (found,) = UNISENDER_GO.provider.reports(request(kit.unisender_body(block), {}))
    assert (found.status, found.ignored, found.provider_event) == (None, True, "transactional_spam_block")
    assert found.occurred_at == NOON


def test_unisender_go_sends_one_event_alone() -> None:
    event = {"event_name": "transactional_email_status", "auth": "", **kit.unisender_event()["event_data"]}
    good = UNISENDER_GO.signed(written(event))
    UNISENDER_GO.provider.verify(good, UNISENDER_GO.connection())
    (found,) = UNISENDER_GO.provider.reports(good)
    assert (found.status, found.message_id) == (DELIVERED, "1vgK2c-0004qX-7p")


@pytest.mark.parametrize(
    "name", ["mailjet", "sparkpost", "mailersend", "mailtrap", "mandrill", "postal", "unisender_go"]
)
def test_nothing_is_sent_or_asked(name: str) -> None:
    chosen, here = provider(name), connection(name, {})
    with httpx.Client() as http:
        answer = chosen.send(OUTGOING, here, http)
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.status, chosen.sends) == ("misconfigured", FAILED, False)
        assert chosen.status(Lookup(ATTEMPT), here, http) == []
    with pytest.raises(UnreadableError):
        chosen.read_answer(RawAnswer(200, {}, b"{}"))
