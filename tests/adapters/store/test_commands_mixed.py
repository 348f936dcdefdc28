"""Any mix of commands, from two loops and from threads, with sessions that die and callers that give up."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.bootstrap import Installation
from adapters.store.communications import Communications
from tests.adapters.store.commands import ENDS, Command, RefusedError, Seen, kill_sessions, place, sending


class Story(NamedTuple):
    """One command: from which loop (2: from a thread), on which subject, how it ends, whether its caller gives up."""

    where: int
    number: int
    ends: str
    gives_up: bool


class Told(NamedTuple):
    story: Story
    seen: Seen | None
    position: int


class Mix:
    def __init__(self, store: Communications, kill: Callable[[], None]) -> None:
        self.store = store
        self.kill = kill
        self.tenant = uuid4()
        self.told: dict[str, Told] = {}
        self.given_up: set[str] = set()

    async def in_loop(self, stories: list[tuple[Story, bool]]) -> None:
        await asyncio.gather(*(self._ask(story, kills) for story, kills in stories))

    async def _ask(self, story: Story, kills: bool) -> None:
        if kills:
            await asyncio.to_thread(self.kill)
        attempt_id, where, command = self._command(story)
        asked = asyncio.create_task(self.store.change_async(where, command, tenant=self.tenant))
        if story.gives_up:
            await asyncio.sleep(0)
            asked.cancel()
        try:
            self.told[attempt_id] = Told(story, *await asked)
        except RefusedError:
            self.told[attempt_id] = Told(story, None, 0)
        except asyncio.CancelledError:
            self.given_up.add(attempt_id)

    def in_thread(self, story: Story) -> None:
        attempt_id, where, command = self._command(story)
        try:
            self.told[attempt_id] = Told(story, *self.store.change(where, command, tenant=self.tenant))
        except RefusedError:
            self.told[attempt_id] = Told(story, None, 0)

    def _command(self, story: Story) -> tuple[str, UUID, Command]:
        attempt_id = str(uuid4())
        return attempt_id, place(story.number, self.tenant), sending(attempt_id, story.number, self.tenant, story.ends)

    def check(self, number: int) -> None:
        """Against the store: each version belongs to the one command that saw it; of those given up, maybe."""
        where = place(number, self.tenant)
        rows = self.store.recorder.streams([where], self.tenant)
        assert [row[1] for row in rows] == list(range(1, len(rows) + 1))
        found = self.store.load([where], self.tenant).found.get(where)
        order = tuple(found.attempts) if found else ()
        mine = {attempt_id: one for attempt_id, one in self.told.items() if one.story.number == number}
        sent = {attempt_id for attempt_id, one in mine.items() if one.story.ends == ""}
        assert sent <= set(order) <= sent | self.given_up
        positions = dict(zip(order, (row[5] for row in rows[1:]), strict=True))
        for story, seen, position in mine.values():
            assert (seen is None) == (story.ends in ("refused", "half-way"))
            if seen is not None:
                assert seen.attempts == order[: len(seen.attempts)]
                assert position == (positions[seen.attempts[-1]] if seen.attempts else 0)


STORIES = st.lists(
    st.builds(Story, st.integers(0, 2), st.integers(0, 2), ENDS, st.integers(0, 3).map(lambda n: n == 0)),
    min_size=1, max_size=60,
)  # fmt: skip


@pytest.mark.parametrize("likely", [1, 3, 1000])
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(stories=STORIES, kills=st.lists(st.integers(0, 59), max_size=3))
def test_any_mix_is_recorded_as_if_one_came_after_the_other(
    api: Installation,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    likely: int,
    stories: list[Story],
    kills: list[int],
) -> None:
    monkeypatch.setattr("adapters.store.batch.LIKELY", likely)
    mix = Mix(api.communications, partial(kill_sessions, database_url))
    numbered = [(story, count in kills) for count, story in enumerate(stories)]
    with ThreadPoolExecutor(8) as threads:
        loops = [[one for one in numbered if one[0].where == where] for where in (0, 1)]
        running = [threads.submit(asyncio.run, mix.in_loop(mine)) for mine in loops]
        running += [threads.submit(mix.in_thread, story) for story in stories if story.where == 2]
        for one in running:
            one.result()
    for number in range(3):
        mix.check(number)
