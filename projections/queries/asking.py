"""Who asks PostgreSQL for the queries of this package, in a transaction of its own that has named the tenant."""

from collections.abc import Mapping
from typing import Any, Protocol


class Ask(Protocol):
    """The rows of one question, whose places for values are `%(name)s`."""

    async def __call__(self, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]: ...
