"""Documents of a subject, and the attempts that wait for them; what the owner system says about the subject."""

import pytest

from domain import errors
from domain import events as e
from domain.status import Status
from domain.values import Channel, CustomerRef, Document, DocumentFormat, Order, SubjectDetails
from tests.domain.facts import (
    Fact,
    added,
    at,
    cancelled,
    document,
    order,
    sealed,
    sent,
    started,
)
from tests.domain.story import Story, given

PDF, UBL = DocumentFormat.PDF, DocumentFormat.UBL
BOTH = order(formats=[PDF, UBL])


def documents(story: Story) -> list[Document]:
    return story.communication.attempt("a-1").order.documents


def test_an_attempt_takes_the_documents_that_are_there() -> None:
    story = given(added()).when(lambda c: c.send(order(formats=[PDF]), at(1)))
    story.then(sent(order(formats=[PDF]), 1)).status_is(Status.QUEUED)
    assert documents(story) == [document()]


def test_without_its_document_it_is_collecting_and_then_waits() -> None:
    story = given(sent(order(formats=[PDF]))).status_is(Status.COLLECTING, "document_missing")
    story.when(lambda c: c.add_document(document(UBL), at(1))).status_is(Status.COLLECTING, "document_missing")
    story.when(lambda c: c.add_document(document(), at(2))).then(added(minute=2)).status_is(Status.QUEUED)
    assert documents(story) == [document()]


def test_while_it_is_collecting_the_newest_of_each_counts() -> None:
    story = given(sent(BOTH), added(document(PDF, 1)), added(document(PDF, 2))).status_is(
        Status.COLLECTING, "document_missing"
    )
    story.when(lambda c: c.add_document(document(UBL), at(3))).status_is(Status.QUEUED)
    assert documents(story) == [document(PDF, 2), document(UBL)]


def test_an_attempt_that_waits_keeps_its_documents() -> None:
    story = given(added(), sent(order(formats=[PDF])), added(document(PDF, 2)))
    assert documents(story) == [document(PDF, 1)]
    story.when(lambda c: c.start_dispatch("a-1", [1], at(1)), lambda c: c.add_document(document(PDF, 3), at(1)))
    assert documents(story) == [document(PDF, 1)]


def test_given_documents_are_kept_and_the_others_collected() -> None:
    earlier = document(PDF, 1)
    asked = order(formats=[PDF, UBL], documents=[earlier])
    story = given(added(document(PDF, 2)), sent(asked)).status_is(Status.COLLECTING, "document_missing")
    story.when(lambda c: c.add_document(document(UBL), at(1))).status_is(Status.QUEUED)
    assert documents(story) == [earlier, document(UBL)]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (order(channel=Channel.MANUAL, recipients=[], formats=[PDF, UBL]), "manual_channel"),
        (order(recipients=[], formats=[PDF, UBL], needs_action="missing_contact"), "missing_contact"),
    ],
)
def test_what_needs_a_person_takes_what_is_there_and_never_waits(asked: Order, why: str) -> None:
    story = given(added(), sent(asked)).status_is(Status.NEEDS_ACTION, why)
    assert documents(story) == [document()]
    story.when(lambda c: c.add_document(document(UBL), at(1))).status_is(Status.NEEDS_ACTION, why)


def test_a_scheduled_attempt_waits_for_its_time_once_it_has_its_document() -> None:
    story = given(sent(order(formats=[PDF], scheduled_at=at(60))), added(minute=5))
    story.status_is(Status.QUEUED).refuses(errors.AttemptOpenError, lambda c: c.send(order("a-2"), at(6)))


def test_a_cancelled_attempt_collects_nothing() -> None:
    story = given(sent(order(formats=[PDF])), cancelled(), added()).status_is(Status.SKIPPED, "cancelled")
    assert documents(story) == []


def test_the_same_file_again_changes_nothing() -> None:
    same = Document("another id", PDF, sealed("another name"), document().sha256, 1000, "key-1")
    given(added()).when(lambda c: c.add_document(same, at(1))).then()


def test_the_same_file_under_another_key_is_kept_again() -> None:
    """After an erasure the old bytes cannot be opened any more."""
    anew = Document("d-2", PDF, sealed("name"), document().sha256, 1000, "key-2")
    given(added()).when(lambda c: c.add_document(anew, at(1))).then(added(anew, 1))


def test_documents_never_stop_what_is_running() -> None:
    given(sent(), started(), added()).status_is(Status.SENDING)


def test_a_subject_is_all_that_is_said_of_it_now() -> None:
    old = SubjectDetails(
        number="INV-7", total="121.00", currency="EUR", customer=CustomerRef("c-1", sealed("Customer"))
    )
    new = SubjectDetails(number="INV-7", document_status="paid")
    story = given().when(*(lambda c, d=d: c.revise_subject(d, at(1)) for d in (old, old, new)))
    revised = [Fact(e.SubjectRevised, at(1), {"details": d}) for d in (old, new)]
    assert story.then(*revised).communication.details == new
