"""What a buyer says of an e-invoice, answer after answer, under the rules of two networks."""

from itertools import permutations

import pytest
from hypothesis import given as suppose
from hypothesis import strategies as st

from domain.reports import BuyerResponse, DeliveryReport
from domain.status import Status
from tests.domain.facts import again as asked_again
from tests.domain.facts import answer, at, handed, report, reported, resent, sent, started
from tests.domain.story import Story, given

OPEN = (BuyerResponse.IN_PROCESS, BuyerResponse.UNDER_QUERY, BuyerResponse.CONDITIONALLY_ACCEPTED)
ACCEPTED, REJECTED, PAID = BuyerResponse.ACCEPTED, BuyerResponse.REJECTED, BuyerResponse.PAID
SENT = (sent(), started(), handed())
WHY = {REJECTED: "buyer_refused", BuyerResponse.UNDER_QUERY: "under_query"}


def peppol(response: BuyerResponse, minute: float) -> DeliveryReport:
    return answer(response, minute, reason=WHY.get(response), settles=response not in OPEN)


def french(response: BuyerResponse, minute: float) -> DeliveryReport:
    return answer(response, minute, reason=WHY.get(response))


def heard(*said: DeliveryReport) -> Story:
    return given(*SENT, *(reported(one, 50) for one in said))


def shown(story: Story) -> tuple[BuyerResponse | None, Status, str | None]:
    outcome = story.outcome()
    return story.communication.attempt("a-1").buyer_response, outcome.status, outcome.reason


@pytest.mark.parametrize(
    ("words", "stands"),
    [
        ((BuyerResponse.IN_PROCESS, BuyerResponse.UNDER_QUERY), BuyerResponse.UNDER_QUERY),
        ((BuyerResponse.CONDITIONALLY_ACCEPTED, BuyerResponse.IN_PROCESS), BuyerResponse.IN_PROCESS),
        ((BuyerResponse.UNDER_QUERY, REJECTED), REJECTED),
        ((REJECTED, ACCEPTED), REJECTED),
        ((REJECTED, PAID), REJECTED),
        ((REJECTED, BuyerResponse.UNDER_QUERY), REJECTED),
        ((ACCEPTED, BuyerResponse.UNDER_QUERY), ACCEPTED),
        ((ACCEPTED, REJECTED), ACCEPTED),
        ((ACCEPTED, PAID), PAID),
        ((ACCEPTED, REJECTED, PAID), PAID),
        ((PAID, REJECTED), PAID),
        ((PAID, ACCEPTED), PAID),
        ((PAID, PAID), PAID),
    ],
)
def test_peppols_answers_end_with_the_final_one(words: tuple[BuyerResponse, ...], stands: BuyerResponse) -> None:
    said = [peppol(word, minute) for minute, word in enumerate(words)]
    for order_heard in permutations(said):
        assert shown(heard(*order_heard)) == (stands, Status.READ, WHY.get(stands))


def test_in_the_french_life_cycle_any_answer_may_follow_any() -> None:
    for before, after in permutations(BuyerResponse, 2):
        for said in permutations([french(before, 1), french(after, 2)]):
            assert shown(heard(*said)) == (after, Status.READ, WHY.get(after))


def test_a_later_answer_is_kept_although_it_does_not_count() -> None:
    late = peppol(ACCEPTED, 9)
    story = heard(peppol(REJECTED, 5)).hears(late)
    story.then(reported(late, 50)).status_is(Status.READ, "buyer_refused")
    assert story.outcome().at == at(5)


def test_a_complaint_outweighs_the_last_word() -> None:
    heard(peppol(REJECTED, 5), report(Status.COMPLAINED, 9, reason="complaint")).status_is(
        Status.COMPLAINED, "complaint"
    )


def test_of_two_attempts_the_later_last_word_is_the_overviews() -> None:
    second = peppol(ACCEPTED, 20)
    again = (resent(asked_again(), 10), started("a-2", minute=10), handed("a-2", minute=11))
    told = DeliveryReport(**{n: getattr(second, n) for n in second.__struct_fields__} | {"attempt_id": "a-2"})
    given(*SENT, reported(peppol(REJECTED, 5)), *again, reported(told)).overview_shows(buyer_response=ACCEPTED)


ANSWERS = st.lists(
    st.builds(peppol, st.sampled_from(BuyerResponse), st.integers(0, 5)), max_size=6, unique_by=lambda r: r.report_id
)


@suppose(ANSWERS, st.data())
def test_the_set_of_answers_decides(said: list[DeliveryReport], data: st.DataObject) -> None:
    """Whichever message of the attempt they name: an access point's id, or the invoice."""
    names = st.sampled_from([None, "m", "invoice:x"])
    known = [
        DeliveryReport(**{n: getattr(r, n) for n in r.__struct_fields__} | {"message_id": data.draw(names)})
        for r in said
    ]
    shuffled = data.draw(st.permutations(known))
    assert shown(heard(*known)) == shown(heard(*shuffled)) == shown(heard(*shuffled, *known))
