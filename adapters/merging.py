"""Calls of many coroutines that wait for one thing: what comes while one call runs goes together into the next."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Whose = TypeVar("Whose", bound=UUID | None)
MOST = 64
"""Callers in one call: the loop does nothing else while it is prepared."""
AT_ONCE = 2
"""Calls under way, unless another number is given: one is prepared while the other waits for its commit."""
PARTED = 8
"""So many that wait while no call is under way are parted: half of them are prepared while the others commit."""
Done = Callable[[Sequence[Answer] | None, Exception | None], None]
CarryOut = Callable[[Sequence[Asked], "Done[Answer]"], None]
_Waiting = tuple[Asked, Hashable, "asyncio.Future[Answer]"]


class Merging(Generic[Asked, Answer]):
    """For one event loop: `carry_out(what waits, done)` answers the first of them, one or more, in order, or an error.

    A call begins once whatever is ready in the loop has had its turn. `key`: of calls under way at the same time no
    two have the same. `apart`: whether one must not share its call.
    """

    def __init__(
        self,
        carry_out: "CarryOut[Asked, Answer]",
        key: Callable[[Asked], Hashable],
        apart: Callable[[Asked], bool] = lambda _: False,
        at_once: int = AT_ONCE,
    ) -> None:
        self.carry_out = carry_out
        self.key = key
        self.apart = apart
        self.at_once = at_once
        self._waiting: list[_Waiting[Asked, Answer]] = []
        self._busy: set[Hashable] = set()
        self._calls = 0
        self._due = False

    def ask(self, asked: Asked) -> "asyncio.Future[Answer]":
        """The answer, or what `carry_out` raises, in all whose call it was. Given up in time, it is not carried out."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((asked, self.key(asked), future))
        self._begin_soon(loop)
        return future

    def _begin_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting and not self._due and self._calls < self.at_once:
            self._due = True
            loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._due = False
        while self._calls < self.at_once and (taken := self._take()):
            self._busy.update([key for _, key, _ in taken])
            self._calls += 1
            self._call(taken)

    def _take(self) -> "list[_Waiting[Asked, Answer]]":
        taken: list[_Waiting[Asked, Answer]] = []
        left: list[_Waiting[Asked, Answer]] = []
        count = len(self._waiting)
        parted = self.at_once > 1 and not self._calls and count >= PARTED
        most = min(MOST, count // 2 if parted else count)
        closed = False
        for one in self._waiting:
            asked, key, future = one
            if future.done():
                continue
            apart = self.apart(asked)
            if closed or key in self._busy or (apart and taken):
                left.append(one)
                continue
            taken.append(one)
            closed = apart or len(taken) == most
        self._waiting = left
        return taken

    def _call(self, taken: "list[_Waiting[Asked, Answer]]") -> None:
        done = partial(self._done, taken)
        try:
            self.carry_out([asked for asked, _, _ in taken], done)
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            done(None, error)

    def _done(
        self, taken: "list[_Waiting[Asked, Answer]]", answers: Sequence[Answer] | None, error: Exception | None
    ) -> None:
        for number, (_, key, future) in enumerate(taken):
            self._busy.discard(key)
            if future.done():
                continue
            if error is not None:
                future.set_exception(error)
            elif answers is not None and number < len(answers):
                future.set_result(answers[number])
        if answers is not None:
            self._waiting[:0] = taken[len(answers) :]
        self._calls -= 1
        self._begin_soon(asyncio.get_running_loop())


class Mergings(Generic[Whose, Asked, Answer]):
    """What waits for one tenant in one event loop is merged; others' calls run beside."""

    def __init__(self, make: "Callable[[Whose], Merging[Asked, Answer]]") -> None:
        self.make = make
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Whose, Merging[Asked, Answer]]] = (
            WeakKeyDictionary()
        )

    def of(self, tenant: Whose) -> "Merging[Asked, Answer]":
        loop = asyncio.get_running_loop()
        here = self._made.get(loop)
        if here is None:
            here = self._made[loop] = {}
        found = here.get(tenant)
        return found if found is not None else here.setdefault(tenant, self.make(tenant))
