"""The time line: what each event says."""

from datetime import timedelta
from typing import Any

import pytest

from domain import events
from domain.communication import InvoiceCommunication
from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import Actor, Cause, Channel, DocumentFormat, HandedMessage, Role, SubjectDetails
from projections.errors import UnprojectedEventError
from projections.telling import is_told, tell
from projections.timeline import Entry, in_order
from tests.projections.told import A1, A2, ANNA, at, handed, invoice, order, pdf, report, seal, shown, to, z

FIELDS = [
    "at", "recorded_at", "kind", "attempt_id", "recipient", "status", "reason", "actor", "provider_event", "detail",
]  # fmt: skip
AP = "AP@Payer.example"


def last(communication: InvoiceCommunication) -> dict[str, Any]:
    found = shown(communication).timeline[-1]
    assert list(found) == FIELDS
    return found


def said(minute: float, kind: str, **facts: Any) -> dict[str, Any]:
    known = dict.fromkeys(FIELDS) | {"at": z(minute), "recorded_at": z(minute), "kind": kind, "actor": "us"}
    return known | facts


def about(minute: float, kind: str, status: str | None, **facts: Any) -> dict[str, Any]:
    return said(minute, kind, **{"attempt_id": A1, "recipient": AP, "status": status} | facts)


def test_a_whole_story_in_order() -> None:
    communication = handed(invoice(), order(requested_by=ANNA), 2)
    communication.record_report(report(Status.DELIVERED, 3), at(4))
    found = shown(communication)
    kinds = ["created", "send_attempted", "dispatch_started", "handed_over", "status_reported"]
    assert [entry["kind"] for entry in found.timeline] == kinds
    assert [entry.version for entry in found.entries] == [1, 2, 3, 4, 5]
    assert [entry.attempt_id for entry in found.entries] == [None, A1, A1, A1, A1]
    assert found.timeline[:4] == [
        said(-1, "created"),
        about(1, "send_attempted", "queued", detail="Anna Berg"),
        about(2, "dispatch_started", "sending"),
        about(3, "handed_over", "sent", actor="provider"),
    ]


def test_a_report_is_told_by_the_providers_clock() -> None:
    communication = handed(invoice(), order())
    facts = {"reason": "hard_bounce", "provider_event": "bounce", "detail": seal("550 5.1.1")}
    communication.record_report(report(Status.FAILED, 3, **facts), at(4))
    more = {"actor": "recipient", "provider_event": "bounce", "detail": "550 5.1.1", "reason": "hard_bounce"}
    assert last(communication) == about(3, "status_reported", "failed", recorded_at=z(4), **more)


@pytest.mark.parametrize(
    ("facts", "actor"),
    [
        ({}, "provider"),
        ({"reason": "unheard of"}, "provider"),
        ({"reason": "deferred"}, "recipient"),
        ({"reason": "deferred", "actor": Actor.US}, "us"),
    ],
)
def test_who_stands_behind_a_report(facts: dict[str, Any], actor: str) -> None:
    communication = handed(invoice(), order())
    communication.record_report(report(Status.SENDING, **facts), at(5))
    assert last(communication)["actor"] == actor


def test_what_does_not_count_is_told_without_a_status() -> None:
    communication = handed(invoice(), order())
    communication.record_report(report(Status.READ, 3, counts=False, provider_event="machine_open"), at(3))
    assert last(communication) == about(3, "status_reported", None, actor="provider", provider_event="machine_open")


def test_the_buyers_answer_names_it() -> None:
    communication = handed(invoice(), order(channel=Channel.E_INVOICING, recipients=[]))
    facts = {"buyer_response": BuyerResponse.REJECTED, "detail": seal("wrong order number"), "provider_event": "RE"}
    communication.record_report(report(None, 3, **facts), at(3))
    more = {"actor": "recipient", "provider_event": "RE", "detail": "rejected: wrong order number"}
    assert last(communication) == about(3, "buyer_responded", "read", **more | {"recipient": None})


def test_tries_that_fail() -> None:
    communication = invoice()
    communication.send(order(), at(0))
    communication.start_dispatch(A1, [1], at(1))
    communication.fail_try(A1, 1, "rate_limited", at(2), next_at=at(9), detail=seal("429"))
    assert last(communication) == about(
        2, "try_failed", "queued", reason="rate_limited", actor="provider", detail="429"
    )


def test_tries_that_are_given_up_or_lost() -> None:
    refused, lost = invoice("1"), invoice("2")
    for communication in (refused, lost):
        communication.send(order(), at(0))
        communication.start_dispatch(A1, [1], at(1))
    refused.fail_try(A1, 1, "validation", at(2), status=Status.REJECTED)
    lost.lose_outcome(A1, 1, "outcome_unknown", at(2), seal("timed out"))
    assert last(refused) == about(2, "try_failed", "rejected", reason="validation", actor="provider")
    assert last(lost) == about(2, "outcome_unknown", "unknown", reason="outcome_unknown", detail="timed out")


def test_what_waits_and_what_is_called_back() -> None:
    communication = invoice()
    communication.send(order(formats=[DocumentFormat.PDF]), at(0))
    communication.add_document(pdf(), at(1))
    communication.cancel(A1, ANNA, at(2))
    found = shown(communication).timeline[1:]
    assert found == [
        about(0, "send_attempted", "collecting", reason="document_missing"),
        said(1, "document_added", detail="Invoice 12345.pdf"),
        about(2, "attempt_cancelled", "skipped", reason="cancelled", detail="Anna Berg"),
    ]


def test_what_people_say() -> None:
    communication = invoice()
    communication.send(order(needs_action="missing_contact", recipients=[]), at(0))
    communication.mark_as_sent(A1, ANNA, at(-60), seal("by courier"), at(1))
    communication.ignore(ANNA, seal("a test"), at(2))
    communication.restore(None, None, at(3))
    communication.revise_subject(SubjectDetails(document_status="paid"), at(4))
    assert shown(communication).timeline[1:] == [
        about(0, "send_attempted", "needs_action", reason="missing_contact", recipient=None),
        about(1, "marked_as_sent", "sent", at=z(-60), recipient=None, detail="Anna Berg: by courier"),
        said(2, "ignored", detail="Anna Berg: a test"),
        said(3, "restored"),
        said(4, "subject_revised", detail="paid"),
    ]


def test_a_skip_and_a_resend() -> None:
    communication = invoice()
    communication.send(order(), at(0))
    communication.skip(A1, "opted_out", at(1))
    communication.resend(order(A2, cause=Cause.RESEND, previous_attempt_id=A1), at(2), timedelta(days=90))
    found = shown(communication).timeline
    assert found[2] == about(1, "attempt_skipped", "skipped", reason="opted_out")
    assert found[3] == about(2, "resent", "queued") | {"attempt_id": A2}


def test_whom_it_is_about_when_there_are_several() -> None:
    communication = invoice()
    people = [to(1, "copy@x.example", role=Role.CC), to(2, "a@x.example"), to(3, "b@x.example")]
    communication.send(order(recipients=people), at(0))
    communication.start_dispatch(A1, [3], at(1))
    communication.hand_over(A1, 1, [HandedMessage("m3", 3)], at(2))
    communication.start_dispatch(A1, [1, 2], at(3))
    communication.fail_try(A1, 2, "validation", at(4))
    communication.record_report(report(Status.DELIVERED, 5, recipient=1), at(5))
    communication.record_report(report(Status.DELIVERED, 6), at(6))
    found = [entry["recipient"] for entry in shown(communication).timeline[1:]]
    first, copy, third = "a@x.example", "copy@x.example", "b@x.example"
    assert found == [first, third, third, first, first, copy, None]


def test_within_a_second_the_time_line_is_as_it_was_recorded() -> None:
    """A provider that counts in whole seconds seems to answer before it was asked."""
    seconds = [(1, 0.9), (2, 0), (3, -0.001), (4, 1), (5, 0.5)]
    entries = [
        Entry(communication_id=invoice().id, version=n, recorded_at=at(0), at=at(0) + timedelta(seconds=s), kind="x")
        for n, s in seconds
    ]
    assert [entry.version for entry in in_order(reversed(entries))] == [3, 1, 2, 5, 4]


def test_every_event_has_words_and_an_unknown_one_has_none() -> None:
    kinds = [kind for kind in vars(events).values() if isinstance(kind, type) and "TOPIC" in vars(kind)]
    assert len(kinds) >= 15
    assert [kind for kind in kinds if not is_told(kind)] == []

    class Unheard(events.CommunicationEvent, frozen=True):
        """A new one."""

    assert not is_told(Unheard)
    with pytest.raises(UnprojectedEventError, match="Unheard"):
        tell(Unheard(timestamp=at(0)), invoice())
