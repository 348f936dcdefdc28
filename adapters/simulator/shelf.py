"""A bounded store: the oldest things go when there are too many, or too many bytes."""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Thing = TypeVar("Thing")


class Shelf(Generic[Key, Thing]):
    def __init__(self, count: int, size: int) -> None:
        self.count, self.size = count, size
        self._things: dict[Key, tuple[Thing, int]] = {}
        self._bytes = 0

    def put(self, key: Key, thing: Thing, size: int) -> None:
        self._drop(key)
        self._things[key] = (thing, size)
        self._bytes += size
        while len(self._things) > self.count or (self._bytes > self.size and len(self._things) > 1):
            self._drop(next(iter(self._things)))

    def get(self, key: Key) -> Thing | None:
        found = self._things.get(key)
        return found[0] if found else None

    def newest(self) -> Iterator[Thing]:
        for thing, _ in reversed(list(self._things.values())):
            yield thing

    def clear(self) -> None:
        self._things.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._things)

    def _drop(self, key: Key) -> None:
        _, size = self._things.pop(key, (None, 0))
        self._bytes -= size
