import asyncio
from collections.abc import Sequence

import pytest

from adapters.webhook_log import merging as merging_module
from adapters.webhook_log.merging import MergingLog
from adapters.webhook_log.port import LoggedRequest, LogUnavailableError, Positions
from tests.adapters.webhook_log.logs import request

pytestmark = pytest.mark.anyio


class GatedLog:
    """Keeps what was appended; each append waits until the test lets it."""

    def __init__(self, *, fails: bool = False) -> None:
        self.appended: list[list[bytes]] = []
        self.fails = fails
        self.gate = asyncio.Event()
        self.entered = asyncio.Semaphore(0)

    async def append(self, requests: Sequence[LoggedRequest]) -> None:
        self.entered.release()
        await asyncio.wait_for(self.gate.wait(), 10)
        if self.fails:
            raise LogUnavailableError("away")
        self.appended.append([r.request.body for r in requests])

    def lag(self, positions: Positions) -> dict[str, int]:
        return dict(positions([]))

    def close(self) -> None: ...


async def _inside(log: GatedLog) -> None:
    await asyncio.wait_for(log.entered.acquire(), 10)


async def put(merging: MergingLog, body: bytes) -> None:
    await merging.append(request(body), len(body))


async def test_what_waits_goes_together() -> None:
    log = GatedLog()
    merging = MergingLog(log, width=1)
    first = asyncio.create_task(put(merging, b"0"))
    await _inside(log)
    others = [asyncio.create_task(put(merging, b"%d" % n)) for n in range(1, 6)]
    await asyncio.sleep(0)
    assert not first.done()
    log.gate.set()
    await asyncio.gather(first, *others)
    assert log.appended == [[b"0"], [b"1", b"2", b"3", b"4", b"5"]]


async def test_requests_that_come_one_after_another_share_an_append(monkeypatch: pytest.MonkeyPatch) -> None:
    """However quick the log is: an append costs the same for one and for many."""
    monkeypatch.setattr(merging_module, "APART", 0.5)
    log = GatedLog()
    log.gate.set()
    merging = MergingLog(log)
    await put(merging, b"0")
    others = []
    for n in range(1, 6):
        others.append(asyncio.create_task(put(merging, b"%d" % n)))
        await asyncio.sleep(0)
    await asyncio.gather(*others)
    assert log.appended == [[b"0"], [b"1", b"2", b"3", b"4", b"5"]]


async def test_nobody_is_told_that_it_is_durable_when_it_is_not() -> None:
    log = GatedLog(fails=True)
    merging = MergingLog(log)
    log.gate.set()
    told = await asyncio.gather(*(put(merging, b"x") for _ in range(4)), return_exceptions=True)
    assert [type(t) for t in told] == [LogUnavailableError] * 4
    log.fails = False
    await put(merging, b"later")
    assert log.appended == [[b"later"]]


async def test_turns_away_what_would_fill_the_memory() -> None:
    log = GatedLog()
    merging = MergingLog(log, most_waiting=1000, width=1)
    running = asyncio.create_task(put(merging, bytes(900)))
    await _inside(log)
    waiting = asyncio.create_task(put(merging, bytes(600)))
    await asyncio.sleep(0)
    with pytest.raises(LogUnavailableError):
        await put(merging, bytes(600))
    log.gate.set()
    await asyncio.gather(running, waiting)
    await put(merging, bytes(600))


async def test_a_client_that_goes_away_takes_nobody_with_it() -> None:
    log = GatedLog()
    merging = MergingLog(log, width=1)
    first = asyncio.create_task(put(merging, b"0"))
    await _inside(log)
    gone, stays = (asyncio.create_task(put(merging, body)) for body in (b"gone", b"stays"))
    await asyncio.sleep(0)
    gone.cancel()
    log.gate.set()
    await asyncio.gather(first, stays)
    assert log.appended == [[b"0"], [b"gone", b"stays"]]


async def test_a_slow_append_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging_module, "APART", 0.0)
    log = GatedLog()
    merging = MergingLog(log, width=2)
    first = asyncio.create_task(put(merging, b"0"))
    await _inside(log)
    second = asyncio.create_task(put(merging, b"1"))
    await _inside(log)
    third = asyncio.create_task(put(merging, b"2"))
    await asyncio.sleep(0.01)
    assert (log.entered.locked(), merging.waiting) == (True, 1)
    log.gate.set()
    await asyncio.gather(first, second, third)
    assert sorted(log.appended) == [[b"0"], [b"1"], [b"2"]]


async def test_many_that_wait_do_not_wait_for_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the log is busy with some while others are checked."""
    monkeypatch.setattr(merging_module, "APART", 3600.0)
    monkeypatch.setattr(merging_module, "ENOUGH", 6)
    log = GatedLog()
    log.gate.set()
    merging = MergingLog(log)
    await put(merging, b"first")
    await asyncio.wait_for(asyncio.gather(*(put(merging, b"%d" % n) for n in range(6))), 10)
    assert log.appended == [[b"first"], [b"%d" % n for n in range(6)]]


async def test_no_fewer_than_are_under_way_share_the_next_append(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes meanwhile would else be cut into small appends, each of which costs as much as a large one."""
    monkeypatch.setattr(merging_module, "APART", 3600.0)
    monkeypatch.setattr(merging_module, "ENOUGH", 2)
    log = GatedLog()
    merging = MergingLog(log)
    under_way = [asyncio.create_task(put(merging, b"0"))]
    await _inside(log)
    under_way += [asyncio.create_task(put(merging, b"1")) for _ in range(2)]
    await _inside(log)
    under_way += [asyncio.create_task(put(merging, b"2")) for _ in range(2)]
    await asyncio.sleep(0)
    assert merging.waiting == 2
    under_way.append(asyncio.create_task(put(merging, b"2")))
    await _inside(log)
    log.gate.set()
    await asyncio.gather(*under_way)
    assert log.appended == [[b"0"], [b"1"] * 2, [b"2"] * 3]
