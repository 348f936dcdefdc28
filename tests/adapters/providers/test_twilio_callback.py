"""Twilio's statuses and error codes in our words."""

from typing import Any

import pytest

from adapters.providers.port import ProviderReport, RawRequest
from adapters.providers.twilio.callback import reports
from adapters.providers.twilio.statuses import CODES, STATUSES, error_code
from domain.reasons import REASONS
from domain.status import Status
from domain.values import Actor
from tests.adapters.providers.kit import ATTEMPT, URL, request, twilio_form


def told(word: str = "delivered", url: str = URL, **said: Any) -> ProviderReport:
    (found,) = reports(request(twilio_form(word, **said), {}, url))
    return found


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        *[(w, Status.SENT, "processing") for w in ("accepted", "scheduled", "queued", "sending")],
        ("sent", Status.SENT, None),
        ("delivered", Status.DELIVERED, None),
        ("Delivered", Status.DELIVERED, None),
        ("read", Status.READ, None),
        ("undelivered", Status.FAILED, "undelivered"),
        ("failed", Status.FAILED, "provider_error"),
        ("canceled", Status.FAILED, "cancelled"),
    ],
)
def test_what_counts(word: str, status: Status, reason: str | None) -> None:
    found = told(word)
    assert (found.status, found.reason, found.ignored) == (status, reason, False)


@pytest.mark.parametrize("word", ["receiving", "received", "partially_delivered", "unheard-of"])
def test_what_is_shown_and_never_counts(word: str) -> None:
    found = told(word)
    assert (found.status, found.ignored, found.provider_event) == (None, True, word)


@pytest.mark.parametrize(
    ("word", "code", "status", "reason"),
    [
        ("undelivered", "30003", Status.FAILED, "unreachable"),
        ("undelivered", "30004", Status.FAILED, "blocked"),
        ("undelivered", "30005", Status.FAILED, "unreachable"),
        ("undelivered", "30007", Status.FAILED, "blocked"),
        ("undelivered", "30008", Status.FAILED, "undelivered"),
        ("undelivered", "99999", Status.FAILED, "undelivered"),
        ("undelivered", "21614", Status.FAILED, "invalid_recipient"),
        ("failed", "21610", Status.FAILED, "opted_out"),
        ("failed", "21211", Status.REJECTED, "invalid_recipient"),
        ("failed", "21614", Status.REJECTED, "invalid_recipient"),
        ("failed", "30001", Status.FAILED, "provider_error"),
        ("failed", "30002", Status.FAILED, "account"),
        ("failed", "99999", Status.FAILED, "provider_error"),
        ("sent", "30008", Status.FAILED, "undelivered"),
        ("sent", "0", Status.SENT, None),
        ("delivered", "30008", Status.DELIVERED, None),
        ("canceled", "21211", Status.FAILED, "cancelled"),
    ],
)
def test_a_code_refines_the_word(word: str, code: str, status: Status, reason: str | None) -> None:
    found = told(word, ErrorCode=code)
    assert (found.status, found.reason, found.diagnostic_code) == (status, reason, code if code != "0" else None)


@pytest.mark.parametrize("code", [code for code in CODES if 30000 <= code < 30022])
def test_an_undelivered_message_may_still_arrive(code: str) -> None:
    """So its reasons are recoverable ones; only an account that may not send is final."""
    reason = told("undelivered", ErrorCode=code).reason
    assert reason == "account" or not REASONS[str(reason)].final


def test_every_reason_is_one_that_people_can_read() -> None:
    assert {m.reason for m in STATUSES.values() if m.reason} | set(CODES.values()) <= REASONS.keys()


@pytest.mark.parametrize("code", ["", " ", "0", "null", "None", "30008x", "-1", "٣٠٠٠٣", "1.5"])
def test_a_code_that_is_none(code: str) -> None:
    assert error_code(code) is None
    assert told("sent", ErrorCode=code).status is Status.SENT


def test_whose_doing_it_was() -> None:
    assert told("undelivered", ErrorCode=30003).actor is Actor.RECIPIENT
    assert told("failed", ErrorCode=30002).actor is Actor.PROVIDER
    assert told("canceled").actor is Actor.US


def test_what_was_said_is_kept_whole() -> None:
    found = told("undelivered", ErrorMessage="Niet bereikbaar: é & ü", ChannelStatusMessage="63024", ErrorCode=30003)
    assert found.diagnostic == "Niet bereikbaar: é & ü\n63024"


def test_twilio_tells_no_time_that_can_be_used() -> None:
    """The handset's receipt has minutes and no zone."""
    assert told("delivered", RawDlrDoneDate="2601151200").occurred_at is None


def test_the_older_names_are_read_too() -> None:
    (found,) = reports(request(b"SmsSid=SM1&SmsStatus=delivered&MessageStatus=", {}))
    assert (found.message_id, found.status) == ("SM1", Status.DELIVERED)


@pytest.mark.parametrize("beside", ["", "&MessageStatus=read", "&MessageStatus=delivered", "&SmsStatus=sent"])
def test_a_read_receipt(beside: str) -> None:
    (read,) = reports(request(f"MessageSid=SM1&SmsSid=SM0&EventType=READ{beside}".encode(), {}))
    assert (read.message_id, read.status) == ("SM1", Status.READ)
    (other,) = reports(request(b"MessageSid=SM1&EventType=TYPING&MessageStatus=delivered", {}))
    assert other.status is Status.DELIVERED


def test_of_a_repeated_parameter_the_first_is_taken() -> None:
    (found,) = reports(request(b"MessageStatus=sent&MessageStatus=delivered&MessageSid=SM1", {}))
    assert found.status is Status.SENT


def test_what_identifies_an_occurrence() -> None:
    one = told("undelivered", ErrorCode=30003, RawDlrDoneDate="2601151200")
    assert one.event_id == told("undelivered", ErrorCode=30003, RawDlrDoneDate="2601151200", To="+31600000000").event_id
    others = [
        told("delivered", ErrorCode=30003, RawDlrDoneDate="2601151200"),
        told("undelivered", ErrorCode=30005, RawDlrDoneDate="2601151200"),
        told("undelivered", ErrorCode=30003, RawDlrDoneDate="2601151201"),
        told("undelivered", ErrorCode=30003, RawDlrDoneDate="2601151200", MessageSid="SM2"),
    ]
    assert len({one.event_id, *[o.event_id for o in others]}) == 5


def test_without_a_sid_the_attempt_in_the_url_identifies_it() -> None:
    one = told("delivered", MessageSid=None)
    assert (one.message_id, one.attempt_id, one.status) == (None, ATTEMPT, Status.DELIVERED)
    assert one.event_id != told("delivered", URL.replace("7d3a", "8d3a"), MessageSid=None).event_id
    assert told("delivered", "https://x/", MessageSid=None).event_id != one.event_id


@pytest.mark.parametrize(
    "url", ["", "https://[", "https://x/?attempt_id", f"https://x/{ATTEMPT}", f"https://x/#attempt_id={ATTEMPT}"]
)
def test_a_url_without_an_attempt(url: str) -> None:
    assert told("delivered", url).attempt_id is None


def test_the_first_attempt_in_the_url_is_taken() -> None:
    found = reports(RawRequest(f"{URL}&attempt_id=x", {}, twilio_form(), request(b"", {}).received_at))
    assert found[0].attempt_id == ATTEMPT
