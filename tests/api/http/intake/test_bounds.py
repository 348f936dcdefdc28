"""What the intake refuses for its size or slowness, and what becomes of requests that the log does not take."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from adapters.bootstrap import Installation
from api.http import incoming
from api.http.intake import MOST_BYTES, Intake
from tests.api.http.intake.calls import (
    BODY,
    BrokenLog,
    HeldLog,
    all_in,
    called,
    client,
    logged,
    path,
    post,
)
from tests.consumers.hooks import Hooks, signed
from tests.support.eventually import eventually_async

pytestmark = pytest.mark.anyio


async def test_a_body_over_one_mebibyte_is_refused_before_it_is_read(world: Hooks, api: Installation) -> None:
    sent = 0

    async def ten_mebibytes() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(160):
            sent += 1
            yield bytes(64 * 1024)

    body = ten_mebibytes()

    async def receive() -> dict[str, Any]:
        part = await anext(body, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    answers = await called(api, world.connection, receive)
    assert answers[0]["status"] == 413
    assert sent == MOST_BYTES // (64 * 1024) + 1


async def test_a_body_that_does_not_come_in_is_not_waited_for(
    world: Hooks, api: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "PATIENCE", 0.01)

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    answers = await called(api, world.connection, never)
    assert answers[0]["status"] == 408
    assert (b"connection", b"close") in answers[0]["headers"]


async def test_a_client_that_leaves_before_the_end_is_not_answered(world: Hooks, api: Installation) -> None:
    coming: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b"[", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict[str, Any]:
        return next(coming)

    assert await called(api, world.connection, receive) == []
    assert logged(world) == []


@pytest.mark.parametrize("size", [MOST_BYTES + 1, 10 * MOST_BYTES])
async def test_a_length_that_is_too_large_is_refused_at_once(world: Hooks, api: Installation, size: int) -> None:
    answer = await post(api, world.connection, bytes(size), {})
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"


async def test_a_body_of_exactly_one_mebibyte_is_taken(world: Hooks, api: Installation) -> None:
    body = bytes(MOST_BYTES)
    assert (await post(api, world.connection, body, signed(body))).status_code == 204
    assert logged(world)[0].request.body == body


async def test_oversized_headers_and_addresses_are_refused(world: Hooks, api: Installation) -> None:
    assert (await post(api, world.connection, BODY, {"X": "y" * 40_000})).status_code == 431
    assert (await post(api, f"{world.connection}?{'q' * 9000}", BODY, {})).status_code == 414


async def test_a_log_that_is_away_is_never_answered_with_success(world: Hooks, api: Installation) -> None:
    answer = await post(api, world.connection, BODY, signed(BODY), BrokenLog())
    assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_what_waits_for_a_log_that_fails_is_refused_together(world: Hooks, api: Installation) -> None:
    """Nobody is told that a request is durable while it is not, and nobody is left waiting."""
    failing = HeldLog()
    bodies = [b"[%d]" % n for n in range(20)]
    app = Intake(api, failing)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://10.0.0.7:8080") as http:
        asking = [asyncio.create_task(http.post(path(world.connection), content=b, headers=signed(b))) for b in bodies]
        await asyncio.wait_for(failing.entered.wait(), 10)
        await eventually_async(lambda: all_in(app, failing, len(bodies)))
        assert not [task for task in asking if task.done()]
        failing.let_go.set()
        answers = await asyncio.gather(*asking)
    assert {a.status_code for a in answers} == {503}
    assert failing.calls < len(bodies)


async def test_many_at_once_are_all_kept(world: Hooks, api: Installation) -> None:
    bodies = [b"[%d]" % n for n in range(60)]
    async with client(api) as http:
        answers = await asyncio.gather(
            *(http.post(path(world.connection), content=b, headers=signed(b)) for b in bodies)
        )
    assert {a.status_code for a in answers} == {204}
    assert sorted(r.request.body for r in logged(world)) == sorted(bodies)
