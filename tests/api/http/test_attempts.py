"""Sending once."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from consumers.projector import Projector
from domain.values import Channel
from tests.api.service import UBL, Service, Tenant, order
from tests.support.installation import installed

PERSON = {"id": "u-7", "name": "Kim Vos"}


@pytest.fixture
def connected(acme: Tenant) -> Tenant:
    """A tenant with an invoice and a way to e-mail it."""
    acme.put(number="2026-0042", customer={"id": "c-19", "name": "Payer Ltd"})
    acme.connect()
    return acme


def test_an_attempt_answers_all_that_is_known_of_it(connected: Tenant) -> None:
    document = connected.upload()
    recipients = [
        {"address": "AP@Payer.Example", "name": "Accounts payable"},
        {"address": "boss@payer.example", "role": "cc"},
    ]
    found = connected.sent(
        recipients=recipients,
        language="nl-BE",
        requested_by=PERSON,
        message={"subject": "Your invoice", "text": "Dear payer,\n..."},
    )
    waits = {"status": "queued", "reason": None, "at": "2026-01-15T09:00:00Z"}
    expected = {
        "communication_id": str(UUID(found["communication_id"])),
        "cause": "first",
        "previous_attempt_id": None,
        "channel": "email",
        "provider": "sendgrid",
        "status": "queued",
        "status_group": "not_sent",
        "color": "grey",
        "recipient": "AP@payer.example",
        "recipient_count": 2,
        "recipients": [
            {"number": 1, "address": "AP@payer.example", "name": "Accounts payable", "role": "to", **waits},
            {"number": 2, "address": "boss@payer.example", "name": None, "role": "cc", **waits},
        ],
        "documents": [{k: document[k] for k in ("id", "format", "filename", "sha256", "size")}],
        "message": {"subject": "Your invoice", "text": "Dear payer,\n..."},
        "language": "nl-BE",
        "requested_by": PERSON,
        "tries": [],
        "error": None,
    }
    assert {name: found[name] for name in expected} == {**expected, **_at(connected, found)}
    assert isinstance(found["position"], int)


def _at(tenant: Tenant, found: dict[str, Any]) -> dict[str, Any]:
    """What the clock, which all tests share, says."""
    at = tenant.service.clock().isoformat().replace("+00:00", "Z")
    assert found["created_at"] == at
    return {"recipients": [r | {"at": at} for r in found["recipients"]]}


def test_what_a_write_answers_is_what_the_log_shows(own_service: Service) -> None:
    tenant = own_service.tenant()
    tenant.put(number="1", customer={"id": "c", "name": "Payer"})
    tenant.connect()
    tenant.upload()
    sent = tenant.sent(requested_by=PERSON)
    resent_path = f"/v1/attempts/{sent['id']}/resend"
    assert tenant.http.post(resent_path).status_code == 409
    with installed(
        own_service.owner.settings.database_url,
        own_service.owner.settings.data_dir,
        "sendtrail_worker",
        own_service.clock,
    ) as worker:
        Projector(worker.database, worker.keys).run_once()
    wait = {"wait_for": sent.pop("position")}
    logged = tenant.http.get("/v1/attempts", params=wait).json()["data"]
    assert logged == [sent]
    assert tenant.http.get("/v1/communications").json()["data"] == [tenant.subject()["communication"]]


def test_a_double_click_is_refused(connected: Tenant) -> None:
    connected.sent()
    again = connected.send(recipients=[{"address": "other@payer.example"}, {"address": "AP@PAYER.example"}])
    assert (again.status_code, again.json()["code"]) == (409, "attempt_open")
    assert connected.send(address="other@payer.example").status_code == 202


def test_an_unknown_subject_is_put_first(acme: Tenant) -> None:
    answer = acme.send()
    assert (answer.status_code, answer.json()["code"]) == (404, "subject_not_found")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"address": None}, "missing_contact"),
        ({"recipients": [{"address": ""}]}, "missing_contact"),
        ({"recipients": [{"name": "Jan"}]}, "missing_contact"),
        ({"recipients": [{"address": "a@b.example"}, {"address": " "}]}, "missing_contact"),
        ({"recipients": [{"address": "a@b.example", "role": "bcc"}]}, "missing_contact"),
        ({"channel": "sms", "address": "+32470123456"}, "no_connection"),
        ({"channel": "e_invoicing", "address": None}, "no_connection"),
        ({"channel": "manual", "address": None}, "manual_channel"),
    ],
)
def test_what_no_machine_can_send_needs_action(connected: Tenant, asked: dict[str, Any], reason: str) -> None:
    connected.upload()
    found = connected.sent(**asked)
    assert (found["status"], found["color"], found["reason"]) == ("needs_action", "amber", reason)
    named = asked.get("recipients", [{}] if asked.get("address") else [])
    assert found["recipient_count"] == len(named)


@pytest.mark.parametrize(("asked", "formats"), [({}, ["ubl"]), ({"documents": "pdf_ubl"}, ["pdf", "ubl"])])
def test_an_e_invoice_takes_the_ubl_along(connected: Tenant, asked: dict[str, Any], formats: list[str]) -> None:
    connected.connect(Channel.E_INVOICING, "phoss_ap")
    connected.upload()
    connected.upload(UBL, kind="ubl")
    found = connected.sent(channel="e_invoicing", address="0208:0123456789", **asked)
    assert (found["status"], [d["format"] for d in found["documents"]]) == ("queued", formats)


@pytest.mark.parametrize(
    ("channel", "address", "code"),
    [
        ("email", "not an address", "invalid_address"),
        ("email", "a@b", "invalid_address"),
        ("sms", "0470123456", "invalid_address"),
        ("sms", "+32", "invalid_address"),
        ("e_invoicing", "no-scheme", "invalid_address"),
    ],
)
def test_malformed_addresses_are_refused(acme: Tenant, channel: str, address: str, code: str) -> None:
    acme.put()
    recipients = [{"address": ""}, {"address": address}]
    answer = acme.send(channel=channel, recipients=recipients)
    assert answer.status_code == 422
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("recipients.1.address", code)]
    assert acme.attempt_count() == 0


def test_one_address_twice_is_refused(acme: Tenant) -> None:
    acme.put()
    answer = acme.send(recipients=[{"address": "a@b.example"}, {"address": "A@B.example", "role": "cc"}])
    assert (answer.status_code, answer.json()["code"]) == (422, "duplicate")


def test_only_e_mail_has_copies(acme: Tenant) -> None:
    acme.put()
    recipients = [{"address": "+32470123456"}, {"address": "+32470123457", "role": "cc"}]
    answer = acme.send(channel="sms", recipients=recipients)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_copies")


def test_connections_are_checked(connected: Tenant) -> None:
    sms = connected.connect(Channel.SMS, "twilio")
    elsewhere = connected.service.tenant().connect()
    for connection, code in (
        (uuid4(), "unknown_connection"),
        (elsewhere, "unknown_connection"),
        (sms, "wrong_channel"),
    ):
        answer = connected.send(connection_id=str(connection))
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["errors"][0]["field"] == "connection_id"
    found = connected.sent(channel="sms", address="+32 470 12 34 56", connection_id=str(sms))
    assert (found["connection_id"], found["provider"], found["recipient"]) == (str(sms), "twilio", "+32470123456")
    assert (found["documents"], found["status"]) == ([], "queued")


def test_a_needed_document_is_waited_for(connected: Tenant) -> None:
    assert connected.sent()["status"] == "collecting"
    connected.upload(UBL, kind="ubl")
    found = connected.sent(documents="ubl", address="two@payer.example")
    assert (found["status"], [d["format"] for d in found["documents"]]) == ("queued", ["ubl"])


@pytest.mark.parametrize(
    ("kind", "said", "subject", "text"),
    [
        ("invoice", {"number": "7"}, "Invoice 7", "Please find attached: Invoice 7."),
        ("invoice", {}, "Invoice 4711", "Please find attached: Invoice 4711."),
        (
            "reminder",
            {"number": "7", "balance_due": "121.00", "currency": "EUR", "url": "https://pay.example/7"},
            "Reminder 7",
            "Please find attached: Reminder 7.\n\nAmount due: 121.00 EUR.\n\nhttps://pay.example/7",
        ),
        (
            "credit_note",
            {"number": "7", "balance_due": "1.00", "currency": "EUR"},
            "Credit note 7",
            "Please find attached: Credit note 7.",
        ),
        ("other", {"number": "7", "label": "Packing list"}, "Packing list 7", "Please find attached: Packing list 7."),
        ("customer", {}, "Message", "Please find attached: Message."),
    ],
)
def test_a_message_is_made_from_the_subject(
    acme: Tenant, kind: str, said: dict[str, Any], subject: str, text: str
) -> None:
    acme.put(kind=kind, **said)
    found = acme.sent(subject={"type": kind, "external_id": "4711"})
    assert found["message"] == {"subject": subject, "text": text}


def test_the_rest_of_a_message_is_made(connected: Tenant) -> None:
    given = {"subject": "Hello", "text": "   "}
    assert connected.sent(message=given)["message"]["text"].startswith("Please find attached")
    sms = connected.sent(channel="sms", address="+32470123456", message={"text": "Pay now"})
    assert sms["message"] == {"subject": None, "text": "Pay now"}
    assert connected.sent(channel="manual", address=None)["message"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scheduled_at", "2026-01-15T09:00:00"),
        ("scheduled_at", "2026-01-15"),
        ("scheduled_at", 1_700_000_000),
        ("scheduled_at", "1700000000"),
        ("scheduled_at", "2028-01-15T09:00:00Z"),
        ("scheduled_at", "0001-01-01T00:00:00+14:00"),
        ("scheduled_at", "2026-13-45T99:00:00Z"),
        ("recipients", [{"address": f"a{i}@b.example"} for i in range(51)]),
        ("recipients", {"address": "a@b.example"}),
        ("recipients", [{"address": 7}]),
        ("recipients", [{"address": "a\x00@b.example"}]),
        ("message", {"text": "x" * 100_001}),
        ("message", {"subject": "a\r\nBcc: x@y.example"}),
        ("message", {"text": "\x07"}),
        ("message", {"html": "<b>"}),
        ("language", "english, please"),
        ("documents", "docx"),
        ("channel", "fax"),
        ("connection_id", "7"),
        ("requested_by", {}),
        ("requested_by", {"id": "u", "role": "x"}),
        ("subject", {"type": "invoice"}),
        ("subject", {"type": "bill", "external_id": "1"}),
    ],
)
def test_fields_are_checked(acme: Tenant, field: str, value: Any) -> None:
    acme.put()
    answer = acme.send(**{field: value})
    assert answer.status_code == 422
    assert {one["field"].partition(".")[0] for one in answer.json()["errors"]} == {field}
    assert acme.attempt_count() == 0


def test_a_scheduled_attempt_is_due_then(connected: Tenant) -> None:
    connected.upload()
    found = connected.sent(scheduled_at="2026-06-01T12:00:00+02:00")
    assert (found["status"], found["scheduled_at"]) == ("queued", "2026-06-01T10:00:00Z")
    with connected.service.owner.database.transaction() as connection:
        due = connection.execute("SELECT due_at::text FROM work.queue WHERE attempt_id = %s", (found["id"],)).fetchone()
    assert due == ("2026-06-01 10:00:00+00",)


def test_who_may_not_see_addresses_gets_none_from_a_write_either(connected: Tenant) -> None:
    answer = connected.client("send", sees_addresses=False).post("/v1/attempts", json=order())
    assert answer.status_code == 202
    assert (answer.json()["recipient"], answer.json()["message"]["text"]) == ("a***@payer.example", None)
    assert "ap@payer" not in answer.text
