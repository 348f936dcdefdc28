"""Any mix of commands, from threads of two processes, with sessions that die, is as if one came after the other."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.bootstrap import Installation
from tests.adapters.store.commands import ENDS, RefusedError, Seen, kill_sessions, place, sending


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
