"""Mailgun's events in our words, in JSON and in the old forms, and which of them are authentic."""

import json
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from adapters.providers.mailgun import Mailgun
from adapters.providers.mailgun.signature import Tokens
from adapters.providers.port import BadSignatureError, Connection, MisconfiguredError, ProviderReport, RawRequest
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT, NOON, NOON_UNIX, connection, request
from tests.adapters.providers.kit_mailgun import KEY, MESSAGE, TOKEN, event, hook, legacy, signature


def account(**settings: str) -> Connection:
    found = connection("mailgun", {"webhook_signing_key": KEY}, **settings)
    return msgspec.structs.replace(found, id=uuid4())


def told(word: str = "delivered", **said: Any) -> ProviderReport:
    (found,) = Mailgun().reports(hook(event(word, **said)))
    return found


def form(*fields: tuple[str, str]) -> ProviderReport:
    (found,) = Mailgun().reports(legacy(*fields))
    return found


@pytest.mark.parametrize(
    ("word", "said", "status", "reason"),
    [
        ("accepted", {}, Status.SENT, "processing"),
        ("delivered", {}, Status.DELIVERED, None),
        ("failed", {"severity": "temporary", "reason": "generic"}, Status.SENDING, "deferred"),
        ("failed", {"severity": "permanent", "reason": "bounce"}, Status.FAILED, "hard_bounce"),
        ("failed", {"severity": "permanent", "reason": "generic"}, Status.FAILED, "hard_bounce"),
        ("failed", {"severity": "permanent", "reason": "hardfail"}, Status.FAILED, "hard_bounce"),
        ("failed", {"severity": "permanent", "reason": "old"}, Status.FAILED, "expired"),
        ("failed", {"severity": "permanent", "reason": "espblock"}, Status.FAILED, "blocked"),
        ("failed", {"severity": "permanent", "reason": "suppress-bounce"}, Status.FAILED, "suppressed"),
        ("failed", {"severity": "permanent", "reason": "suppress-complaint"}, Status.FAILED, "complaint"),
        ("failed", {"severity": "permanent", "reason": "suppress-unsubscribe"}, Status.FAILED, "opted_out"),
        ("failed", {"severity": "permanent", "reason": "suppress-new"}, Status.FAILED, "suppressed"),
        ("failed", {"severity": "permanent", "delivery-status": None}, Status.FAILED, "hard_bounce"),
        ("failed", {}, Status.FAILED, "hard_bounce"),
        ("rejected", {"reject": {"reason": "Sandbox", "description": ""}}, Status.REJECTED, "validation"),
        ("opened", {"client-info": {"bot": ""}}, Status.READ, None),
        ("clicked", {"url": "https://a.example"}, Status.READ, None),
        ("complained", {}, Status.COMPLAINED, "complaint"),
        ("unsubscribed", {}, None, "opted_out"),
        ("stored", {}, None, None),
        ("list_member_uploaded", {}, None, None),
    ],
)
def test_words(word: str, said: dict[str, Any], status: Status | None, reason: str | None) -> None:
    found = told(word, **said)
    assert (found.status, found.reason, found.ignored) == (status, reason, status is None)
    assert (found.message_id, found.recipient, found.occurred_at) == (MESSAGE, "ap@payer.example", NOON)
    assert (found.event_id, found.request_id, found.attempt_id) == (f"{word}-id", TOKEN, ATTEMPT)
    assert found.is_open == (word in ("opened", "clicked"))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (605, "suppressed"),
        (606, "opted_out"),
        (607, "complaint"),
        (625, "dropped"),
        (498, "soft_bounce"),
        (499, "expired"),
        (550, "hard_bounce"),
        ("605", "suppressed"),
    ],
)
def test_codes(code: object, reason: str) -> None:
    found = told("failed", severity="permanent", reason="generic", **{"delivery-status": {"code": code}})
    assert (found.status, found.reason) == (Status.FAILED, reason)
    assert form(("event", "dropped"), ("code", str(code)), ("reason", "hardfail")).reason == reason


def test_everything_that_the_server_said() -> None:
    status = {"code": 552, "message": "5.2.2 full", "description": "x", "enhanced-code": "5.2.2"}
    found = told("failed", severity="permanent", reason="bounce", **{"delivery-status": status})
    assert (found.reason, found.diagnostic_code) == ("mailbox_full", "5.2.2")
    assert (found.diagnostic, found.provider_event) == ("bounce\n5.2.2 full\nx", "failed permanent")


def test_the_enhanced_code_alone_says_that_the_mailbox_is_full() -> None:
    found = told("failed", severity="permanent", **{"delivery-status": {"code": 552, "enhanced-code": "5.2.2"}})
    assert found.reason == "mailbox_full"


def test_a_machine_that_opens_never_counts() -> None:
    found = told("opened", **{"client-info": {"bot": "apple"}})
    assert (found.status, found.ignored, found.is_open) == (Status.READ, True, True)


@pytest.mark.parametrize(
    ("variables", "attempt"),
    [
        ({"attempt_id": ATTEMPT}, ATTEMPT),
        (f'{{"attempt_id": "{ATTEMPT}", "more": "cut o', ATTEMPT),
        ('{"more": "cut o', None),
        ([], None),
        ({}, None),
    ],
)
def test_variables_may_be_cut_off(variables: object, attempt: str | None) -> None:
    assert told("delivered", **{"user-variables": variables}).attempt_id == attempt


def test_without_an_id_the_token_names_it_and_without_both_its_content() -> None:
    assert (told(id=None).event_id, told(id=None).request_id) == (TOKEN, None)
    bare = request(json.dumps(event("opened", id=None)).encode(), {})
    (found,) = Mailgun().reports(bare)
    assert (found.status, len(found.event_id)) == (Status.READ, 64)


def test_the_recipient_of_a_rejected_message_stands_in_its_headers() -> None:
    assert told("rejected", recipient=None).recipient == "ap@payer.example"
    message = {"headers": {"to": "A <a@b.example>, c@d.example"}}
    assert told("rejected", recipient=None, message=message).recipient is None


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({"event": "delivered", "Message-Id": f"<{MESSAGE}>"}, Status.DELIVERED, None),
        (
            {"event": "delivered", "message-headers": json.dumps([["Message-Id", f"<{MESSAGE}>"], 7])},
            Status.DELIVERED,
            None,
        ),
        ({"event": "dropped", "message-id": MESSAGE, "reason": "old", "code": "499"}, Status.FAILED, "expired"),
        ({"event": "bounced", "message-id": MESSAGE, "code": "550", "error": "5.1.1 no"}, Status.FAILED, "hard_bounce"),
        ({"event": "bounced", "message-id": MESSAGE, "code": "5.1.1"}, Status.FAILED, "hard_bounce"),
        ({"event": "bounced", "message-id": MESSAGE, "code": "421"}, Status.FAILED, "soft_bounce"),
        (
            {"event": "bounced", "message-id": MESSAGE, "code": "552", "error": "5.2.2 full"},
            Status.FAILED,
            "mailbox_full",
        ),
        ({"event": "opened", "message-id": MESSAGE}, Status.READ, None),
        ({"event": "complained", "message-id": MESSAGE}, Status.COMPLAINED, "complaint"),
    ],
)
def test_old_forms(fields: dict[str, str], status: Status, reason: str | None) -> None:
    found = form(*fields.items(), ("recipient", "ap@payer.example"), ("attempt_id", ATTEMPT))
    assert (found.status, found.reason, found.message_id) == (status, reason, MESSAGE)
    assert (found.recipient, found.attempt_id, found.occurred_at) == ("ap@payer.example", ATTEMPT, NOON)
    assert (found.event_id, found.request_id) == (TOKEN, None)


def test_variables_of_the_message_do_not_pass_for_mailguns_own() -> None:
    ours = [("event", "clicked"), ("recipient", "ap@payer.example")]
    theirs = [
        ("event", "delivered"),
        ("recipient", "evil@x.example"),
        ("token", "evil"),
        ("timestamp", "1"),
        ("id", "evil"),
    ]
    sent = legacy(*ours, *theirs)
    Mailgun().verify(sent, account())
    (found,) = Mailgun().reports(sent)
    assert (found.status, found.recipient, found.event_id, found.occurred_at) == (
        Status.READ, "ap@payer.example", TOKEN, NOON,
    )  # fmt: skip


def multipart(fields: dict[str, str]) -> RawRequest:
    parts = [f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    file = '--x\r\nContent-Disposition: form-data; name="token"; filename="a"\r\n\r\nevil\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    return request(("".join(parts) + file + "--x--\r\n").encode(), headers)


def test_old_forms_with_attachments_come_in_parts() -> None:
    sent = multipart({"event": "dropped", "code": "605", "description": "ünknown"} | signature())
    Mailgun().verify(sent, account())
    (found,) = Mailgun().reports(sent)
    assert (found.reason, found.diagnostic, found.event_id) == ("suppressed", "ünknown", TOKEN)
    with pytest.raises(BadSignatureError):
        Mailgun().verify(multipart({"event": "dropped"} | signature(key="another")), account())


def test_a_token_comes_back_only_with_the_same_words() -> None:
    """The signature does not cover the body, so whoever saw one webhook could forge others."""
    mailgun, at = Mailgun(), account()
    mailgun.verify(hook(event("delivered")), at)
    mailgun.verify(hook(event("delivered")), at)
    with pytest.raises(BadSignatureError, match="token"):
        mailgun.verify(hook(event("failed")), at)
    mailgun.verify(hook(event("failed")), account())
    mailgun.verify(hook(event("failed"), signature("another")), at)


def test_the_memory_of_tokens_is_bounded() -> None:
    tokens, one = Tokens(2), uuid4()
    assert all(tokens.agree(one, token, "a") for token in "abc")
    assert not tokens.agree(one, "c", "b")
    assert tokens.agree(one, "a", "b")


@pytest.mark.parametrize(("age", "fresh"), [(-301, False), (-299, True), (0, True), (299, True), (301, False)])
def test_an_age_may_be_set(age: int, fresh: bool) -> None:
    sent = hook(event(), signature(timestamp=str(NOON_UNIX - age)))
    Mailgun().verify(sent, account())
    if fresh:
        Mailgun().verify(sent, account(max_age_seconds="300"))
    else:
        with pytest.raises(BadSignatureError, match="old"):
            Mailgun().verify(sent, account(max_age_seconds="300"))


def test_an_age_that_is_none() -> None:
    for wrong in ("x", "0", "-5", "nan"):
        with pytest.raises(MisconfiguredError):
            Mailgun().verify(hook(event()), account(max_age_seconds=wrong))
    with pytest.raises(BadSignatureError):
        Mailgun().verify(hook(event(), signature(timestamp="noon")), account(max_age_seconds="300"))


def test_a_subaccount_may_be_signed_by_its_parent() -> None:
    good, foreign = signature(), signature(key="another")["signature"]
    Mailgun().verify(hook(event(), good | {"signature": foreign, "parent-signature": good["signature"]}), account())
    body = {"signature": good | {"signature": foreign}, "parent-signature": good["signature"], "event-data": event()}
    Mailgun().verify(request(json.dumps(body).encode(), {}), account())
    with pytest.raises(BadSignatureError):
        Mailgun().verify(hook(event(), good | {"signature": foreign, "parent-signature": foreign}), account())


@pytest.mark.parametrize("changed", [{"token": "x"}, {"timestamp": "1"}, {"signature": "A" * 64}, {"signature": None}])
def test_every_part_is_needed(changed: dict[str, Any]) -> None:
    with pytest.raises(BadSignatureError):
        Mailgun().verify(hook(event(), signature() | changed), account())
    upper = signature()["signature"].upper()
    with pytest.raises(BadSignatureError):
        Mailgun().verify(hook(event(), signature() | {"signature": upper}), account())
    numbers: dict[str, Any] = {"timestamp": NOON_UNIX}
    Mailgun().verify(hook(event(), signature() | numbers), account())
