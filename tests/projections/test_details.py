"""One communication or attempt, whole."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from projections.queries import details
from tests.conftest import Pool
from tests.support.asking import Asking
from tests.support.read_rows import (
    OTHER_TENANT,
    attempt,
    put_attempts,
    put_communications,
    row,
)


@pytest.fixture
def filled(worker_pool: Pool) -> None:
    with worker_pool.connection() as connection:
        put_communications(connection, [row(1, ignored=True), row(5)])
        put_attempts(connection, [attempt(n, communication=1) for n in (2, 3)] + [attempt(4)])


def answered(row: details.Row | None, entries: str = "") -> dict[str, Any]:
    assert row is not None
    found: dict[str, Any] = msgspec.json.decode(row.with_timeline(entries))
    return found


@pytest.mark.usefixtures("filled")
def test_a_communication_comes_with_its_attempts_even_when_ignored(ask: Asking) -> None:
    row = ask.one(lambda one: details.communication(one, UUID(int=1)))
    found = answered(row, '{"n":1},{"n":2}')
    assert found["id"] == str(UUID(int=1))
    assert [one["id"] for one in found["attempts"]] == [str(UUID(int=3)), str(UUID(int=2))]
    assert [one["n"] for one in found["timeline"]] == [1, 2]
    assert row
    assert (row.communication_id, row.position) == (UUID(int=1), 1)


@pytest.mark.usefixtures("filled")
def test_without_attempts_and_entries_the_lists_are_empty(ask: Asking) -> None:
    found = answered(ask.one(lambda one: details.communication(one, UUID(int=5))))
    assert (found["attempts"], found["timeline"]) == ([], [])


@pytest.mark.usefixtures("filled")
def test_an_attempt_names_its_communication_and_has_no_attempts(ask: Asking) -> None:
    row = ask.one(lambda one: details.attempt(one, UUID(int=2)))
    found = answered(row)
    assert found["id"] == str(UUID(int=2))
    assert "attempts" not in found
    assert row
    assert (row.communication_id, row.position) == (UUID(int=1), 2)


@pytest.mark.usefixtures("filled")
def test_another_tenant_has_none_of_them(ask: Asking) -> None:
    assert ask.one(lambda one: details.communication(one, UUID(int=1)), OTHER_TENANT) is None
    assert ask.one(lambda one: details.attempt(one, UUID(int=2)), OTHER_TENANT) is None
    assert ask.one(lambda one: details.attempt(one, UUID(int=99))) is None
