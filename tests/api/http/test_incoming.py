"""A body as it comes in, whole or in parts, at once or late, or never."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect

from api.http import incoming
from api.http.incoming import whole_body
from api.http.problems import Problem

pytestmark = pytest.mark.anyio
MOST = 100


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Coming:
    """Hands out parts, and waits for the loop before those that are late. `left` once somebody stopped waiting."""

    def __init__(self, parts: Sequence[tuple[bytes, bool]], *, ends: bool = True) -> None:
        self.parts = list(parts)
        self.ends = ends
        self.left = False

    async def __call__(self) -> dict[str, Any]:
        body, late = self.parts.pop(0) if self.parts else (b"", False)
        if late:
            await asyncio.sleep(0)
            await asyncio.get_running_loop().create_task(asyncio.sleep(0))
        if not self.parts and not self.ends:
            try:
                await asyncio.Event().wait()
            finally:
                self.left = True
        return {"type": "http.request", "body": body, "more_body": bool(self.parts)}


parts = st.lists(st.tuples(st.binary(max_size=40), st.booleans()), max_size=6)


@given(parts)
def test_it_is_the_same_however_it_comes(parts: list[tuple[bytes, bool]]) -> None:
    sent = b"".join(body for body, _ in parts)
    if len(sent) <= MOST:
        assert asyncio.run(whole_body(Coming(parts), MOST)) == sent
    else:
        with pytest.raises(Problem) as refused:
            asyncio.run(whole_body(Coming(parts), MOST))
        assert refused.value.status_code == 413


@pytest.mark.parametrize("parts", [[], [(b"a", False)], [(b"a", False), (b"b", True)], [(b"a", True), (b"b", False)]])
async def test_what_does_not_end_is_given_up(parts: list[tuple[bytes, bool]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "PATIENCE", 0.01)
    coming = Coming(parts, ends=False)
    with pytest.raises(Problem) as refused:
        await whole_body(coming, MOST)
    assert (refused.value.status_code, refused.value.code, coming.left) == (408, "too_slow", True)


async def test_who_stops_waiting_leaves_nothing_that_waits() -> None:
    coming = Coming([], ends=False)
    reading = asyncio.create_task(whole_body(coming, MOST))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert coming.left


@pytest.mark.parametrize("before", [[], [{"type": "http.request", "body": b"a", "more_body": True}]])
async def test_a_client_that_has_gone_sends_no_body(before: list[dict[str, Any]]) -> None:
    messages = iter([*before, {"type": "http.disconnect"}])

    async def receive() -> dict[str, Any]:
        return next(messages)

    with pytest.raises(ClientDisconnect):
        await whole_body(receive, MOST)
