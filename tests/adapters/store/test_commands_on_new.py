"""Aggregates that are likely to be new are not read: what a wrong guess costs, and that it records nothing."""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from adapters.bootstrap import Installation
from adapters.database.pipeline import Ask
from adapters.database.prepared import Steps
from adapters.database.session import Write
from tests.adapters.store.commands import TENANT, RefusedError, Seen, place, send, sending


@pytest.fixture(autouse=True)
def _whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.merging.PARTED", 1000)


@pytest.fixture
def reads(api: Installation, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many aggregates each read was for; after four new ones the next are taken for new."""
    found: list[int] = []
    reading = api.communications.recorder.reading

    def counting(ids: Collection[int], tenant: UUID | None = None) -> Ask:
        found.append(len(ids))
        return reading(ids, tenant)

    monkeypatch.setattr(api.communications.recorder, "reading", counting)
    monkeypatch.setattr("adapters.store.batch.LIKELY", 4)
    return found


def in_one_loop(*turns: list[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Results and errors of what is asked turn by turn."""

    async def all_of_them() -> list[Any]:
        return [one for turn in turns for one in await asyncio.gather(*turn, return_exceptions=True)]

    return asyncio.run(all_of_them())


def test_after_many_new_ones_the_next_are_not_read(api: Installation, reads: list[int]) -> None:
    store = api.communications
    done = in_one_loop(*([send(store, 2 * n), send(store, 2 * n + 1)] for n in range(5)))
    assert reads == [2, 2]
    assert [seen.version for seen, _ in done] == [2] * 10
    assert sorted(position for _, position in done) == list(range(2, 21, 2))


def test_one_that_is_not_new_is_read_and_the_next_are_too(api: Installation, reads: list[int]) -> None:
    store = api.communications
    done = in_one_loop(
        [send(store, number) for number in range(4)], [send(store, 4), send(store, 2)], [send(store, 5)], [send(store)]
    )
    assert [seen.version for seen, _ in done] == [2, 2, 2, 2, 2, 3, 2, 3]
    assert reads == [4, 2, 1, 1]


def test_an_old_one_that_was_read_shows_that_not_all_are_new(api: Installation, reads: list[int]) -> None:
    store = api.communications
    in_one_loop([send(store), send(store, 1)], [send(store)], [send(store, 2), send(store, 3)], [send(store, 4)])
    assert reads == [2, 1, 2, 1]


@pytest.mark.parametrize("ends", ["looked", "refused", "half-way"])
def test_what_records_nothing_has_always_read(api: Installation, reads: list[int], ends: str) -> None:
    store = api.communications
    asked = sending(str(uuid4()), 2, ends=ends)
    *_, other, last = in_one_loop([send(store, number) for number in range(4)], [send(store, 4), send(store, 2, asked)])
    assert reads == [4, 2]
    assert other[0].version == 2
    if ends == "looked":
        assert last[0].version == 2
    else:
        assert type(last) is RefusedError
    assert len(store.get(place(2), TENANT).attempts) == 1


def test_a_lost_commit_answer_of_a_new_one_records_it_once(
    api: Installation, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, lost = api.communications, []
    inserting = store.recorder.inserting

    def losing(*given: Any, **more: Any) -> Steps[list[int]]:
        ids = yield from inserting(*given, **more)
        if len(reads) == 1 and len(ids) == 4:
            lost.extend(ids)
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return ids

    monkeypatch.setattr(store.recorder, "inserting", losing)
    done = in_one_loop([send(store, number) for number in range(4)], [send(store, 4), send(store, 5)])
    assert sorted(position for _, position in done[4:]) == lost[1::2]
    assert len(store.get(place(4), TENANT).attempts) == 1


def test_a_wrong_guess_leaves_nothing_of_what_else_was_to_be_written(api: Installation, reads: list[int]) -> None:
    store, told = api.communications, []

    def also(_: Seen, position: int) -> list[Write]:
        told.append(position)
        return []

    done = in_one_loop(
        [send(store, number) for number in range(4)], [send(store, 1, also=also), send(store, 4, also=also)]
    )
    assert reads == [4, 2]
    assert told == [position for _, position in done[4:]]
