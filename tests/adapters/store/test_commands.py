"""Commands of many threads are carried out together: each is recorded once, or refused without a trace."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.bootstrap import Installation
from adapters.database import arrays
from adapters.database.pool import connect
from adapters.database.prepared import Steps
from adapters.database.session import Write
from adapters.store import batch
from adapters.store.communications import Communications
from adapters.store.errors import BusyError, VersionConflictError
from domain.communication import InvoiceCommunication
from domain.values import Cause, Channel, Order, Personal, Recipient
from tests.support.eventually import eventually
from tests.support.installation import START

TENANT = uuid4()


class RefusedError(Exception):
    pass


class Seen(NamedTuple):
    """What a command saw behind it: the aggregate's version, and its attempts in order."""

    version: int
    attempts: tuple[str, ...]


Command = Callable[[InvoiceCommunication | None], tuple[InvoiceCommunication | None, Seen]]


def place(number: int = 0, tenant: UUID = TENANT) -> UUID:
    return InvoiceCommunication.create_id(tenant, "invoice", str(number))


def sending(attempt_id: str, number: int = 0, tenant: UUID = TENANT, ends: str = "") -> Command:
    """Opens an attempt to an address of its own; `ends`: refuses before, or half-way, or only looks."""

    def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication | None, Seen]:
        if ends == "refused":
            raise RefusedError
        if ends == "looked":
            return None, Seen(found.version, tuple(found.attempts)) if found else Seen(0, ())
        made = found or InvoiceCommunication(tenant, "invoice", str(number), START)  # type: ignore[arg-type]
        if attempt_id not in made.attempts:
            recipient = Recipient(1, Personal(str(uuid4()), "c2VhbGVk"), attempt_id)
            made.send(Order(attempt_id, Cause.FIRST, Channel.EMAIL, [recipient]), START)
        if ends == "half-way":
            raise RefusedError
        return made, Seen(made.version, tuple(made.attempts))

    return command


def together(store: Communications, *asked: Callable[[], Any]) -> "list[Future[Any]]":
    """Asked while a command runs, so that they go into the next transaction together; all are done."""
    inside, go_on = threading.Event(), threading.Event()

    def held(_: InvoiceCommunication | None) -> tuple[None, None]:
        inside.set()
        assert go_on.wait(20)
        return None, None

    merging = store._merging.of(TENANT)
    with ThreadPoolExecutor(len(asked) + 1) as threads:
        threads.submit(store.change, uuid4(), held, tenant=TENANT)
        assert inside.wait(20)
        waiting = []
        for number, one in enumerate(asked, start=1):
            waiting.append(threads.submit(one))
            eventually(partial(_waits, merging, number))
        go_on.set()
    return waiting


def _waits(merging: Any, count: int) -> bool:
    return len(merging._waiting) == count


@pytest.fixture(autouse=True)
def _whole(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is not parted, so that it is known what goes together."""
    if "any_mix" not in request.node.name:
        monkeypatch.setattr("adapters.merging.PARTED", 1000)


@pytest.fixture
def commits(api: Installation, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events each transaction of the API recorded."""
    found: list[int] = []
    inserting = api.communications.recorder.inserting

    def counting(events: Sequence[Any], **given: Any) -> Steps[list[int]]:
        ids = yield from inserting(events, **given)
        found.append(len(ids))
        return ids

    monkeypatch.setattr(api.communications.recorder, "inserting", counting)
    return found


def send(store: Communications, number: int = 0, ends: str = "", **given: Any) -> Callable[[], Any]:
    return lambda: store.change(place(number), sending(str(uuid4()), number, ends=ends), tenant=TENANT, **given)


def test_what_waits_is_one_commit_and_each_sees_those_before_it(api: Installation, commits: list[int]) -> None:
    store = api.communications
    done = [one.result() for one in together(store, *(send(store, number % 2) for number in range(8)))]
    assert commits == [10]
    assert [seen.version for seen, _ in done] == [2, 2, 3, 3, 4, 4, 5, 5]
    assert len({position for _, position in done}) == 8
    assert store.load([place(0), place(1)], TENANT).positions == {place(0): done[6][1], place(1): done[7][1]}


def test_a_refusal_half_way_leaves_nothing_and_spoils_no_other(api: Installation, commits: list[int]) -> None:
    store = api.communications
    asked = [
        send(store),
        send(store, ends="half-way"),
        send(store, ends="refused"),
        send(store),
        send(store, 1, "half-way"),
    ]
    done = together(store, *asked)
    assert [type(one.exception()) for one in done] == [type(None), RefusedError, RefusedError, type(None), RefusedError]
    assert commits == [3]
    assert done[3].result()[0] == Seen(3, tuple(store.get(place(), TENANT).attempts))
    assert place(1) not in store.load([place(1)], TENANT).found


def test_what_cannot_be_written_spoils_no_other(api: Installation) -> None:
    store = api.communications
    broken = [Write("DELETE FROM work.queue WHERE attempt_id = ANY (%s::uuid[])", [("no id",)])]
    done = together(store, send(store), send(store, writes=broken), send(store, 1))
    assert [type(one.exception()) for one in done] == [type(None), psycopg.errors.InvalidTextRepresentation, type(None)]
    assert (len(store.get(place(), TENANT).attempts), len(store.get(place(1), TENANT).attempts)) == (1, 1)


def test_a_conflict_is_met_again_by_each_alone(api: Installation, other: Installation, commits: list[int]) -> None:
    """Somebody else writes between the read and the commit."""
    store = api.communications
    send(store)()
    commits.clear()

    def meddled(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication | None, Seen]:
        if found and found.version == 2:
            send(other.communications)()
        return sending(str(uuid4()))(found)

    done = together(store, lambda: store.change(place(), meddled, tenant=TENANT), send(store), send(store, 1))
    assert [one.exception() for one in done] == [None] * 3
    assert sorted(commits) == [1, 1, 2]
    assert (len(store.get(place(), TENANT).attempts), len(store.get(place(1), TENANT).attempts)) == (4, 1)


def test_what_else_is_written_knows_the_position_and_shares_the_commit(api: Installation) -> None:
    store, told = api.communications, []

    def also(seen: Seen, position: int) -> list[Write]:
        told.append((seen, position))
        return [Write("DELETE FROM work.queue WHERE communication_id = ANY (%s::uuid[])", [(place(len(told) - 1),)])]

    def failing(*_: object) -> list[Write]:
        raise RefusedError

    done = together(store, send(store, also=also), send(store, 1, also=also), send(store, 2))
    assert told == [one.result() for one in done[:2]]
    with api.database.transaction(TENANT) as connection:
        rows = connection.execute("SELECT communication_id FROM work.queue").fetchall()
    assert rows == [(place(2),)]
    with pytest.raises(RefusedError):
        send(store, 3, also=failing)()
    assert place(3) not in store.load([place(3)], TENANT).found


def test_a_transaction_is_bounded(api: Installation, commits: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_EVENTS", 4)
    store = api.communications
    done = [one.result() for one in together(store, *(send(store, number) for number in range(9)))]
    assert commits == [4, 4, 4, 4, 2]
    assert len({position for _, position in done}) == 9


def test_a_lost_commit_answer_records_each_once(api: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    store = api.communications
    lost: list[int] = []
    inserting = store.recorder.inserting

    def losing(*given: Any, **more: Any) -> Steps[list[int]]:
        ids = yield from inserting(*given, **more)
        if not lost:
            lost.extend(ids)
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return ids

    monkeypatch.setattr(store.recorder, "inserting", losing)
    done = [one.result() for one in together(store, *(send(store, number) for number in range(5)))]
    assert sorted(position for _, position in done) == lost[1::2]


# any mix, from anywhere, with sessions that die


class Story(NamedTuple):
    """One command: of which tenant, on which subject, by which process, and how it ends."""

    tenant: int
    number: int
    process: int
    ends: str


class Told(NamedTuple):
    story: Story
    attempt_id: str
    seen: Seen | None
    position: int


ENDS = st.sampled_from(["", "", "", "refused", "half-way", "looked"])
STORIES = st.lists(
    st.builds(Story, st.integers(0, 1), st.integers(0, 2), st.integers(0, 1), ENDS), min_size=1, max_size=60
)


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(stories=STORIES, kills=st.lists(st.integers(0, 59), max_size=3))
def test_any_mix_is_recorded_as_if_one_came_after_the_other(
    api: Installation, other: Installation, database_url: str, stories: list[Story], kills: list[int]
) -> None:
    tenants, processes = (uuid4(), uuid4()), (api.communications, other.communications)

    def tell(numbered: tuple[int, Story]) -> Told:
        count, story = numbered
        if count in kills:
            kill_sessions(database_url)
        tenant, attempt_id = tenants[story.tenant], str(uuid4())
        command = sending(attempt_id, story.number, tenant, story.ends)
        try:
            where = place(story.number, tenant)
            return Told(story, attempt_id, *processes[story.process].change(where, command, tenant=tenant))
        except RefusedError:
            return Told(story, attempt_id, None, 0)

    with ThreadPoolExecutor(16) as threads:
        told = list(threads.map(tell, enumerate(stories)))
    for number, tenant in enumerate(tenants):
        check(api, tenant, [one for one in told if one.story.tenant == number])


def check(api: Installation, tenant: UUID, told: list[Told]) -> None:
    """Against the store: each version, in order, belongs to the one command that saw it."""
    for number in range(3):
        mine = [one for one in told if one.story.number == number]
        recorded = {one.attempt_id: one for one in mine if one.seen and one.story.ends == ""}
        rows = api.communications.recorder.streams([place(number, tenant)], tenant)
        assert [row[1] for row in rows] == list(range(1, len(rows) + 1))
        assert {row[4] for row in rows} <= {tenant}
        found = api.communications.load([place(number, tenant)], tenant).found.get(place(number, tenant))
        order = tuple(found.attempts) if found else ()
        assert set(order) == recorded.keys()
        assert len(rows) == (len(order) + 1 if order else 0)
        positions = dict(zip(order, (row[5] for row in rows[1:]), strict=True))
        for one in mine:
            assert (one.seen is None) == (one.story.ends in ("refused", "half-way"))
            if one.seen is not None:
                assert one.seen.attempts == order[: len(one.seen.attempts)]
                last = one.seen.attempts[-1] if one.seen.attempts else None
                assert one.position == (positions[last] if last else 0)


def kill_sessions(url: str) -> None:
    """All but those that kill; whatever they were doing."""
    with connect(url, autocommit=True, application_name="killer") as killer:
        killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name <> 'killer'"
        )


def test_endless_conflicts_of_one_do_not_hold_up_the_others(api: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    store, inserting = api.communications, api.communications.recorder.inserting
    refused: list[int] = []

    def refusing(events: Sequence[arrays.Column], **given: Any) -> Steps[list[int]]:
        if place(0).bytes in events[0].data:
            refused.append(sum(place(number).bytes in events[0].data for number in range(6)))
            raise VersionConflictError
        return (yield from inserting(events, **given))

    monkeypatch.setattr(store.recorder, "inserting", refusing)
    monkeypatch.setattr("adapters.store.communications.PATIENCE", 0.2)
    done = together(store, send(store, 0), *(send(store, number) for number in range(1, 6)))
    assert type(done[0].exception()) is BusyError
    assert refused[0] == 6
    assert set(refused[1:]) == {1}
    assert [one.exception() for one in done[1:]] == [None] * 5
