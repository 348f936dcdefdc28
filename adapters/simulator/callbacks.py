"""Calling back: the outboxes where events gather, the tries, and the record of what was answered."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import httpx
import msgspec

from adapters.clock import Clock
from adapters.simulator.background import Background
from adapters.simulator.config import Account, Config
from adapters.simulator.messages import Told
from adapters.simulator.shelf import Shelf
from adapters.simulator.side import Call, Patience, Side

MOST_READ = 64 * 1024  # of an answer: it is only read so that its connection can be used again


class Try(msgspec.Struct, frozen=True):
    """One try: the status answered, or the kind of error."""

    at: datetime
    status: int | None = None
    error: str | None = None
    failure: str | None = None

    @property
    def answered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Callback(msgspec.Struct, kw_only=True):
    """One webhook request and its tries. `state` is waiting, answered (2xx) or given_up."""

    id: int
    provider: str
    account: str
    url: str
    headers: dict[str, str]
    body: str
    messages: list[str]
    events: list[str]
    replay_of: int | None = None
    state: str = "waiting"
    tries: list[Try] = []


class Caller:
    def __init__(self, config: Config, clock: Clock, background: Background) -> None:
        self.config, self.clock, self.background = config, clock, background
        self.kept: Shelf[int, Callback] = Shelf(config.keep, config.keep_bytes)
        self._outboxes: defaultdict[tuple[str, str, str], list[Told]] = defaultdict(list)
        self._count = 0
        self._waiting = 0
        # No time limit on the pool: a callback waits its turn and is not failed by the simulator's own load.
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(config.callback_timeout, pool=None),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=8),
            trust_env=False,
        )

    async def close(self) -> None:
        await self._http.aclose()

    def clear(self) -> None:
        self.kept.clear()
        self._outboxes.clear()

    async def tell(self, side: Side, account: Account, url: str, told: Sequence[Told], *, apart: bool = False) -> None:
        """Call back, one batch at a time; not `apart`, events of several messages gather in one webhook first."""
        if apart or side.batch == 1:
            for start in range(0, len(told), side.batch):
                await self._call(side, account, url, told[start : start + side.batch])
            return
        outbox = self._outboxes[side.name, account.key, url]
        if not outbox:
            self.background.spawn(self._empty(side, account, url))
        outbox.extend(told)

    async def _empty(self, side: Side, account: Account, url: str) -> None:
        await self.background.pause(self.config.batch_wait)
        told = self._outboxes.pop((side.name, account.key, url), [])
        await self.tell(side, account, url, told, apart=True)

    async def _call(self, side: Side, account: Account, url: str, told: Sequence[Told]) -> None:
        call = side.call(account, url, told)
        callback = self._keep(side.name, account.key, call, told)
        await self._deliver(callback, call.body, side.patience(url))

    def _keep(self, provider: str, account: str, call: Call, told: Sequence[Told]) -> Callback:
        self._count += 1
        callback = Callback(
            id=self._count,
            provider=provider,
            account=account,
            url=call.url,
            headers=call.headers,
            body=call.body.decode(),
            messages=[one.message.id for one in told],
            events=[one.occurrence.event for one in told],
        )
        self.kept.put(callback.id, callback, len(call.body))
        return callback

    def replay(self, callbacks: Iterable[Callback]) -> None:
        """Send kept webhooks again, one after the other, byte for byte as they were."""
        self.background.spawn(self._replay(list(callbacks)))

    async def _replay(self, callbacks: list[Callback]) -> None:
        for original in callbacks:
            self._count += 1
            copy = msgspec.structs.replace(
                original, id=self._count, replay_of=original.replay_of or original.id, state="waiting", tries=[]
            )
            self.kept.put(copy.id, copy, len(copy.body))
            await self._deliver(copy, copy.body.encode(), Patience())

    async def _deliver(self, callback: Callback, body: bytes, patience: Patience) -> None:
        """The first try now; further ones go on in the background."""
        if not await self._tried(callback, body) and not self._retry(callback, body, patience):
            callback.state = "given_up"

    def _retry(self, callback: Callback, body: bytes, patience: Patience) -> bool:
        if callback.tries[-1].failure not in patience.after or not patience.waits or self._waiting >= self.config.keep:
            return False
        self.background.spawn(self._again(callback, body, patience))
        return True

    async def _again(self, callback: Callback, body: bytes, patience: Patience) -> None:
        self._waiting += 1
        try:
            for wait in patience.waits:
                await self.background.pause(wait)
                if await self._tried(callback, body) or callback.tries[-1].failure not in patience.after:
                    break
        finally:
            self._waiting -= 1
        if callback.state == "waiting":
            callback.state = "given_up"

    async def _tried(self, callback: Callback, body: bytes) -> bool:
        result = await self.post(callback.url, callback.headers, body)
        callback.tries.append(result)
        if result.answered:
            callback.state = "answered"
        return result.answered

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Try:
        """One request, not repeated."""
        at = self.clock()
        try:
            async with self._http.stream("POST", url, content=body, headers=headers) as answer:
                with suppress(httpx.HTTPError):
                    await _drain(answer)
                status = answer.status_code
                return Try(at, status, failure=None if 200 <= status < 300 else f"{status // 100}xx")
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return Try(at, error=type(error).__name__, failure="ct")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return Try(at, error=type(error).__name__, failure="rt")


async def _drain(answer: httpx.Response) -> None:
    read = 0
    async for chunk in answer.aiter_raw():
        read += len(chunk)
        if read > MOST_READ:
            return
