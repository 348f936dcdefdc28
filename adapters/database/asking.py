"""Reads of one tenant's rows: the tenant and the question go out in one message, and come back as one answer.

What is sent together is one transaction, in which the tenant is named before anything is read.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from psycopg_pool import ConnectionPool

from adapters.database.loop import Loops
from adapters.database.pipeline import Ask, Rows, Typed
from adapters.database.prepared import asking

_TEXT, _INT8, _TIMESTAMPTZ, _UUID, _TEXTS = 25, 20, 1184, 2950, 1009
_PLACE = re.compile(r"%\((\w+)\)s")
_NAMING = (
    # By itself PostgreSQL would plan a list anew each time, which takes longer than most lists.
    "SELECT set_config('app.tenant', %b::uuid::text, true), set_config('plan_cache_mode', 'force_generic_plan', true)"
)
"""What goes before a question."""


class Asker:
    """Asks over a pool whose role row-level security holds to one tenant. Its connections must be in autocommit."""

    def __init__(self, pool: "ConnectionPool[Any]") -> None:
        self.pool = pool
        self._loops = Loops(pool)

    async def ask(self, tenant: UUID, sql: str, values: Mapping[str, Any]) -> Rows:
        """The rows of one question, planned once; its places for values are `%(name)s`. Raises psycopg.Error."""
        text, names = _numbered(sql)
        question = Ask(text, [_typed(values[name]) for name in names])
        _, rows = await self._loops.here().answered(asking(Ask(_NAMING, (tenant,)), question))
        return rows

    def close(self) -> None:
        """The pool belongs to its opener; it gets its connections back."""
        self._loops.close()


@lru_cache(maxsize=4000)
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """With `$1`, `$2`, ... in place of the names; and the names in that order."""
    names = tuple(dict.fromkeys(_PLACE.findall(sql)))
    numbers = {name: f"${number}" for number, name in enumerate(names, 1)}
    return _PLACE.sub(lambda found: numbers[found[1]], sql), names


def _typed(value: Any) -> Typed:
    match value:
        case None:
            return Typed(0, None)
        case str():
            return Typed(_TEXT, value.encode())
        case int():
            return Typed(_INT8, b"%d" % value)
        case datetime():
            return Typed(_TIMESTAMPTZ, value.isoformat().encode())
        case UUID():
            return Typed(_UUID, str(value).encode())
        case list():
            return Typed(_TEXTS, _array(value))
    raise TypeError(f"a {type(value).__name__} cannot be asked with")


def _array(texts: Sequence[str]) -> bytes:
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{{{}}}".format(",".join(f'"{text}"' for text in escaped)).encode()
