"""Long numbers told in letters, as one more line of what is searched.

An index of trigrams knows a thousand groups of three digits: in ten million rows each stands in tens of thousands. A
letter stands for three digits in a row, so three letters for five, and every letter but two of a number's is a new one.
Part of a number is part of its letters too. They are capitals, which nobody finds: what is looked for is in lower case.
"""

import re
from functools import lru_cache

LEAST = 5
"""Digits that make three letters. Shorter numbers have none."""
_RUN = re.compile(f"[0-9]{{{LEAST},}}")
_LETTER = {f"{n:03}": chr(65 + n * 7919 // 31 % 26) for n in range(1000)}
"""As in the migration that told what had been written before it."""


def told(text: str) -> list[str]:
    """The letters of each number."""
    return [_letters(run) for run in _RUN.findall(text)]


@lru_cache(maxsize=10_000)
def _letters(run: str) -> str:
    return "".join([_LETTER[run[n : n + 3]] for n in range(len(run) - 2)])
