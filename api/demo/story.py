"""The story: invoice 12345 fails on 15 January and succeeds when resent on the 16th; 12346 goes out by SMS."""

from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from adapters.clock import FileClock
from api.demo.client import Client, StoryError
from api.demo.narrator import Narrator, day
from api.demo.sample_invoice import sample_pdf

FIRST_DAY = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
SECOND_DAY = datetime(2026, 1, 16, 8, 30, tzinfo=UTC)
WRONG_ADDRESS, RIGHT_ADDRESS, PHONE = "bounce@customer.example", "accounts@customer.example", "+32470123456"
ANNA = {"id": "anna", "name": "Anna Peeters"}


class Story:
    """Told on a running installation, whose clock it moves. Raises StoryError where Sendtrail does not do its part."""

    def __init__(self, client: Client, narrator: Narrator, clock: FileClock, console: Console) -> None:
        self.client = client
        self.narrator = narrator
        self.clock = clock
        self.console = console

    def tell(self) -> None:
        self._day(FIRST_DAY)
        self.say("The ERP says what invoice 12345 is, and uploads its PDF.")
        self.subject("12345", "1210.00")
        self.say("Anna sends it by e-mail, to an address that does not exist.")
        first = self.send("12345", "email", WRONG_ADDRESS)
        failed = self.wait_until(first["id"], "failed")
        self.say(f"It failed: {failed['error']['title'].lower()}.")
        self.say(f"Next step: {failed['error']['next_step']}")
        self._day(SECOND_DAY)
        self.say("Anna corrects the address and resends.")
        again = self.client.call(
            "POST",
            f"/v1/attempts/{first['id']}/resend",
            json={"recipients": [{"address": RIGHT_ADDRESS}], "requested_by": ANNA},
        )
        self.wait_until(again["id"], "delivered")
        self._show_invoice()
        self.say("Invoice 12346 goes out by SMS.")
        self.subject("12346", "55.00")
        by_sms = self.send("12346", "sms", PHONE)
        self.wait_until(by_sms["id"], "delivered")

    def wait_until(self, attempt_id: str, status: str) -> dict[str, Any]:
        """The attempt, once it shows the status and the narrator has said so."""
        found = self.client.wait_until(attempt_id, status)
        self.narrator.wait_until_said(attempt_id, status)
        return found

    def say(self, text: str) -> None:
        self.console.print(f"  {text}", highlight=False)

    def subject(self, number: str, total: str) -> None:
        path = f"/v1/subjects/invoice/{number}"
        customer = {"id": "C-7", "name": "Peeters & Zonen"}
        details = {"number": number, "total": total, "balance_due": total, "currency": "EUR", "customer": customer}
        self.client.call("PUT", path, json=details)
        pdf = sample_pdf(["Invoice " + number, "", f"Total: EUR {total}", "Thank you for your business."])
        files = {"file": (f"invoice-{number}.pdf", pdf, "application/pdf")}
        self.client.call("POST", f"{path}/documents", files=files, data={"format": "pdf"})

    def send(self, number: str, channel: str, address: str) -> dict[str, Any]:
        order = {
            "subject": {"type": "invoice", "external_id": number},
            "channel": channel,
            "recipients": [{"address": address}],
            "requested_by": ANNA,
        }
        return self.client.call("POST", "/v1/attempts", json=order, headers={"Idempotency-Key": f"demo-{number}"})

    def _day(self, moment: datetime) -> None:
        self.clock.set(moment)
        self.console.print(f"\n[bold]{day(moment)}[/bold]", highlight=False)

    def _show_invoice(self) -> None:
        overview = self.client.call("GET", "/v1/communications", params={"q": "12345"})["data"]
        log = self.client.call("GET", "/v1/attempts", params={"q": "12345"})["data"]
        if len(overview) != 1 or overview[0]["status"] != "delivered" or len(log) != 2:
            raise StoryError("the overview should have one line that is delivered, and the log two")
        self.console.print()
        self.console.print(_table("Overview: a line an invoice", overview, "last_recipient", "last_sent_at"))
        self.console.print()
        self.console.print(_table("Log: a line an attempt", log, "recipient", "shipped_at"))
        self.console.print()


def _table(title: str, rows: list[dict[str, Any]], recipient: str, moment: str) -> Table:
    table = Table("at", "invoice", "to", "status", title=f"  {title}", title_justify="left", box=None, padding=(0, 2))
    for row in rows:
        why = f" ({row['reason']})" if row["reason"] else ""
        color = {"red": "red", "green": "green"}.get(row["color"], "white")
        at = datetime.fromisoformat(row[moment])
        status = f"[{color}]{row['status']}[/{color}]{why}"
        table.add_row(f"{at:%-d %b}", row["subject"]["number"], row[recipient] or "-", status)
    return table
