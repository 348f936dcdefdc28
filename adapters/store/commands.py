"""What callers ask to be done to aggregates, and what came of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from adapters.database.prepared import Steps
from adapters.database.session import Write
from domain.communication import InvoiceCommunication

Run = Callable[[InvoiceCommunication | None], tuple[InvoiceCommunication | None, Any]]


class Sealing(Protocol):
    """Asks for the keys that commands seal under: once for all that are carried out together."""

    def wanted(self, found: InvoiceCommunication | None) -> Iterable[str]:
        """Whose keys a command will need, as customer refs."""

    def looking_up(self, customer_refs: Iterable[str]) -> Steps[Mapping[str, Any]]:
        """By customer ref."""

    def take(self, keys: Mapping[str, Any]) -> None:
        """Others' may be among them."""


class Command:
    """What one caller wants done to one aggregate.

    `run` gets the aggregate, None if there is none, and returns what is to be recorded, and the caller's result. `also`
    makes further writes of the same transaction from that result and its position. `alone`: not together with others.
    `place`: the aggregate's id as a number, because a UUID is hashed and compared in Python.
    """

    __slots__ = ("alone", "also", "place", "run", "sealing", "writes")

    def __init__(
        self,
        communication_id: UUID,
        run: Run,
        writes: Sequence[Write] = (),
        also: Callable[[Any, int], Sequence[Write]] | None = None,
        sealing: Sealing | None = None,
    ) -> None:
        self.place = communication_id.int
        self.run = run
        self.writes = writes
        self.also = also
        self.sealing = sealing
        self.alone = False


class Outcome(NamedTuple):
    """`result` and position, or the error that the command refused with."""

    result: Any = None
    position: int = 0
    error: Exception | None = None

    def get(self) -> tuple[Any, int]:
        """Raises the error."""
        if self.error is not None:
            raise self.error
        return self.result, self.position
