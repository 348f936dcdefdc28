"""One stored row of every event version, kept for ever: what was recorded once stays readable and means the same.

The files are never edited. A changed event gets a new version, an upcast from the old one, and a sample of its own.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import MapperDeserialisationError, StoredEvent
from eventsourcing.utils import get_topic, resolve_topic

from adapters.store.mapper import EventMapper
from domain.communication import InvoiceCommunication
from domain.customer import Customer
from domain.events import CommunicationEvent
from domain.overview import overview
from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import Actor, DocumentFormat, Personal, Role, SubjectType
from tests.domain.facts import TENANT

FOLDER = Path(__file__).parent / "samples"
FIRST, SECOND, THIRD = (f"3f0d6a8e-52f1-5c7b-8a55-0d2c9be4100{n}" for n in (1, 2, 3))
IDS = {
    "InvoiceCommunication": InvoiceCommunication.create_id(TENANT, "invoice", "INV-2026-0007"),
    "Customer": Customer.create_id(TENANT, "c-42"),
}
Check = Callable[[Any], object]


def row(name: str, place: int = 1, version: int = 1) -> StoredEvent:
    """A sample as the row at a place of one history; 'SendAttempted' is InvoiceCommunication's."""
    topic = name if name.startswith("Customer.") else f"InvoiceCommunication.{name}"
    return StoredEvent(IDS[topic.split(".")[0]], place, topic, (FOLDER / f"{topic}.v{version}.json").read_bytes())


def told(*names: str) -> Any:
    aggregate: Any = None
    for place, name in enumerate(names, start=1):
        event: Any = EventMapper().to_domain_event(row(name, place))
        aggregate = event.mutate(aggregate)
    return aggregate


def event_classes(kind: type[Any] = CommunicationEvent) -> Iterator[type[Any]]:
    if "TOPIC" in vars(kind):
        yield kind
    for sub in kind.__subclasses__():
        yield from event_classes(sub)


STORED: list[type[Any]] = [InvoiceCommunication.Created, *event_classes(), Customer.Created, Customer.Erased]
TRIED = ("Created", "SendAttempted", "DocumentAdded", "DispatchStarted")
ASKED = TRIED[:2]


def test_every_version_of_every_event_has_a_sample() -> None:
    versions = {(get_topic(c), v) for c in STORED for v in range(1, getattr(c, "class_version", 1) + 1)}
    assert {f"{topic}.v{version}.json" for topic, version in versions} == {f.name for f in FOLDER.iterdir()}


def test_topics_are_fixed_names_and_never_python_paths() -> None:
    assert {get_topic(c) for c in (InvoiceCommunication, Customer)} == {"InvoiceCommunication", "Customer"}
    topics = [get_topic(c) for c in STORED]
    assert len(set(topics)) == len(topics)
    for kind, topic in zip(STORED, topics, strict=True):
        assert resolve_topic(topic) is kind
        assert topic.split(".")[0] in ("InvoiceCommunication", "Customer")
        assert ":" not in topic


def test_a_process_that_has_just_started_can_read_every_row() -> None:
    """It must not depend on having recorded such an event before."""
    script = (
        "import sys, pathlib, uuid; from eventsourcing.persistence import StoredEvent; "
        "from adapters.store.mapper import EventMapper\n"
        "for f in pathlib.Path(sys.argv[1]).iterdir(): "
        "EventMapper().to_domain_event(StoredEvent(uuid.uuid4(), 1, f.name.rsplit('.', 2)[0], f.read_bytes()))"
    )
    started = [sys.executable, "-W", "error", "-c", script, str(FOLDER)]
    done = subprocess.run(started, cwd=FOLDER.parents[2], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def first(communication: InvoiceCommunication) -> Any:
    return communication.attempt(FIRST)


MEANING: list[tuple[tuple[str, ...], Check]] = [
    (
        ("Created",),
        lambda c: (c.tenant_id, c.subject_type, c.external_id) == (TENANT, SubjectType.INVOICE, "INV-2026-0007"),
    ),
    (("Created", "SubjectRevised"), lambda c: (c.details.total, c.details.customer.id) == ("121.00", "c-42")),
    (("Created", "DocumentAdded"), lambda c: c.documents[DocumentFormat.PDF].size == 48213),
    (ASKED, lambda c: first(c).waiting is Status.COLLECTING),
    (ASKED, lambda c: [r.role for r in first(c).order.recipients] == [Role.TO, Role.CC]),
    ((*ASKED, "DocumentAdded"), lambda c: first(c).waiting is Status.QUEUED and len(first(c).order.documents) == 1),
    ((*ASKED, "AttemptSkipped"), lambda c: shown(c) == (Status.SKIPPED, "opted_out")),
    (TRIED, lambda c: shown(c) == (Status.SENDING, None)),
    ((*TRIED, "TryFailed"), lambda c: shown(c) == (Status.QUEUED, "rate_limited")),
    ((*TRIED, "OutcomeUnknown"), lambda c: shown(c) == (Status.UNKNOWN, "outcome_unknown")),
    ((*TRIED, "HandedOver"), lambda c: shown(c) == (Status.SENT, None) and first(c).times.sent is not None),
    ((*TRIED, "HandedOver", "StatusReported"), lambda c: shown(c) == (Status.FAILED, "soft_bounce")),
    ((*TRIED, "HandedOver", "StatusReported"), lambda c: first(c).outcome().actor is Actor.RECIPIENT),
    ((*TRIED, "HandedOver", "BuyerResponded"), lambda c: shown(c) == (Status.READ, "accepted")),
    ((*TRIED, "HandedOver", "BuyerResponded"), lambda c: first(c).buyer_response is BuyerResponse.ACCEPTED),
    ((*TRIED, "HandedOver", "Resent"), lambda c: c.attempt(SECOND).order.previous_attempt_id == FIRST),
    ((*TRIED, "Resent", "AttemptCancelled"), lambda c: c.attempt(SECOND).reason == "cancelled"),
    (("Created", "MarkedAsSent"), lambda c: c.attempt(THIRD).outcome().status is Status.SENT),
    (("Created", "Ignored"), lambda c: c.ignored),
    (("Created", "Ignored", "Restored"), lambda c: not c.ignored),
    (("Customer.Created",), lambda c: (c.tenant_id, c.customer_id) == (TENANT, "c-42")),
    (("Customer.Created", "Customer.Erased"), lambda c: c.destroyed_keys == {"9a6c1f1e-2b3d-4c5e-8f70-112233445566"}),
]


def shown(communication: InvoiceCommunication) -> tuple[Status | None, str | None]:
    row = overview(communication)
    return row.status, row.reason


@pytest.mark.parametrize(("history", "check"), MEANING, ids=lambda v: v[-1] if isinstance(v, tuple) else "")
def test_a_sample_means_what_it_meant(history: tuple[str, ...], check: Check) -> None:
    aggregate: Aggregate = told(*history)
    assert check(aggregate)
    assert aggregate.version == len(history)


@pytest.mark.parametrize("version", [1, 2])
def test_how_it_was_sent_is_kept_as_it_was_recorded(version: int) -> None:
    """In clear at first, sealed since."""
    events: list[Any] = [EventMapper().to_domain_event(row("Created"))]
    events.append(EventMapper().to_domain_event(row("MarkedAsSent", 2, version)))
    communication = events[1].mutate(events[0].mutate(None))
    sealed = Personal("9a6c1f1e-2b3d-4c5e-8f70-112233445566", "YnkgY291cmllcg==")
    assert communication.attempt(THIRD).how == (sealed if version == 2 else "by courier")


def test_the_meaning_of_every_sample_is_checked() -> None:
    assert {row(history[-1]).topic for history, _ in MEANING} == {get_topic(c) for c in STORED}


@pytest.mark.parametrize("kind", STORED, ids=get_topic)
def test_what_is_written_today_has_the_same_shape(kind: type[Any]) -> None:
    stored = row(get_topic(kind).removeprefix("InvoiceCommunication."), version=getattr(kind, "class_version", 1))
    event = EventMapper().to_domain_event(stored)
    assert isinstance(event, kind)
    assert json.loads(EventMapper().to_stored_event(event).state) == json.loads(stored.state)


def test_a_row_that_does_not_fit_is_an_error_and_names_its_place() -> None:
    stored = row("SendAttempted", 2)
    broken = StoredEvent(stored.originator_id, 2, stored.topic, stored.state.replace(b'"email"', b'"owl"'))
    with pytest.raises(MapperDeserialisationError, match=f"{stored.originator_id} version 2"):
        EventMapper().to_domain_event(broken)
