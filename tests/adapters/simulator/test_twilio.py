"""The Twilio side, spoken to with Twilio's own library and over plain HTTP."""

from datetime import date
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.adapters.simulator.lab import SID, TOKEN, Lab
from tests.support.eventually import eventually

MOBILE = "+32470000042"
SENDER = "+32460000001"


class Redirected(TwilioHttpClient):  # type: ignore[misc]  # the library has no types
    """The library knows only its own host, so its requests are turned to the simulator."""

    def __init__(self, url: str) -> None:
        super().__init__(timeout=15)
        self.url = url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return super().request(method, f"{self.url}{parts.path}{query}", *args, **kwargs)


@pytest.fixture
def client(lab: Lab) -> Any:
    http = Redirected(lab.url)
    yield Client(SID, TOKEN, http_client=http)
    http.session.close()


def test_the_official_library_sends_and_its_validator_accepts_the_callbacks(lab: Lab, client: Any) -> None:
    url = f"{lab.receiver.url}/sms/c-1?attempt=a-17&recipient=1"
    message = client.messages.create(to=MOBILE, from_=SENDER, body="Invoice 17", status_callback=url)

    assert (message.status, message.error_code, message.num_segments) == ("queued", None, "1")
    assert message.sid.startswith("SM")
    webhooks = lab.receiver.wait(2)
    assert [webhook.form["MessageStatus"] for webhook in webhooks] == ["sent", "delivered"]
    assert len({webhook.headers["i-twilio-idempotency-token"] for webhook in webhooks}) == 2
    for webhook in webhooks:
        assert webhook.path == "/sms/c-1?attempt=a-17&recipient=1"
        assert webhook.headers["content-type"].startswith("application/x-www-form-urlencoded")
        assert webhook.form["MessageSid"] == webhook.form["SmsSid"] == message.sid
        assert (webhook.form["To"], webhook.form["From"], webhook.form["AccountSid"]) == (MOBILE, SENDER, SID)
        signature = webhook.headers["x-twilio-signature"]
        assert RequestValidator(TOKEN).validate(url, webhook.form, signature)
        assert not RequestValidator("other").validate(url, webhook.form, signature)
        assert not RequestValidator(TOKEN).validate(url + "0", webhook.form, signature)
    assert webhooks[1].form["RawDlrDoneDate"] == "2601151200"


def test_the_official_library_asks(lab: Lab, client: Any) -> None:
    sent = client.messages.create(to="+32470003005", from_=SENDER, body="-", status_callback=lab.receiver.url)
    lab.receiver.wait(2)
    found = client.messages(sent.sid).fetch()
    assert (found.status, found.error_code, found.to) == ("undelivered", 30005, "+32470003005")
    assert found.date_sent.isoformat() == "2026-01-15T12:00:00+00:00"
    with pytest.raises(TwilioRestException) as missing:
        client.messages("SM" + "0" * 32).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)


def test_the_official_library_lists_page_by_page(lab: Lab, client: Any) -> None:
    sids = [client.messages.create(to=MOBILE, from_=SENDER, body=str(n)).sid for n in range(5)]
    client.messages.create(to="+32470000099", from_=SENDER, body="other")
    noon = date(2026, 1, 15)
    found = client.messages.list(to=MOBILE, from_=SENDER, date_sent=noon, page_size=2)
    assert [message.sid for message in found] == sids[::-1]
    assert client.messages.list(to=MOBILE, date_sent=date(2026, 1, 16)) == []
    assert len(client.messages.list(date_sent_after=noon, limit=3)) == 3
    assert client.messages.list(date_sent_before=date(2026, 1, 14)) == []
    assert lab.messages(provider="twilio", to=MOBILE)[0]["taken"] is True


def test_the_official_library_gets_the_errors_it_knows(lab: Lab, client: Any) -> None:
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to="+32470001610", from_=SENDER, body="-")
    assert (refused.value.status, refused.value.code) == (400, 21610)
    http = Redirected(lab.url)
    with pytest.raises(TwilioRestException) as unknown:
        Client(SID, "wrong", http_client=http).messages.create(to=MOBILE, from_=SENDER, body="-")
    http.session.close()
    assert (unknown.value.status, unknown.value.code) == (401, 20003)


@pytest.mark.parametrize(
    ("digits", "statuses", "code"),
    [
        ("3001", ["failed"], "30001"),
        ("3003", ["sent", "undelivered"], "30003"),
        ("3004", ["sent", "undelivered"], "30004"),
        ("3006", ["sent", "undelivered"], "30006"),
        ("3007", ["sent", "undelivered"], "30007"),
        ("3008", ["sent", "undelivered"], "30008"),
        ("8888", ["sent", "delivered", "read"], None),
        ("2222", ["sent", "sent", "delivered", "delivered"], None),
        ("4321", ["delivered", "sent"], None),
        ("0501", ["sent", "delivered"], None),
        ("0000", ["sent", "delivered"], None),
    ],
)
def test_the_last_digits_decide_what_happens(lab: Lab, digits: str, statuses: list[str], code: str | None) -> None:
    lab.sms(f"+3247012{digits}")
    webhooks = lab.receiver.wait(len(statuses))
    assert [webhook.form["MessageStatus"] for webhook in webhooks] == statuses
    assert webhooks[-1].form.get("ErrorCode") == code


@pytest.mark.parametrize(("digits", "code"), [("1211", 21211), ("1408", 21408), ("1610", 21610), ("1614", 21614)])
def test_a_number_that_is_refused(lab: Lab, digits: str, code: int) -> None:
    answer = lab.sms(f"+3247012{digits}")
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (400, 400, code)
    assert body["more_info"].endswith(str(code))
    assert body["message"]
    assert lab.messages(taken="true") == []


def test_an_undelivered_message_may_be_delivered_after_all(lab: Lab) -> None:
    lab.sms("+32470123033")
    lab.receiver.wait(2)
    lab.hurry(lambda: len(lab.happened(lab.messages()[0])) == 3)
    webhooks = lab.receiver.wait(3)
    assert [webhook.form["MessageStatus"] for webhook in webhooks] == ["sent", "undelivered", "delivered"]


def test_a_carrier_that_never_confirms_leaves_the_message_sent(lab: Lab) -> None:
    sid = lab.sms("+32470125555").json()["sid"]
    lab.receiver.wait(1)
    found = lab.http.get(f"/2010-04-01/Accounts/{SID}/Messages/{sid}.json", auth=(SID, TOKEN)).json()
    assert (found["status"], found["error_code"]) == ("sent", None)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "0470 12 34 56"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "not a sender!!"}, 21212),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"StatusCallback": "not a url"}, 21609),
    ],
)
def test_a_message_that_twilio_refuses(lab: Lab, form: dict[str, str], code: int) -> None:
    answer = lab.sms(**{"to": MOBILE, **form}) if "To" not in form else lab.sms(form["To"])
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert lab.messages() == []


@pytest.mark.parametrize("sender", ["Acme Ltd", "8080", SENDER, "whatsapp:+32460000001"])
def test_senders_that_twilio_takes(lab: Lab, sender: str) -> None:
    assert lab.sms(MOBILE, From=sender).status_code == 201


def test_a_messaging_service_starts_at_accepted(lab: Lab) -> None:
    answer = lab.sms(MOBILE, From="", MessagingServiceSid="MG" + "1" * 32)
    assert (answer.json()["status"], answer.json()["from"]) == ("accepted", None)
    [webhook] = lab.receiver.wait(1)[:1]
    assert webhook.form["MessagingServiceSid"] == "MG" + "1" * 32


@pytest.mark.parametrize(
    ("text", "segments"),
    [("x" * 160, "1"), ("x" * 161, "2"), ("é" * 160, "1"), ("ł" * 70, "1"), ("ł" * 71, "2"), ("x" * 460, "4")],
)
def test_segments_are_counted_in_the_alphabet_of_the_text(lab: Lab, text: str, segments: str) -> None:
    assert lab.sms(MOBILE, Body=text).json()["num_segments"] == segments


def test_rate_limit_outage_and_time_out(lab: Lab) -> None:
    first, second, third = (lab.sms("+32470120429") for _ in range(3))
    assert [first.status_code, second.status_code, third.status_code] == [429, 429, 201]
    assert (first.json()["code"], first.headers["Retry-After"]) == (20429, "1")
    assert lab.sms("+32470120500").status_code == 500
    with pytest.raises(httpx.TransportError):
        lab.sms("+32470120409")
    query = {"To": "+32470120409", "From": SENDER, "DateSent": "2026-01-15"}
    listed = f"/2010-04-01/Accounts/{SID}/Messages.json"
    eventually(
        lambda: (
            [m["status"] for m in lab.http.get(listed, params=query, auth=(SID, TOKEN)).json()["messages"]]
            == ["delivered"]
        )
    )
    assert lab.callbacks(message=lab.messages(to="+32470120409")[0]["id"]) == []


def test_no_retry_after_an_answer_unless_the_url_asks_for_it(lab: Lab) -> None:
    lab.receiver.answers = [500]
    lab.sms("+32470125555")
    eventually(lambda: [callback["state"] for callback in lab.callbacks()] == ["given_up"])
    lab.control("POST", "/reset")
    lab.receiver.answers = [500, 503]
    lab.sms("+32470125555", StatusCallback=f"{lab.receiver.url}/sms?a=1#rc=2&rp=5xx")
    _, first, second, third = lab.receiver.wait(4)
    assert first.path == "/sms?a=1", "the fragment is not sent"
    token = "i-twilio-idempotency-token"
    assert first.headers[token] == second.headers[token] == third.headers[token]
    url = f"{lab.receiver.url}/sms?a=1"
    assert RequestValidator(TOKEN).validate(url, third.form, third.headers["x-twilio-signature"])


def test_a_form_over_the_limit_is_refused(lab: Lab) -> None:
    assert lab.sms(MOBILE, Extra="x" * 300_000).status_code == 413


@pytest.mark.parametrize("query", ["PageSize=0", "PageSize=x", "Page=-1", "DateSent=yesterday", "DateSent%3E=1"])
def test_a_list_that_cannot_be_read(lab: Lab, query: str) -> None:
    answer = lab.http.get(f"/2010-04-01/Accounts/{SID}/Messages.json?{query}", auth=(SID, TOKEN))
    assert answer.status_code == 400


def test_one_account_does_not_see_the_other(lab: Lab) -> None:
    sid = lab.sms(MOBILE).json()["sid"]
    other = lab.control("POST", "/accounts", {"provider": "twilio"})
    auth = (other["key"], other["token"])
    path = f"/2010-04-01/Accounts/{other['key']}/Messages"
    assert lab.http.get(f"{path}.json", auth=auth).json()["messages"] == []
    assert lab.http.get(f"{path}/{sid}.json", auth=auth).status_code == 404
    assert lab.http.get(f"/2010-04-01/Accounts/{SID}/Messages/{sid}.json", auth=auth).status_code == 401
