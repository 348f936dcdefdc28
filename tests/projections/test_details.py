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
    TENANT,
    Row,
    at,
    attempt,
    put_attempts,
    put_communications,
    put_timeline,
    row,
)


def entry(version: int, minute: float, attempt_id: UUID | None = None) -> Row:
    ids = {"communication_id": UUID(int=1), "tenant_id": TENANT, "attempt_id": attempt_id}
    return ids | {"version": version, "at": at(minute), "doc": f'{{"version":{version}}}'}


@pytest.fixture
def filled(worker_pool: Pool) -> None:
    with worker_pool.connection() as connection:
        put_communications(connection, [row(1, ignored=True), row(5)])
        put_attempts(connection, [attempt(n, communication=1) for n in (2, 3)] + [attempt(4)])
        entries = [entry(1, 9), entry(2, 3, UUID(int=2)), entry(3, 1, UUID(int=3)), entry(4, 3, UUID(int=2))]
        put_timeline(connection, entries)


def decoded(text: str | None) -> dict[str, Any]:
    assert text is not None
    found: dict[str, Any] = msgspec.json.decode(text)
    return found


@pytest.mark.usefixtures("filled")
def test_a_communication_comes_with_its_attempts_and_time_line_even_when_ignored(ask: Asking) -> None:
    found = decoded(ask(lambda cursor: details.communication(cursor, UUID(int=1))))
    assert found["id"] == str(UUID(int=1))
    assert [one["id"] for one in found["attempts"]] == [str(UUID(int=3)), str(UUID(int=2))]
    assert [one["version"] for one in found["timeline"]] == [3, 2, 4, 1]


@pytest.mark.usefixtures("filled")
def test_within_a_second_the_time_line_is_as_it_was_recorded(ask: Asking, worker_pool: Pool) -> None:
    """A provider that counts in whole seconds seems to answer before it was asked."""
    moments = [("09:30:00.900Z", 1), ("09:30:00Z", 2), ("09:29:59.999Z", 3), ("09:30:01Z", 4), ("09:30:00.500Z", 5)]
    entries = [entry(n, 0) | {"communication_id": UUID(int=5), "at": f"2026-01-15T{at}"} for at, n in moments]
    with worker_pool.connection() as connection:
        put_timeline(connection, entries)
    found = decoded(ask(lambda cursor: details.communication(cursor, UUID(int=5))))
    assert [one["version"] for one in found["timeline"]] == [3, 1, 2, 5, 4]


@pytest.mark.usefixtures("filled")
def test_without_attempts_and_entries_the_lists_are_empty(ask: Asking) -> None:
    found = decoded(ask(lambda cursor: details.communication(cursor, UUID(int=5))))
    assert (found["attempts"], found["timeline"]) == ([], [])


@pytest.mark.usefixtures("filled")
def test_an_attempt_comes_with_the_entries_that_are_about_it(ask: Asking) -> None:
    found = decoded(ask(lambda cursor: details.attempt(cursor, UUID(int=2))))
    assert found["id"] == str(UUID(int=2))
    assert [one["version"] for one in found["timeline"]] == [2, 4]


@pytest.mark.usefixtures("filled")
def test_another_tenant_has_none_of_them(ask: Asking) -> None:
    assert ask(lambda cursor: details.communication(cursor, UUID(int=1)), OTHER_TENANT) is None
    assert ask(lambda cursor: details.attempt(cursor, UUID(int=2)), OTHER_TENANT) is None
    assert ask(lambda cursor: details.attempt(cursor, UUID(int=99))) is None
