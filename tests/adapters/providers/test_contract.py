"""What every provider that calls back must do, whatever its wire looks like."""

import json
import re
from dataclasses import replace
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.port import (
    BadSignatureError,
    Connection,
    MisconfiguredError,
    ProviderReport,
    RawRequest,
    UnreadableError,
)
from adapters.providers.registry import PROVIDERS
from tests.adapters.providers.kit import ATTEMPT, NOON, SENDGRID, URL, Side, read_or_unreadable, request
from tests.adapters.providers.sides import SIDES

EVERY = pytest.mark.parametrize("side", SIDES, ids=lambda s: s.name)
SIGNING = pytest.mark.parametrize("side", [s for s in SIDES if s.provider.signs], ids=lambda s: s.name)
COVERING = pytest.mark.parametrize("side", [s for s in SIDES if s.covers_body], ids=lambda s: s.name)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=6),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [
        "event",
        "email",
        "timestamp",
        "sg_event_id",
        "sg_message_id",
        "status",
        "reason",
        "response",
        "type",
        "attempt_id",
    ]
)


def reports(side: Side, word: str, **said: object) -> list[ProviderReport]:
    return side.provider.reports(side.signed(side.body(word, **said)))


def test_every_provider_that_calls_back_is_held_to_this() -> None:
    assert {name for name, one in PROVIDERS.items() if one.webhook_key} == {side.name for side in SIDES}


# authenticity


@EVERY
def test_what_the_provider_signed_is_authentic(side: Side) -> None:
    side.provider.verify(side.signed(side.body(side.delivered)), side.connection())


@COVERING
def test_no_byte_of_the_body_can_be_changed(side: Side) -> None:
    good, connection = side.signed(side.body(side.delivered)), side.connection()
    for place in range(len(good.body)):
        changed = good.body[:place] + bytes([good.body[place] ^ 1]) + good.body[place + 1 :]
        _refused_or_the_same(side, connection, good, msgspec.structs.replace(good, body=changed))


@COVERING
def test_nothing_can_be_added_to_the_body(side: Side) -> None:
    good, connection = side.signed(side.body(side.delivered)), side.connection()
    for more in (b" ", b"&a=b", b"\n", b"\x00"):
        _refused_or_the_same(side, connection, good, msgspec.structs.replace(good, body=good.body + more))


def _refused_or_the_same(side: Side, connection: Connection, good: RawRequest, changed: RawRequest) -> None:
    """A signature over fields does not cover what lies between them; then nothing that is read may change."""
    try:
        side.provider.verify(changed, connection)
    except BadSignatureError:
        return
    assert not side.signature_is_over_bytes
    assert side.provider.reports(changed) == side.provider.reports(good)


@SIGNING
def test_no_character_of_the_signature_can_be_changed(side: Side) -> None:
    """The last character of base64 carries spare bits, which a lenient decoder throws away."""
    good, connection = side.signed(side.body(side.delivered)), side.connection()
    told = side.signature_of(good)
    for place, old in enumerate(told):
        for new in "A=b+ ":
            if new != old:
                with pytest.raises(BadSignatureError):
                    side.provider.verify(side.with_signature(good, told[:place] + new + told[place + 1 :]), connection)


@EVERY
@pytest.mark.parametrize("wrong", ["", "AAAA", "not base64!", "é", "\ud800", "=" * 88])
def test_a_signature_that_is_none_is_refused(side: Side, wrong: str) -> None:
    good = side.signed(side.body(side.delivered))
    with pytest.raises(BadSignatureError):
        side.provider.verify(side.with_signature(good, wrong), side.connection())


@EVERY
def test_a_missing_signature_is_told_apart(side: Side) -> None:
    with pytest.raises(BadSignatureError) as refused:
        side.provider.verify(side.unsigned(side.body(side.delivered)), side.connection())
    assert refused.value.missing


@EVERY
def test_a_connection_without_its_key_is_misconfigured_not_open(side: Side) -> None:
    with pytest.raises(MisconfiguredError):
        side.provider.verify(side.signed(side.body(side.delivered)), side.connection(key=""))


@EVERY
@given(
    body=st.binary(), headers=st.dictionaries(st.text(), st.text()), signature=st.text(), url=st.text(), key=st.text()
)
def test_verify_fails_in_its_two_ways_only(
    side: Side, body: bytes, headers: dict[str, str], signature: str, url: str, key: str
) -> None:
    told = headers | {side.signature: signature, "x-twilio-email-event-webhook-timestamp": "1"}
    for connection in (side.connection(), side.connection(key=f"{key}~{signature}" if key else "")):
        with pytest.raises((BadSignatureError, MisconfiguredError)):
            side.provider.verify(request(body, told, url), connection)


# meaning


@EVERY
def test_a_delivery_is_told_with_everything_that_finds_its_attempt(side: Side) -> None:
    (told,) = reports(side, side.delivered)
    assert (told.status, told.ignored, told.attempt_id) == (side.proves, False, ATTEMPT if side.echoes else None)
    assert bool(told.recipient) == side.names_recipient
    assert told.message_id
    assert told.provider_event == side.told_as(side.delivered)
    assert told.occurred_at == (NOON if side.has_clock else None)


@EVERY
def test_a_word_that_nobody_knows_is_kept_and_never_counts(side: Side) -> None:
    (told,) = reports(side, "teleported")
    assert (told.status, told.ignored, told.provider_event, told.attempt_id) == (
        None,
        True,
        side.told_as("teleported"),
        ATTEMPT if side.echoes else None,
    )


@EVERY
def test_a_repetition_has_the_same_id_and_another_occurrence_another(side: Side) -> None:
    first, again = reports(side, side.delivered), reports(side, side.delivered)
    other = reports(side, side.other)
    assert first == again
    assert first[0].event_id != other[0].event_id


@EVERY
@pytest.mark.parametrize(
    "echoed", ["", "attempt-1", "7d3a1f660c4b4a539c3e5a2f1f0b8c11", f"{{{ATTEMPT}}}", f"{ATTEMPT}0"]
)
def test_only_an_attempt_id_of_ours_is_taken_for_one(side: Side, echoed: str) -> None:
    if side.echoes_in_url:
        (told,) = side.provider.reports(side.signed(side.body(side.delivered), URL.replace(ATTEMPT, echoed)))
    else:
        (told,) = reports(side, side.delivered, attempt_id=echoed)
    assert told.attempt_id is None


@EVERY
def test_what_is_no_webhook_of_theirs_is_unreadable(side: Side) -> None:
    for body in side.unreadable:
        with pytest.raises(UnreadableError):
            side.provider.reports(request(body, {}))


@EVERY
def test_texts_that_a_database_cannot_keep_are_made_keepable(side: Side) -> None:
    said = dict.fromkeys(side.texts, "a\x00bc" if side.by_form else "a\x00b\ud800c")
    for told in reports(side, side.delivered, **said):
        for text in (told.recipient, told.diagnostic, told.message_id, told.event_id):
            assert text is None or not re.search("[\x00\ud800-\udfff]", text)


@EVERY
def test_a_megabyte_is_read(side: Side) -> None:
    if side.long is None:
        pytest.skip("it says nothing of any length")
    word, field = side.long
    (told,) = reports(side, word, **{field: "x" * 1_000_000})
    assert told.diagnostic
    assert "x" * 1_000_000 in told.diagnostic


@pytest.mark.parametrize("name", PROVIDERS)
@given(body=st.binary() | st.text().map(lambda t: t.encode(errors="replace")), url=st.text())
def test_whatever_bytes_come_areread_or_unreadable(name: str, body: bytes, url: str) -> None:
    read_or_unreadable(name, RawRequest(url, {}, body, NOON))


@pytest.mark.parametrize("name", PROVIDERS)
@given(elements=st.lists(JSON | st.dictionaries(FIELDS, JSON)))
def test_whatever_json_comes_isread_or_unreadable(name: str, elements: list[object]) -> None:
    read_or_unreadable(name, RawRequest(URL, {}, json.dumps(elements).encode(), NOON))


@given(
    fields=st.dictionaries(
        st.sampled_from(["MessageStatus", "MessageSid", "ErrorCode", "To", "ErrorMessage"]), st.text()
    )
)
def test_whatever_form_comes_isread_or_unreadable(fields: dict[str, str]) -> None:
    read_or_unreadable("twilio", RawRequest(URL, {}, urlencode(fields, errors="replace").encode(), NOON))


def test_smtp_has_no_webhooks() -> None:
    smtp = PROVIDERS["smtp"]
    side = replace(SENDGRID, name="smtp")
    with pytest.raises(BadSignatureError):
        smtp.verify(request(b"", {}), side.connection())
    with pytest.raises(UnreadableError):
        smtp.reports(request(b"[]", {}))
