"""Which way to the newest rows that have some words. An index of trigrams finds all that have them, and each must be
read to know the newest; who looks through the list meets the newest first, and must pass all that do not have them.
"""

from math import ceil
from typing import NamedTuple

WALKED = 40_000
"""Rows that are walked down at most, in the order in which they lie: a few of them cost what one costs otherwise."""
SHALLOWEST, DEEPEST = 200, 20_000
"""Rows of a list that are looked through at least and at most."""
DEEPER = 4
WORTH = 10
"""Rows that an index finds and that take as long as to look through one."""


class Guess(NamedTuple):
    """How many rows PostgreSQL expects: with the words; that the list shows, whatever words they have; in all."""

    found: float
    shown: float
    every: float

    def may_walk(self, wanted: int) -> bool:
        """Whether half the way that is walked at most probably leads past so many rows."""
        return 2 * wanted * self.every**2 <= WALKED * self.found * self.shown

    def depths(self, wanted: int) -> list[int]:
        """How many rows of the list are to be looked through, one depth after another; none if the index is quicker.

        At first twice as many as should do: words are not spread evenly.
        """
        deepest = min(int(self.found / WORTH), DEEPEST)
        depth = max(ceil(2 * wanted * self.every / max(self.found, 1)), SHALLOWEST, wanted)
        found: list[int] = []
        if 0 < min(depth, self.shown) <= deepest:
            while depth < deepest:
                found.append(depth)
                depth *= DEEPER
            found.append(deepest)
        return found
