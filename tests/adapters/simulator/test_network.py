"""The access points of the e-invoicing network: what they refuse, and what they tell who asks."""

import base64
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from adapters.simulator.network import read_paper
from tests.adapters.providers.kit_peppol import BUYER, NUMBER, SELLER, invoice
from tests.adapters.simulator.lab import PATIENCE, Lab
from tests.support.eventually import eventually

STORECOVE, RECOMMAND, PHOSS = (
    {"Authorization": "Bearer key-1"},
    httpx.BasicAuth("key_1", "secret_1"),
    {"X-Token": "t-1"},
)


@pytest.fixture
def network(lab: Lab) -> Lab:
    hook = lab.receiver.url
    for account in (
        {"provider": "storecove", "key": "key-1", "webhook_url": f"{hook}/storecove"},
        {"provider": "recommand", "key": "key_1", "token": "secret_1", "webhook_url": f"{hook}/recommand"},
        {"provider": "phoss_ap", "key": "t-1", "webhook_url": f"{hook}/phoss"},
    ):
        lab.control("POST", "/accounts", account)
    return lab


def submission(document: bytes, **more: Any) -> dict[str, Any]:
    raw = {"document": base64.b64encode(document).decode(), "parseStrategy": "ubl"}
    return {
        "legalEntityId": 1,
        "routing": {"eIdentifiers": [{"scheme": "BE:EN", "id": BUYER.partition(":")[2]}]},
        "document": {"documentType": "invoice", "rawDocumentData": raw},
        **more,
    }


def to_storecove(lab: Lab, body: Any) -> httpx.Response:
    return lab.http.post("/api/v2/document_submissions", json=body, headers=STORECOVE)


def to_recommand(lab: Lab, body: Any) -> httpx.Response:
    return lab.http.post("/api/v1/c_1/send", json=body, auth=RECOMMAND)


def to_phoss(lab: Lab, body: bytes, receiver: str = BUYER, **query: str) -> httpx.Response:
    path = f"/api/outbound/submit-auto/{SELLER}/{receiver}/BE"
    return lab.http.post(path, content=body, params=query, headers=PHOSS)


def test_papers_are_invoices_and_credit_notes() -> None:
    found = read_paper(invoice())
    assert found is not None
    assert (found.number, found.kind, ":".join(found.seller), ":".join(found.buyer)) == (NUMBER, "380", SELLER, BUYER)
    assert found.document_type.endswith("2017:poacc:billing:3.0::2.1")
    credit = read_paper(invoice(root="CreditNote"))
    assert credit is not None
    assert credit.kind == "381"
    for other in (b"", b"<a/>", b"no xml", b"\xff\xfe", invoice(number=" ")):
        assert read_paper(other) is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda http: http.post("/api/v2/discovery/receives", json={}),
        lambda http: http.post("/api/v2/document_submissions", json={}),
        lambda http: http.get("/api/v2/webhook_instances/", headers={"Authorization": "Basic key-1"}),
        lambda http: http.delete("/api/v2/webhook_instances/x"),
        lambda http: http.post("/api/v1/verify", json={}, auth=("key_1", "wrong")),
        lambda http: http.post("/api/v1/c_1/send", json={}),
        lambda http: http.get("/api/v1/documents", headers={"Authorization": "Basic ???"}),
        lambda http: http.get("/api/v1/documents/doc_1", auth=("wrong", "secret_1")),
        lambda http: http.post("/api/outbound/submit-auto/a/b/BE"),
        lambda http: http.get("/api/outbound/status/x", headers={"X-Token": "wrong"}),
    ],
)
def test_strangers_are_turned_away(ask: Callable[[httpx.Client], httpx.Response], network: Lab) -> None:
    assert ask(network.http).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        submission(b"no xml"),
        submission(invoice()) | {"routing": {}},
        submission(invoice()) | {"legalEntityId": "one"},
        submission(invoice()) | {"document": {"rawDocumentData": {"document": "?"}}},
    ],
)
def test_storecove_refuses_what_it_cannot_understand(body: Any, network: Lab) -> None:
    answer = to_storecove(network, body)
    assert answer.status_code == 422
    assert {"source", "details"} == set(answer.json()[0])
    assert network.messages(provider="storecove") == []


def test_storecove_tells_every_event_once(network: Lab) -> None:
    guid = to_storecove(network, submission(invoice(), idempotencyGuid="g-1")).json()["guid"]
    told = [json.loads(webhook.body) for webhook in network.receiver.wait(2)]
    assert [one["event"] for one in told] == ["succeeded", "acknowledged"]
    assert {(one["guid"], one["idempotencyGuid"], one["event_type"]) for one in told} == {
        (guid, "g-1", "document_submission")
    }
    found = network.http.get(f"/api/v2/document_submissions/{guid}/evidence", headers=STORECOVE)
    assert found.json()["network"] == "peppol"
    assert network.http.get("/api/v2/document_submissions/x/evidence", headers=STORECOVE).status_code == 404
    assert network.http.get("/api/v2/webhook_instances/", headers=STORECOVE).status_code == 204


@pytest.mark.parametrize("known", [True, False])
def test_looking_up(known: bool, network: Lab) -> None:
    name = "0123456749" if known else "0123454004"
    asked = {"scheme": "BE:EN", "identifier": name, "network": "peppol"}
    found = network.http.post("/api/v2/discovery/receives", json=asked, headers=STORECOVE).json()
    assert found["code"] == ("OK" if known else "NOK")
    asked = {"peppolAddress": f"0208:{name}"}
    assert network.http.post("/api/v1/verify", json=asked, auth=RECOMMAND).json()["isValid"] is known


def test_a_look_up_of_nobody(network: Lab) -> None:
    assert network.http.post("/api/v2/discovery/receives", json={}, headers=STORECOVE).status_code == 422
    assert network.http.post("/api/v1/verify", json={}, auth=RECOMMAND).status_code == 400


@pytest.mark.parametrize(
    "body", [[], {}, {"documentType": "xml", "document": "no xml", "recipient": BUYER}, {"documentType": "invoice"}]
)
def test_recommand_refuses_what_it_cannot_understand(body: Any, network: Lab) -> None:
    answer = to_recommand(network, body)
    assert (answer.status_code, answer.json()["success"]) == (400, False)


def test_recommands_documents_in_pages(network: Lab) -> None:
    names = []
    for number in ("F-1", "F-2", "F-3"):
        body = {"documentType": "xml", "document": invoice(number).decode(), "recipient": "0208:0123451005"}
        names.append(to_recommand(network, body).json()["id"])

    def listed(**query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = network.http.get("/api/v1/documents", params=query, auth=RECOMMAND).json()[
            "documents"
        ]
        return found

    eventually(lambda: len(listed(direction="incoming")) == 3, PATIENCE)
    assert {d["id"] for d in listed(direction="outgoing")} == set(names)
    assert len(listed(limit="2")) == 2
    assert len({d["id"] for page in ("1", "2", "3") for d in listed(limit="2", page=page)}) == 6
    assert listed(companyId="c_2") == listed(**{"from": "2030-01-01T00:00:00Z"}) == []
    assert all("xml" not in d for d in listed())
    (first,) = [d for d in listed(direction="outgoing") if d["id"] == names[0]]
    assert (first["deliveryStatus"], first["receiverId"], first["senderId"]) == ("delivered", "0208:0123451005", SELLER)
    assert network.http.get("/api/v1/documents?limit=many", auth=RECOMMAND).status_code == 400
    assert network.http.get("/api/v1/documents/doc_x", auth=RECOMMAND).status_code == 404


def test_recommand_never_repeats_a_webhook(network: Lab) -> None:
    network.receiver.answers = [500]
    body = {"documentType": "xml", "document": invoice().decode(), "recipient": "0208:0123455555"}
    to_recommand(network, body)
    eventually(lambda: [c["state"] for c in network.callbacks()] == ["given_up"], PATIENCE)
    assert len(network.receiver.got) == 1


def test_phoss_keeps_its_transactions_under_the_envelopes_id(network: Lab) -> None:
    told = to_phoss(network, invoice(), sbdhInstanceID="env-1").json()
    assert (told["sbdhInstanceIdentifier"], told["sendingResult"], told["overallSuccess"]) == ("env-1", "SUCCESS", True)

    def state() -> dict[str, Any]:
        found: dict[str, Any] = network.http.get("/api/outbound/status/env-1", headers=PHOSS).json()
        return found

    eventually(lambda: state()["mlsStatus"] == "received_ap", PATIENCE)
    assert (state()["status"], state()["attemptCount"]) == ("sent", 1)
    assert state()["receiverID"] == f"iso6523-actorid-upis::{BUYER}"
    assert network.http.get("/api/outbound/status/env-2", headers=PHOSS).status_code == 404
    assert network.receiver.got == []


def test_phoss_forwards_what_the_buyer_answers_in_its_envelope(network: Lab) -> None:
    to_phoss(network, invoice(), "0208:0123451003")
    (webhook,) = network.receiver.wait(1)
    root = ET.fromstring(webhook.body)
    assert root.tag.endswith("}StandardBusinessDocument")
    codes = [e.text for e in root.iter() if e.tag.endswith("}ResponseCode")]
    assert codes == ["CA"]
    assert [e.text for e in root.iter() if e.tag.endswith("}AttributeID")] == ["BT-9"]
    assert webhook.headers["content-type"] == "application/xml"


def test_phoss_refuses_what_is_no_invoice(network: Lab) -> None:
    assert to_phoss(network, b"<a/>").status_code == 400


def test_what_happens_on_request(network: Lab) -> None:
    guid = to_storecove(network, submission(invoice())).json()["guid"]
    network.receiver.wait(2)
    network.control("POST", f"/messages/{guid}/events", {"event": "paid"})
    assert json.loads(network.receiver.wait(3)[2].body)["event"] == "paid"
    network.control("POST", f"/messages/{guid}/events", {"event": "opened"}, 422)
