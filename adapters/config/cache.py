"""Remembers look-ups for a few seconds, so that a request costs no query and a change is seen soon."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SECONDS = 5.0
_MOST = 10_000


class Remembered(Generic[K, V]):
    """`look_up(key)` at most once in 5 s a key; at most 10,000 keys."""

    def __init__(self, look_up: Callable[[K], V], seconds: float = SECONDS) -> None:
        self.look_up = look_up
        self.seconds = seconds
        self._known: dict[K, tuple[float, V]] = {}

    def known(self, key: K) -> tuple[bool, V | None]:
        """Whether it is remembered, and what, without looking up: for those who must not wait."""
        known = self._known.get(key)
        return (True, known[1]) if known and known[0] > time.monotonic() else (False, None)

    def __call__(self, key: K) -> V:
        now = time.monotonic()
        known = self._known.get(key)
        if known and known[0] > now:
            return known[1]
        return self._ask(key, now)

    def _ask(self, key: K, now: float) -> V:
        if len(self._known) >= _MOST:
            self._known.clear()
        value = self.look_up(key)
        self._known[key] = (now + self.seconds, value)
        return value

    def forget(self) -> None:
        self._known.clear()
