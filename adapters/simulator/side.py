"""What a provider's side must offer."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

import msgspec
from starlette.routing import BaseRoute

from adapters.simulator.behaviour import Channel, Event
from adapters.simulator.config import Account
from adapters.simulator.messages import Told

ANY_FAILURE = frozenset({"3xx", "4xx", "5xx", "ct", "rt"})


class Call(msgspec.Struct, frozen=True):
    """One webhook request, signed. `url` is without fragment."""

    url: str
    headers: dict[str, str]
    body: bytes


class Patience(msgspec.Struct, frozen=True):
    """The waits before further tries, and after which failures: an answer's class, connecting (ct), reading (rt)."""

    waits: tuple[float, ...] = ()
    after: frozenset[str] = ANY_FAILURE


class Side(Protocol):
    name: ClassVar[str]
    channel: ClassVar[Channel]
    batch: ClassVar[int]
    """The most events in one webhook."""
    words: ClassVar[Mapping[Event, Any]]
    """What can happen here, each with the provider's way to say it."""
    endpoints: ClassVar[tuple[tuple[str, str], ...]]
    """(method and path, what it does), for the page."""

    def routes(self) -> list[BaseRoute]: ...

    def draw(self) -> tuple[str, str]:
        """A new account's key and token, in the provider's form."""

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call: ...

    def patience(self, url: str) -> Patience: ...


@runtime_checkable
class Reserved(Protocol):
    """A side that does not call back about everything that happens; the rest is found out by asking."""

    untold: ClassVar[frozenset[Event]]
