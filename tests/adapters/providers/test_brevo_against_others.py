"""Brevo's own client as the other side of the wire: against the simulator, and beside ours."""

import base64
from typing import Any

import httpx
import pytest
from brevo import BadRequestError, Brevo, UnauthorizedError
from brevo.core.api_error import ApiError

from adapters.providers.brevo.asking import EVENTS
from adapters.providers.brevo.sending import message
from adapters.providers.port import Lookup
from adapters.providers.registry import provider
from domain.status import Status
from tests.adapters.providers.kit import ATTEMPT
from tests.adapters.providers.simulated import counting, heard, lab, simulator
from tests.adapters.providers.test_brevo_against_simulator import DELIVERED, KEY, TAKEN, account
from tests.adapters.providers.test_sendgrid_sending import OUTGOING
from tests.adapters.simulator.lab import Lab

__all__ = ["lab", "simulator"]


@pytest.fixture
def theirs(lab: Lab, client: httpx.Client) -> Brevo:
    return Brevo(base_url=f"{lab.url}/v3", api_key=KEY, max_retries=0, httpx_client=client)


def letter(name: str) -> dict[str, Any]:
    return {
        "sender": {"email": "bills@seller.example"},
        "to": [{"email": f"{name}@payer.example", "name": "Ada Payer"}],
        "subject": "I-7",
        "text_content": "Please pay.",
        "headers": {"X-Mailin-custom": ATTEMPT},
        "tags": [ATTEMPT],
        "attachment": [{"name": "a.pdf", "content": base64.b64encode(b"%PDF").decode()}],
    }


def test_their_client_sends_over_the_simulator_and_we_hear_and_ask(
    lab: Lab, theirs: Brevo, client: httpx.Client
) -> None:
    at = account(lab)
    sent = theirs.transactional_emails.send_transac_email(**letter("anyone"))
    message_id = str(sent.message_id).strip("<>")
    assert counting(heard(lab, at, 2)) == {TAKEN, DELIVERED}
    asked = provider("brevo").status(Lookup(ATTEMPT, message_id), at, client)
    assert counting(asked) == {TAKEN, DELIVERED}
    assert {r.message_id for r in asked} == {message_id}


def test_their_client_reads_the_simulators_report(lab: Lab, theirs: Brevo) -> None:
    at = account(lab)
    sent = theirs.transactional_emails.send_transac_email(**letter("bounce"))
    heard(lab, at, 2)
    report = theirs.transactional_emails.get_email_event_report(message_id=sent.message_id, limit=10)
    assert [(e.event, e.email) for e in report.events or []] == [
        ("hardBounces", "bounce@payer.example"),
        ("requests", "bounce@payer.example"),
    ]
    assert not theirs.transactional_emails.get_email_event_report(message_id="<nobody@x>").events


def test_their_client_understands_refusals(lab: Lab, theirs: Brevo, client: httpx.Client) -> None:
    account(lab)
    for name, error in (("refused", BadRequestError), ("ratelimited", ApiError), ("outage", ApiError)):
        with pytest.raises(error):
            theirs.transactional_emails.send_transac_email(**letter(name))
    stranger = Brevo(base_url=f"{lab.url}/v3", api_key="wrong", max_retries=0, httpx_client=client)
    with pytest.raises((UnauthorizedError, ApiError)) as refused:
        stranger.transactional_emails.get_email_event_report()
    assert refused.value.status_code == 401


def test_what_we_send_is_what_their_client_sends(lab: Lab, theirs: Brevo, client: httpx.Client) -> None:
    at = account(lab)
    ours = message(OUTGOING, at)
    words = {"textContent": "text_content", "htmlContent": "html_content"}
    theirs.transactional_emails.send_transac_email(**{words.get(name, name): value for name, value in ours.items()})
    provider("brevo").send(OUTGOING, at, client)
    first, second = (m["request"] for m in lab.messages(to="ap@payer.example"))
    assert first == second == ours


def test_every_event_that_their_client_knows_means_something() -> None:
    from brevo.transactional_emails.types.get_email_event_report_response_events_item_event import (
        GetEmailEventReportResponseEventsItemEvent as Known,
    )

    listed = Known.__args__[0].__args__  # type: ignore[attr-defined]
    assert {word.lower() for word in listed} <= EVENTS.keys()
    assert EVENTS["delivered"].status is Status.DELIVERED
