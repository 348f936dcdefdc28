"""What waits while one call runs goes together into the next, and each caller gets its own answer."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from adapters.merging import AT_ONCE, MOST, Merging, Mergings
from tests.support.eventually import eventually


class Office:
    """Carries out numbers, once it is let: answers them doubled; refuses a call with a negative one."""

    def __init__(self, *, passes_on: bool = False, answers: int = MOST) -> None:
        self.calls: list[list[int]] = []
        self.open = threading.Event()
        self.passes_on = passes_on
        self.answers = answers

    def carry_out(self, asked: Sequence[int], go_on: Callable[[], None]) -> list[int]:
        self.calls.append(list(asked))
        if self.passes_on:
            go_on()
        assert self.open.wait(20)
        if min(asked) < 0:
            raise ValueError("negative")
        if 666 in asked:
            raise SystemExit
        return [2 * number for number in asked[: self.answers]]

    def merging(self, threads: ThreadPoolExecutor) -> Merging[int, int]:
        return Merging(self.carry_out, lambda number: number % 1000, threads, lambda number: number > 900)


@pytest.fixture
def threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(40)


@pytest.fixture(autouse=True)
def _whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.merging.PARTED", 1000)


def waiting(merging: Merging[int, int]) -> int:
    return len(merging._waiting)


def test_what_waits_goes_together_in_order(threads: ThreadPoolExecutor) -> None:
    office = Office()
    merging = office.merging(threads)
    first = threads.submit(merging, 1)
    eventually(lambda: office.calls == [[1]])
    others = []
    for number in range(2, 10):
        others.append(threads.submit(merging, number))
        eventually(lambda: waiting(merging) == len(others))
    office.open.set()
    assert [one.result(20) for one in (first, *others)] == [2 * number for number in range(1, 10)]
    assert office.calls == [[1], list(range(2, 10))]


def test_many_are_parted_so_that_half_prepare_while_the_others_wait(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.merging.PARTED", 8)
    office = Office()
    merging = office.merging(threads)
    asked = [threads.submit(merging, 1)]
    eventually(lambda: office.calls == [[1]])
    for number in range(2, 10):
        asked.append(threads.submit(merging, number))
        eventually(lambda: waiting(merging) == len(asked) - 1)
    office.open.set()
    assert [one.result(20) for one in asked] == [2 * number for number in range(1, 10)]
    assert office.calls == [[1], [2, 3, 4, 5], [6, 7, 8, 9]]


def test_the_next_call_begins_while_the_first_waits_but_not_with_the_same_key(threads: ThreadPoolExecutor) -> None:
    office = Office(passes_on=True)
    merging = office.merging(threads)
    asked = [threads.submit(merging, 1)]
    eventually(lambda: office.calls == [[1]])
    asked.append(threads.submit(merging, 1))
    eventually(lambda: waiting(merging) == 1)
    asked.append(threads.submit(merging, 2))
    eventually(lambda: office.calls == [[1], [2]])
    asked.append(threads.submit(merging, 3))
    eventually(lambda: waiting(merging) == 2)
    assert len(office.calls) == AT_ONCE
    office.open.set()
    assert [one.result(20) for one in asked] == [2, 2, 4, 6]


def test_a_call_that_answers_some_leaves_the_rest_for_the_next(threads: ThreadPoolExecutor) -> None:
    office = Office(answers=2)
    merging = office.merging(threads)
    asked = [threads.submit(merging, 1)]
    eventually(lambda: office.calls == [[1]])
    for number in range(2, 7):
        asked.append(threads.submit(merging, number))
        eventually(lambda: waiting(merging) == len(asked) - 1)
    office.open.set()
    assert [one.result(20) for one in asked] == [2, 4, 6, 8, 10, 12]
    assert office.calls == [[1], [2, 3, 4, 5, 6], [4, 5, 6], [6]]


def test_an_error_is_that_of_its_call_alone(threads: ThreadPoolExecutor) -> None:
    office = Office()
    office.open.set()
    merging = office.merging(threads)
    with pytest.raises(ValueError, match="negative"):
        merging(-1)
    assert merging(4) == 8


def test_a_thread_that_is_stopped_while_it_works_leaves_nobody_waiting(threads: ThreadPoolExecutor) -> None:
    office = Office()
    merging = office.merging(threads)
    asked = [threads.submit(merging, 1)]
    eventually(lambda: office.calls == [[1]])
    for number in (666, 2):
        asked.append(threads.submit(merging, number))
        eventually(lambda: waiting(merging) == len(asked) - 1)
    office.open.set()
    assert asked[0].result(20) == 2
    assert type(asked[2].exception(20)) is RuntimeError
    assert merging(4) == 8


def test_one_that_is_apart_shares_no_call(threads: ThreadPoolExecutor) -> None:
    office = Office()
    merging = office.merging(threads)
    asked = [threads.submit(merging, 1)]
    eventually(lambda: office.calls == [[1]])
    for number in (2, 901, 902, 3):
        asked.append(threads.submit(merging, number))
        eventually(lambda: waiting(merging) == len(asked) - 1)
    office.open.set()
    assert [one.result(20) for one in asked] == [2, 4, 1802, 1804, 6]
    assert [901] in office.calls
    assert [902] in office.calls


def test_nobody_waits_for_another_tenant(threads: ThreadPoolExecutor) -> None:
    blocked, free = Office(), Office()
    free.open.set()
    mergings = Mergings(lambda tenant: (blocked if tenant is None else free).merging(threads))
    first = threads.submit(mergings.of(None), 1)
    eventually(lambda: blocked.calls == [[1]])
    assert mergings.of(uuid4())(2) == 4
    blocked.open.set()
    assert first.result(20) == 2
