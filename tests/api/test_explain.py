"""`sendtrail webhook explain`: one line in, one line out, whatever is in it."""

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.explain import explain, explain_lines
from tests.adapters.providers.kit import ATTEMPT, NOON, SENDGRID, TOKEN, TWILIO, URL, Side, twilio_form

EVERY = pytest.mark.parametrize("side", [SENDGRID, TWILIO], ids=lambda s: s.name)
KEY = {"sendgrid": "public_key", "twilio": "secret"}
FIELDS = ("message_id", "event_id", "recipient", "status", "reason", "buyer_response", "occurred_at")
MORE = ("provider_event", "diagnostic", "ignored")


def case(side: Side, **said: Any) -> dict[str, Any]:
    signed = side.signed(side.body("delivered"))
    given = {
        "id": "one",
        "provider": side.name,
        "kind": "webhook",
        "headers": {name.title(): value for name, value in signed.headers.items()},
        "url": signed.url,
        "body": signed.body.decode(),
        KEY[side.name]: side.key,
    } | said
    return {name: value for name, value in given.items() if value is not ...}


def told(case: object) -> dict[str, Any]:
    return explain(json.dumps(case))


@EVERY
def test_a_webhook(side: Side) -> None:
    answer = told(case(side))
    assert (answer["id"], answer["verified"], answer["error"]) == ("one", True, None)
    (report,) = answer["reports"]
    assert tuple(report) == FIELDS + MORE
    assert (report["status"], report["ignored"], report["provider_event"]) == ("delivered", False, "delivered")
    assert report["occurred_at"] == ("2026-01-15T12:00:00Z" if side is SENDGRID else None)


@EVERY
def test_a_forged_webhook_is_explained_and_not_verified(side: Side) -> None:
    answer = told(case(side, body=side.body("open" if side is SENDGRID else "read").decode()))
    assert answer["verified"] is False
    assert [r["status"] for r in answer["reports"]] == ["read"]
    assert "does not match" in answer["error"]


@EVERY
def test_without_a_key_nothing_is_said_of_authenticity(side: Side) -> None:
    answer = told(case(side, **{KEY[side.name]: ...}))
    assert (answer["verified"], answer["error"], len(answer["reports"])) == (None, None, 1)
    assert told(case(side, **{KEY[side.name]: ""}))["verified"] is False


@EVERY
def test_where_authenticity_is_the_question_it_is_answered(side: Side) -> None:
    assert told(case(side, kind="signature")) == {"id": "one", "verified": True, "reports": [], "error": None}
    wrong: list[dict[str, Any]] = [{"headers": {}}, {KEY[side.name]: ...}, {"body": "x"}, {"headers": None}]
    for changes in wrong:
        answer = told(case(side, kind="signature", **changes))
        assert answer["verified"] is False
        assert answer["error"]


def test_a_form_instead_of_a_body() -> None:
    pairs = parse_qsl(twilio_form().decode())
    for form in ([list(p) for p in pairs], dict(pairs), [*map(list, pairs), ["Blank", None]]):
        for body in (..., "", None):
            answer = told(case(TWILIO, form=form, body=body))
            assert (answer["verified"], answer["reports"][0]["status"]) == ("Blank" not in str(form), "delivered")


def test_the_attempt_is_not_part_of_the_answer_but_the_url_may_carry_it() -> None:
    assert ATTEMPT in URL
    assert ATTEMPT not in json.dumps(told(case(TWILIO)))


def test_answers_of_the_api() -> None:
    resource = {
        "sid": "SM1",
        "status": "undelivered",
        "error_code": 30003,
        "date_updated": "Thu, 15 Jan 2026 12:00:00 +0000",
    }
    pull = told({"id": 7, "provider": "twilio", "kind": "pull", "body": json.dumps(resource)})
    assert (pull["id"], pull["verified"]) == (7, None)
    assert [(r["status"], r["reason"], r["occurred_at"]) for r in pull["reports"]] == [
        ("failed", "unreachable", "2026-01-15T12:00:00Z")
    ]
    sent = told({"provider": "sendgrid", "kind": "send_response", "http_status": 202, "headers": {"X-Message-Id": "m"}})
    assert [(r["status"], r["message_id"]) for r in sent["reports"]] == [("sent", "m")]
    error = {"code": 21211, "message": "no", "status": 400}
    refused = told({"provider": "twilio", "kind": "send_response", "http_status": 400, "body": json.dumps(error)})
    assert [(r["status"], r["reason"]) for r in refused["reports"]] == [("rejected", "invalid_recipient")]
    assert told({"provider": "twilio", "kind": "pull", "body": "<html>"})["error"]


def test_what_cannot_be_read_says_why() -> None:
    answer = told(case(SENDGRID, body="not JSON", public_key=...))
    assert (answer["reports"], answer["verified"]) == ([], None)
    assert "not JSON" in answer["error"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "JSON"),
        ("[1]", "object"),
        ("7", "object"),
        ("[" * 100_000, "JSON"),
        ("{}", "provider"),
        ('{"provider": 7}', "provider"),
        ('{"provider": "pigeon"}', "twilio"),
        ('{"provider": "twilio", "kind": []}', "kind"),
        ('{"provider": "twilio", "form": 7}', "form"),
        ('{"provider": "twilio", "form": ["abc"]}', "form"),
        ('{"provider": "twilio", "headers": "x"}', "headers"),
        ('{"provider": "twilio", "url": {}}', "url"),
        ('{"provider": "smtp"}', "SMTP"),
    ],
)
def test_a_line_that_is_no_case_is_answered_with_its_error(line: str, says: str) -> None:
    answer = explain(line)
    assert says in answer["error"]
    assert (answer["verified"], answer["reports"]) == (None, [])


def test_one_answer_a_line_in_order_and_blank_lines_are_skipped() -> None:
    lines = [json.dumps(case(TWILIO, id=n)) + "\n" for n in range(3)]
    answers = [json.loads(a) for a in explain_lines([lines[0], "\n", "oops\n", lines[1], "  ", lines[2]])]
    assert [a["id"] for a in answers] == [0, None, 1, 2]
    assert [bool(a["error"]) for a in answers] == [False, True, False, False]


def test_the_clock_is_the_case_s_own() -> None:
    assert told(case(SENDGRID, now=int(NOON.timestamp())))["verified"] is True
    assert told(case(SENDGRID, now="junk"))["verified"] is True


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(TOKEN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["id", "headers", "url", "body", "form", "secret", "public_key", "certificate", "now", "http_status", "method"]


@given(
    said=st.dictionaries(st.sampled_from(NAMES), VALUES),
    provider=st.sampled_from(["sendgrid", "twilio", "smtp"]),
    kind=st.sampled_from(["webhook", "signature", "pull", "send_response", "document", "cert_url", "new"]),
)
def test_no_line_can_break_it(said: dict[str, Any], provider: str, kind: str) -> None:
    (answer,) = explain_lines([json.dumps(said | {"provider": provider, "kind": kind})])
    assert set(json.loads(answer)) == {"id", "verified", "reports", "error"}
    assert "\n" not in answer


@given(st.text())
def test_no_text_can_break_it(line: str) -> None:
    assert len(list(explain_lines([line]))) == bool(line.strip())


def test_a_setting_that_is_missing_is_named_alone() -> None:
    """The connection is made up, so its id would only confuse."""
    line = {"id": 1, "provider": "ses", "kind": "signature", "body": "{}"}
    assert told(line)["error"] == told(line)["error"] == "setting 'topic_arn' is missing"
