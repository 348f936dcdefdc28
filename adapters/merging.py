"""Calls of many threads that wait for one thing: what comes while one call runs goes together into the next."""

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar
from uuid import UUID

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
MOST = 256
"""Callers in one call."""
AT_ONCE = 2
"""Calls under way: one prepares itself while the other waits for its commit."""
PARTED = 8
"""So many that wait while no call is under way are parted: half of them prepare themselves while the others commit."""
CarryOut = Callable[[Sequence[Asked], Callable[[], None]], Sequence[Answer]]


class Waiting(Generic[Asked, Answer]):
    """One thread, which waits for `turn`."""

    __slots__ = ("answer", "asked", "error", "key", "settled", "turn")
    answer: Answer

    def __init__(self, asked: Asked, key: Hashable) -> None:
        self.asked = asked
        self.key = key
        self.settled = False
        self.error: BaseException | None = None
        self.turn = threading.Lock()
        self.turn.acquire()


class Merging(Generic[Asked, Answer]):
    """`carry_out(what waits, go_on)` answers the first of them, one or more, in order.

    Who finds nobody at work carries out what waits at once. `go_on` says that this call only waits any more: the next
    one may prepare itself. `key`: of calls under way at the same time no two have the same. `apart`: whether one must
    not share its call. `threads` run what no thread waits for itself.
    """

    def __init__(
        self,
        carry_out: "CarryOut[Asked, Answer]",
        key: Callable[[Asked], Hashable],
        threads: ThreadPoolExecutor,
        apart: Callable[[Asked], bool] = lambda _: False,
    ) -> None:
        self.carry_out = carry_out
        self.key = key
        self.threads = threads
        self.apart = apart
        self._lock = threading.Lock()
        self._waiting: list[Waiting[Asked, Answer]] = []
        self._busy: set[Hashable] = set()
        self._running = 0
        self._preparing = False

    def __call__(self, asked: Asked) -> Answer:
        """Raises what `carry_out` raises, in all whose call it was."""
        mine: Waiting[Asked, Answer] = Waiting(asked, self.key(asked))
        if self._may_begin(mine):
            self._one_call()
        mine.turn.acquire()
        if mine.error is not None:
            raise mine.error
        return mine.answer

    def _one_call(self) -> None:
        taken = self._take()
        preparing = True

        def go_on() -> None:
            nonlocal preparing
            if preparing:
                preparing = False
                self._prepared()

        try:
            answers = self.carry_out([one.asked for one in taken], go_on)
            for one, answer in zip(taken, answers, strict=False):
                one.answer, one.settled = answer, True
        except BaseException as error:
            told = error if isinstance(error, Exception) else RuntimeError("whoever carried it out was stopped")
            for one in taken:
                one.error, one.settled = told, True
            if told is not error:
                raise
        finally:
            self._end(taken, preparing=preparing)
            self._pass_on()
            for one in taken:
                if one.settled:
                    one.turn.release()

    def _take(self) -> "list[Waiting[Asked, Answer]]":
        with self._lock:
            taken: list[Waiting[Asked, Answer]] = []
            left: list[Waiting[Asked, Answer]] = []
            count = len(self._waiting)
            most = MOST if self._running or count < PARTED else min(count // 2, MOST)
            for one in self._waiting:
                full = len(taken) == most or (taken and (self.apart(one.asked) or self.apart(taken[0].asked)))
                (left if full or one.key in self._busy else taken).append(one)
            self._waiting = left
            self._busy.update(one.key for one in taken)
            self._running += 1
            return taken

    def _prepared(self) -> None:
        with self._lock:
            self._preparing = False
        self._pass_on()

    def _pass_on(self) -> None:
        if self._may_begin():
            self.threads.submit(self._one_call)

    def _end(self, taken: "list[Waiting[Asked, Answer]]", *, preparing: bool) -> None:
        with self._lock:
            self._running -= 1
            self._preparing = self._preparing and not preparing
            self._busy.difference_update(one.key for one in taken)
            self._waiting[:0] = [one for one in taken if not one.settled]

    def _may_begin(self, one: "Waiting[Asked, Answer] | None" = None) -> bool:
        """Whether the next call is to begin; if so, by whoever asked this. `one` comes to those that wait."""
        with self._lock:
            if one is not None:
                self._waiting.append(one)
            if self._preparing or self._running >= AT_ONCE:
                return False
            self._preparing = any(one.key not in self._busy for one in self._waiting)
            return self._preparing


class Mergings(Generic[Asked, Answer]):
    """What waits for one tenant is merged; different tenants' calls run beside each other."""

    def __init__(self, make: "Callable[[UUID | None], Merging[Asked, Answer]]") -> None:
        self.make = make
        self._made: dict[UUID | None, Merging[Asked, Answer]] = {}

    def of(self, tenant: UUID | None) -> "Merging[Asked, Answer]":
        found = self._made.get(tenant)
        return found if found is not None else self._made.setdefault(tenant, self.make(tenant))
