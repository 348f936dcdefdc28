"""The main job over HTTP against `sendtrail up`: send, hear back, resend, see what became of it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.story import send, upload_invoice
from tests.support.system import System, system


@pytest.fixture
def on_kafka(database_url: str, tmp_path: Path, real_kafka: str) -> Iterator[System]:
    with system(database_url, tmp_path, real_kafka) as running:
        yield running


@pytest.fixture
def on_postgresql(database_url: str, tmp_path: Path) -> Iterator[System]:
    with system(database_url, tmp_path) as running:
        yield running


def happen(running: System, message_to: str, event: str) -> None:
    """The provider reports another event of the message that it took for this address."""
    listed = httpx.get(f"{running.simulator}/_control/messages").json()["messages"]
    (message,) = [m for m in listed if m["address"] == message_to]
    body = {"event": event}
    httpx.post(f"{running.simulator}/_control/messages/{message['id']}/events", json=body).raise_for_status()


@pytest.mark.real_kafka
def test_delivered_then_a_late_bounce_then_resent_with_the_consumer_killed_in_between(on_kafka: System) -> None:
    upload_invoice(on_kafka, "12345")
    first = send(on_kafka, "12345", "old@payer.example")
    assert on_kafka.attempt(first["id"], "delivered")["delivered_at"]
    on_kafka.kill("consume")
    happen(on_kafka, "old@payer.example", "bounced")
    failed = on_kafka.attempt(first["id"], "failed", within=60)
    assert failed["error"]["code"] == "hard_bounce"
    assert failed["delivered_at"], "that it was delivered once stays known"
    again = on_kafka.call(
        "POST", f"/v1/attempts/{first['id']}/resend", 202, json={"recipients": [{"address": "new@payer.example"}]}
    )
    on_kafka.attempt(again["id"], "delivered", within=60)
    (overview,) = on_kafka.call("GET", "/v1/communications")["data"]
    assert (overview["status"], overview["attempt_count"], overview["last_recipient"]) == (
        "delivered", 2, "new@payer.example",
    )  # fmt: skip
    log = on_kafka.call("GET", "/v1/attempts")["data"]
    assert [(a["cause"], a["status"]) for a in log] == [("resend", "delivered"), ("first", "failed")]
    whole = on_kafka.call("GET", f"/v1/communications/{overview['id']}")
    kinds = [entry["provider_event"] for entry in whole["timeline"] if entry["attempt_id"] == first["id"]]
    assert [k for k in kinds if k in ("processed", "delivered", "bounce")] == ["processed", "delivered", "bounce"]


def test_an_invoice_goes_out_over_two_channels(on_postgresql: System) -> None:
    upload_invoice(on_postgresql, "7")
    mail = send(on_postgresql, "7", "ap@payer.example")
    sms = send(on_postgresql, "7", "+32470123456", "sms")
    on_postgresql.attempt(mail["id"], "delivered")
    shown = on_postgresql.attempt(sms["id"], "delivered")
    assert (shown["channel"], shown["provider"], shown["recipient"]) == ("sms", "twilio", "+32470123456")
    assert len(on_postgresql.call("GET", "/v1/communications")["data"]) == 1
    status = on_postgresql.run("projection", "status")
    assert "overview" in status
    assert "No dead letter" in on_postgresql.run("dead-letter", "list")


def test_a_mail_carries_the_pdf_and_waits_for_it(on_postgresql: System) -> None:
    on_postgresql.call("PUT", "/v1/subjects/invoice/8", json={"number": "8", "customer": {"id": "C-1", "name": "P"}})
    waiting = send(on_postgresql, "8", "ap@payer.example")
    assert waiting["status"] == "collecting"
    upload_invoice(on_postgresql, "8")
    delivered = on_postgresql.attempt(waiting["id"], "delivered")
    assert [d["filename"] for d in delivered["documents"]] == ["8.pdf"]
    (message,) = httpx.get(f"{on_postgresql.simulator}/_control/messages").json()["messages"]
    (attachment,) = message["request"]["attachments"]
    assert attachment["type"] == "application/pdf"


def test_erasing_a_customer_forgets_what_is_personal_and_keeps_the_history(on_postgresql: System) -> None:
    upload_invoice(on_postgresql, "9", customer="C-9")
    sent = send(on_postgresql, "9", "ap@payer.example")
    on_postgresql.attempt(sent["id"], "delivered")
    on_postgresql.run("customer", "erase", "C-9", "--tenant", "acme", "--by", "dpo", "--yes")

    def look() -> str:
        text = on_postgresql.http.get(f"/v1/attempts/{sent['id']}").text
        return text if "ap@payer.example" not in text else ""

    forgotten = eventually(look)
    assert "delivered" in forgotten
    assert "Payer Ltd" not in on_postgresql.http.get("/v1/communications").text


def test_the_console_command_configures_an_installation(on_postgresql: System) -> None:
    """Tenant, key and connection as an administrator makes them; then a key of another tenant sees nothing."""
    upload_invoice(on_postgresql, "10")
    on_postgresql.run("tenant", "add", "other", "--resend-days", "30")
    assert "30 days" in on_postgresql.run("tenant", "list")
    key = on_postgresql.run("key", "add", "--tenant", "other").strip()
    with_key = {"Authorization": f"Bearer {key}"}
    unseen = httpx.get(f"{on_postgresql.address}/v1/communications?never_sent=true", headers=with_key)
    assert unseen.json()["data"] == []
    words = [
        "connection",
        "add",
        "mail",
        "--provider",
        "sendgrid",
        "--tenant",
        "other",
        "--set",
        "from_email=a@b.example",
    ]
    assert "api_key" in on_postgresql.run(*words, check=False)
    made = on_postgresql.run(*words, "--secret", "api_key=SG.x")
    assert f"{on_postgresql.address}/v1/webhooks/{made.split()[0]}" in made
    assert "connection set" in made, "it says that the webhook key is still missing"
    on_postgresql.run("connection", "set", made.split()[0], "--secret", "public_key=MFkw")
    assert "sendgrid" in on_postgresql.run("connection", "list", "--tenant", "other")
    assert "no tenant 'othr'" in on_postgresql.run("key", "add", "--tenant", "othr", check=False)
