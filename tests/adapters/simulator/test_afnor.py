"""The simulated platform with the Flow Service of XP Z12-013."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import pyfrctc
import pytest

from tests.adapters.simulator.french import FLOWS, KEY, SECRET, Platform, document
from tests.adapters.simulator.lab import NOON, Lab, Webhook
from tests.support.eventually import eventually

LC = "CustomerInvoiceLC"


@pytest.fixture
def platform(lab: Lab) -> Platform:
    return Platform(lab)


def messages(platform: Platform, flow: str) -> list[dict[str, Any]]:
    """The life-cycle messages about a flow, oldest first, as another program reads them; it checks their schema."""
    found = platform.search(flowType=[LC]).json()["results"]
    mine = [one["flowId"] for one in found if one["flowId"].startswith(flow)]
    return [pyfrctc.parse_cdar(platform.get(f"{FLOWS}/{name}", docType="Original").content) for name in mine]


def codes(platform: Platform, flow: str) -> list[str]:
    return [one["status_code"] for one in messages(platform, flow)]


def test_an_invoice_goes_its_way(platform: Platform) -> None:
    flow = platform.sent(trackingId="track-1", flowProfile="CIUS")
    eventually(lambda: platform.acknowledged(flow) == "Ok" and codes(platform, flow) == ["200", "203"], 15)
    told = platform.get(f"{FLOWS}/{flow}").json()
    assert (told["trackingId"], told["flowProfile"], told["flowSyntax"]) == ("track-1", "CIUS", "UBL")
    assert (told["flowType"], told["flowDirection"]) == ("CustomerInvoice", "Out")
    assert platform.get(f"{FLOWS}/{flow}", docType="Original").content == document()


@pytest.mark.parametrize(
    ("digits", "code", "reason"),
    [
        ("1001", "204", None),
        ("1002", "207", "CMD_ERR"),
        ("1003", "206", "QTE_ERR"),
        ("1004", "210", "QTE_ERR"),
        ("1005", "205", None),
        ("2001", "213", "REJ_SEMAN"),
    ],
)
def test_what_is_said_of_an_invoice(digits: str, code: str, reason: str | None, platform: Platform) -> None:
    flow = platform.sent(digits)
    eventually(lambda: codes(platform, flow)[-1:] == [code], 15)
    newest = messages(platform, flow)[-1]
    assert newest["invoice_number"] == f"FA-{digits}"
    assert newest["lc_datetime"].isoformat() == "2026-01-15T13:00:00"  # French time
    assert [one.get("reason_code") for one in newest["doc_status"]] == ([reason] if reason else [])


def test_what_happens_later_happens_when_it_is_time(platform: Platform) -> None:
    flow = platform.sent("1006")
    eventually(lambda: codes(platform, flow)[-1:] == ["205"], 15)
    platform.lab.hurry(lambda: codes(platform, flow)[-1] == "211")
    platform.lab.control("POST", f"/messages/{flow}/events", {"event": "misdirected"})
    assert codes(platform, flow)[-1] == "221"


def test_a_flow_can_fail(platform: Platform) -> None:
    flow = platform.sent("2003")
    eventually(lambda: platform.acknowledged(flow) == "Error", 15)
    (detail,) = platform.get(f"{FLOWS}/{flow}").json()["acknowledgement"]["details"]
    assert (detail["level"], detail["reasonCode"]) == ("Error", "OtherTechnicalError")


def test_until_anything_happens_a_flow_is_pending(open_lab: Callable[..., Lab]) -> None:
    platform = Platform(open_lab(delay=3600))
    flow = platform.sent()
    assert platform.acknowledged(flow) == "Pending"
    platform.lab.hurry(lambda: platform.acknowledged(flow) == "Ok")


# callbacks


def subscribed(platform: Platform, fragment: str = "") -> bytes:
    """The signing key."""
    answer = platform.post("/flow-service/v1/webhooks", {"callbackUrl": f"{platform.lab.receiver.url}/afnor{fragment}"})
    assert answer.status_code == 201
    return base64.b64decode(answer.json()["signingKey"], validate=True)


def signed(webhook: Webhook) -> tuple[bytes, bytes]:
    """What is signed directly, and the signature."""
    payload = webhook.body + b"@" + webhook.headers["afnor-signature-timestamp"].encode()
    return payload, base64.b64decode(webhook.headers["afnor-signature"], validate=True)


def test_the_acknowledgement_is_called_back(platform: Platform) -> None:
    key = subscribed(platform)
    flow = platform.sent("1005")
    (webhook,) = platform.lab.receiver.wait(1)
    payload, signature = signed(webhook)
    assert signature == hmac.digest(key, payload, "sha256")
    assert webhook.headers["afnor-signature-timestamp"] == str(int(NOON.timestamp()))
    told = json.loads(webhook.body)
    assert (told["flowId"], told["acknowledgement"]) == (flow, {"status": "Ok"})
    eventually(lambda: codes(platform, flow)[-1:] == ["205"], 15)
    assert len(platform.lab.callbacks()) == 1  # what the buyer says is fetched


def test_a_platform_that_takes_the_standard_by_its_letter(platform: Platform) -> None:
    key = subscribed(platform, "#fingerprint")
    platform.sent()
    (webhook,) = platform.lab.receiver.wait(1)
    payload, signature = signed(webhook)
    assert signature == hmac.digest(key, hashlib.sha256(payload).digest(), "sha256")
    assert webhook.path == "/afnor"


# what is refused


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errorCode"]


def test_what_is_refused(platform: Platform) -> None:
    assert refused(platform.send(document("4022"))) == (422, "UNPROCESSABLE_ENTITY")
    assert refused(platform.send(b"%PDF")) == (400, "MISSING_REQUIRED_FIELD")
    assert refused(platform.send(document(), sha256="0" * 64)) == (400, "CHECKSUM_MISMATCH")
    platform.sent(sha256=hashlib.sha256(document()).hexdigest())
    assert refused(platform.send(document())) == (409, "ALREADY_EXISTING_FLOW")
    assert refused(platform.get(f"{FLOWS}/nothing")) == (404, "MISSING_RESOURCE")
    for where in ({}, {"flowType": 7}, {"updatedAfter": "yesterday"}):
        assert platform.search(**where).status_code == 400
    assert platform.post(f"{FLOWS}/search", [1]).status_code == 400
    assert platform.post("/flow-service/v1/webhooks", {}).status_code == 400


def test_what_is_too_large_is_not_read(open_lab: Callable[..., Lab]) -> None:
    assert refused(Platform(open_lab(max_body=100)).send(document())) == (413, "FILE_SIZE_EXCEEDED")


def test_nothing_is_told_without_a_token(platform: Platform) -> None:
    platform.token = "x"
    for answer in (
        platform.send(document()),
        platform.search(trackingId="a"),
        platform.get(f"{FLOWS}/a"),
        platform.post("/flow-service/v1/webhooks", {}),
    ):
        assert refused(answer) == (401, "MISSING_TOKEN")


def test_misbehaviour(platform: Platform) -> None:
    assert [platform.send(document("0429")).status_code for _ in range(3)] == [429, 429, 202]
    assert platform.send(document("0500")).status_code == 500
    with pytest.raises(httpx.HTTPError):
        platform.send(document("0410"))


# the search


def test_the_search(platform: Platform) -> None:
    flows = [platform.sent(digits, trackingId=digits) for digits in ("5555", "6789", "6790")]
    eventually(lambda: [platform.acknowledged(flow) for flow in flows] == ["Ok"] * 3, 15)
    found = platform.search(trackingId="6789").json()
    assert [one["flowId"] for one in found["results"]] == [flows[1]]
    assert found["filters"] == {"trackingId": "6789"}
    pages = [platform.search(2, cursor, flowType=["CustomerInvoice"]).json() for cursor in ("", "2")]
    assert [len(page["results"]) for page in pages] == [2, 1]
    assert [page.get("nextCursor") for page in pages] == ["2", None]
    assert len(platform.search(flowDirection=["In"], ackStatus="Ok").json()["results"]) >= 3
    assert platform.search(updatedAfter="2026-01-15T12:00:00Z").json()["results"] == []
    assert platform.search(updatedBefore="2026-01-15T12:00:00Z").json()["results"] == []
    assert platform.search(updatedAfter="2026-01-15T11:59:59.999Z", flowType=[LC]).json()["results"]


def test_a_client_that_others_wrote_gets_along_with_it(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the simulator has no TLS
    here = {
        "afnor_base_url": platform.lab.url,
        "token_url": f"{platform.lab.url}/auth-service/token",
        "label": "simulator",
    }
    monkeypatch.setitem(pyfrctc.pyfrctc.PLATFORMS, "superpdp", here)
    known: dict[str, Any] = {"access_token": None, "expires_at": None}
    session = pyfrctc.get_session(
        "superpdp", "client_credentials", "us", lambda _: known, known.update, KEY, client_secret=SECRET
    )
    with session:
        flow = pyfrctc.send_flow_parsed(session, document(), "a.xml", "UBL", "B2B")["flowId"]
        eventually(lambda: pyfrctc.get_flow_metadata_parsed(session, flow)["state"] == "done", 15)
        eventually(lambda: len(codes(platform, flow)) == 2, 15)
        found = pyfrctc.search_flows_parsed(session, "2026-01-15T11:00:00Z", "In", LC)
        read = [pyfrctc.parse_cdar(pyfrctc.get_flow(session, one["flowId"], "Original")) for one in found]
    assert {(one["status_code"], one["invoice_number"]) for one in read} == {("200", "FA-6789"), ("203", "FA-6789")}
    assert known["access_token"]
