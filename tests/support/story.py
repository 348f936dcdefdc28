"""What tests over HTTP do again and again: an invoice with its PDF, and sending it."""

from typing import Any

from api.demo.sample_invoice import sample_pdf
from tests.support.system import System


def upload_invoice(running: System, number: str, customer: str = "C-1") -> None:
    """The subject and its PDF."""
    path = f"/v1/subjects/invoice/{number}"
    details = {
        "number": number,
        "total": "121.00",
        "currency": "EUR",
        "customer": {"id": customer, "name": "Payer Ltd"},
    }
    running.call("PUT", path, json=details)
    files = {"file": (f"{number}.pdf", sample_pdf([f"Invoice {number}"]), "application/pdf")}
    running.call("POST", f"{path}/documents", 201, files=files, data={"format": "pdf"})


def order(number: str, address: str, channel: str = "email") -> dict[str, Any]:
    """The body of POST /v1/attempts."""
    subject = {"type": "invoice", "external_id": number}
    return {"subject": subject, "channel": channel, "recipients": [{"address": address}]}


def send(running: System, number: str, address: str, channel: str = "email") -> dict[str, Any]:
    found: dict[str, Any] = running.call("POST", "/v1/attempts", 202, json=order(number, address, channel))
    return found
