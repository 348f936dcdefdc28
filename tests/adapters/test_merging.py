"""What coroutines ask while one call runs goes together into the next, and each gets its own answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID, uuid4

import pytest

from adapters.merging import AT_ONCE, MOST, Done, Merging, Mergings


class Office:
    """Carries out numbers, once it is let: answers them doubled; refuses a call with a negative one."""

    def __init__(self, *, answers: int = MOST) -> None:
        self.calls: list[list[int]] = []
        self.running: list[Callable[[], None]] = []
        self.answers = answers

    def carry_out(self, asked: Sequence[int], done: Done[int]) -> None:
        if 13 in asked:
            raise RuntimeError("unlucky")
        self.calls.append(list(asked))
        self.running.append(partial(self._answer, list(asked), done))

    def _answer(self, asked: list[int], done: Done[int]) -> None:
        if min(asked) < 0:
            done(None, ValueError("negative"))
        else:
            done([2 * number for number in asked[: self.answers]], None)

    async def finish(self) -> None:
        """All calls that are under way, and those that come of it."""
        while self.running:
            self.running.pop(0)()
            await settled()

    def merging(self) -> Merging[int, int]:
        return Merging(self.carry_out, lambda number: number % 1000, lambda number: number > 900)


async def settled() -> None:
    """Whatever is ready in the loop has had its turn."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.merging.PARTED", 1000)


def run(told: Callable[[Office, Merging[int, int]], Awaitable[None]], office: Office | None = None) -> None:
    async def main() -> None:
        here = office or Office()
        await told(here, here.merging())

    asyncio.run(main())


def test_what_is_asked_in_one_turn_goes_together_in_order() -> None:
    async def told(office: Office, merging: Merging[int, int]) -> None:
        asked = [merging.ask(number) for number in range(1, 10)]
        await settled()
        await office.finish()
        assert [await one for one in asked] == [2 * number for number in range(1, 10)]
        assert office.calls == [list(range(1, 10))]

    run(told)


def test_many_are_parted_so_that_half_are_prepared_while_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.merging.PARTED", 8)

    async def told(office: Office, merging: Merging[int, int]) -> None:
        asked = [merging.ask(number) for number in range(1, 9)]
        await settled()
        assert office.calls == [[1, 2, 3, 4], [5, 6, 7, 8]]
        await office.finish()
        assert [await one for one in asked] == [2 * number for number in range(1, 9)]

    run(told)


def test_no_more_than_so_many_are_under_way_and_never_two_with_the_same_key() -> None:
    async def told(office: Office, merging: Merging[int, int]) -> None:
        asked = []
        for number in (1, 1, 2, 3):
            asked.append(merging.ask(number))
            await settled()
        assert office.calls == [[1], [2]]
        assert len(office.calls) == AT_ONCE
        await office.finish()
        assert [await one for one in asked] == [2, 2, 4, 6]
        assert office.calls[2:] == [[1, 3]]

    run(told)


def test_where_one_call_is_made_at_a_time_all_that_waits_shares_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.merging.PARTED", 8)

    async def told(office: Office, _: Merging[int, int]) -> None:
        merging = Merging(office.carry_out, lambda number: number, at_once=1)
        first = [merging.ask(number) for number in range(20, 30)]
        await settled()
        later = [merging.ask(number) for number in range(30, 40)]
        await settled()
        assert office.calls == [list(range(20, 30))]
        await office.finish()
        assert [await one for one in [*first, *later]] == [2 * number for number in range(20, 40)]
        assert office.calls == [list(range(20, 30)), list(range(30, 40))]

    run(told)


def test_a_call_that_answers_some_leaves_the_rest_for_the_next() -> None:
    async def told(office: Office, merging: Merging[int, int]) -> None:
        asked = [merging.ask(number) for number in range(2, 7)]
        await settled()
        await office.finish()
        assert [await one for one in asked] == [4, 6, 8, 10, 12]
        assert office.calls == [[2, 3, 4, 5, 6], [4, 5, 6], [6]]

    run(told, Office(answers=2))


@pytest.mark.parametrize(("number", "error"), [(-1, ValueError), (13, RuntimeError)])
def test_an_error_is_that_of_its_call_alone(number: int, error: type[Exception]) -> None:
    async def told(office: Office, merging: Merging[int, int]) -> None:
        broken = merging.ask(number)
        await settled()
        await office.finish()
        with pytest.raises(error):
            await broken
        again = merging.ask(4)
        await settled()
        await office.finish()
        assert await again == 8

    run(told)


def test_one_that_is_apart_shares_no_call() -> None:
    async def told(office: Office, merging: Merging[int, int]) -> None:
        asked = [merging.ask(number) for number in (2, 901, 902, 3)]
        await settled()
        await office.finish()
        assert [await one for one in asked] == [4, 1802, 1804, 6]
        assert sorted(office.calls) == [[2, 3], [901], [902]]

    run(told)


def test_what_was_given_up_in_time_is_not_carried_out_and_later_spoils_nothing() -> None:
    async def told(office: Office, merging: Merging[int, int]) -> None:
        first, early = merging.ask(1), merging.ask(2)
        early.cancel()
        await settled()
        assert office.calls == [[1]]
        late, other = merging.ask(3), merging.ask(4)
        await settled()
        late.cancel()
        await office.finish()
        assert (await first, await other) == (2, 8)
        assert office.calls == [[1], [3, 4]]
        assert (early.cancelled(), late.cancelled()) == (True, True)

    run(told)


def test_tenants_and_loops_have_their_own() -> None:
    mergings: Mergings[UUID, int, int] = Mergings(lambda _: Office().merging())
    one, other = uuid4(), uuid4()

    async def found() -> tuple[int, int]:
        assert mergings.of(one) is mergings.of(one)
        assert mergings.of(one) is not mergings.of(other)
        return id(mergings.of(one)), id(mergings.of(other))

    first = asyncio.new_event_loop()
    second = asyncio.new_event_loop()
    assert not set(first.run_until_complete(found())) & set(second.run_until_complete(found()))
    first.close()
    second.close()
