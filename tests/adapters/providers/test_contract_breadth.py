"""The same contract where wires differ: several events or people in a request, other zones, an age, missing fields."""

from datetime import timedelta

import msgspec
import pytest

from adapters.providers.port import BadSignatureError, RawRequest
from tests.adapters.providers.breadth import BREADTH, PARTS, PEOPLE, without_each
from tests.adapters.providers.kit import NOON, Side, read_or_unreadable
from tests.adapters.providers.sides import SIDES

EVERY = pytest.mark.parametrize("side", SIDES, ids=lambda s: s.name)


@EVERY
def test_what_it_cannot_be_like_has_a_reason(side: Side) -> None:
    here = BREADTH[side.name]
    assert {part for part in PARTS if not getattr(here, part)} == set(here.why)


@EVERY
def test_noon_is_noon_however_it_is_written(side: Side) -> None:
    for body in BREADTH[side.name].noons:
        (told,) = side.provider.reports(side.signed(body))
        assert told.occurred_at == NOON, body


@EVERY
def test_each_event_of_a_request_is_an_occurrence_of_its_own(side: Side) -> None:
    if BREADTH[side.name].many is None:
        pytest.skip(BREADTH[side.name].why["many"])
    body, words = BREADTH[side.name].many or (b"", [])
    told = side.provider.reports(side.signed(body))
    assert [one.provider_event for one in told] == words
    assert len({one.event_id for one in told}) == len(words)
    assert told == side.provider.reports(side.signed(body))


@EVERY
def test_each_recipient_of_an_event_is_an_occurrence_of_its_own(side: Side) -> None:
    body = BREADTH[side.name].several
    if body is None:
        pytest.skip(BREADTH[side.name].why["several"])
    told = side.provider.reports(side.signed(body))
    assert [one.recipient for one in told] == PEOPLE
    assert len({one.event_id for one in told}) == len(PEOPLE)
    assert len({(one.message_id, one.provider_event, one.occurred_at) for one in told}) == 1


@EVERY
def test_whatever_is_missing_the_rest_is_read_or_it_is_unreadable(side: Side) -> None:
    whole = side.signed(side.body(side.delivered))
    (known,) = side.provider.reports(whole)
    for body in without_each(whole.body):
        for told in read_or_unreadable(side.name, msgspec.structs.replace(whole, body=body)):
            assert told.status in (None, known.status)
            assert told.message_id in (None, known.message_id) or told.message_id.startswith("invoice:")
            assert told.attempt_id in (None, known.attempt_id)


@EVERY
def test_what_was_signed_long_ago_or_in_the_future_is_refused(side: Side) -> None:
    """And where nothing says when it was signed, its age is nobody's business."""
    longest, settings = BREADTH[side.name].tolerance, BREADTH[side.name].settings
    good, known = side.signed(side.body(side.delivered)), side.connection()
    connection = msgspec.structs.replace(known, settings=known.settings | dict(settings))
    for seconds in (longest, -longest) if longest else (10 * 365 * 86400,):
        side.provider.verify(_later(good, seconds), connection)
    for seconds in (longest + 1, -longest - 1) if longest else ():
        with pytest.raises(BadSignatureError):
            side.provider.verify(_later(good, seconds), connection)


def _later(told: RawRequest, seconds: int) -> RawRequest:
    return msgspec.structs.replace(told, received_at=NOON + timedelta(seconds=seconds))
