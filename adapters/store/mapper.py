"""Events to plain JSON and back: one typed msgspec decoder per event class, made from its annotations."""

from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any, NamedTuple, NotRequired, TypedDict, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, MapperDeserialisationError, StoredEvent
from eventsourcing.utils import get_topic, resolve_topic
from msgspec.structs import asdict, force_setattr

import domain.communication
import domain.customer  # noqa: F401  (both imports register their topics)

_NOT_STATE = {"originator_id", "originator_version", "originator_id_type", "TOPIC", "INITIAL_VERSION", "class_version"}
_encode = msgspec.json.Encoder().encode


class EventMapper(Mapper[UUID]):
    """The library's mapper interface over msgspec: 1 us an event each way instead of 6, and no type tags in the row.

    Raises MapperDeserialisationError for a row that does not fit its class.
    """

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        topic, state = self.write(domain_event)
        return StoredEvent(domain_event.originator_id, domain_event.originator_version, topic, state)

    @staticmethod
    def write(event: DomainEventProtocol[UUID]) -> tuple[str, bytes]:
        """The topic and state of a row."""
        kind = type(event)
        state = asdict(event) if isinstance(event, msgspec.Struct) else dict(vars(event))
        del state["originator_id"], state["originator_version"]
        written = getattr(kind, "class_version", 1)
        if written > 1:
            state["class_version"] = written
        return get_topic(kind), _encode(state)

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        return self.read(
            stored_event.originator_id, stored_event.originator_version, stored_event.topic, stored_event.state
        )

    @staticmethod
    def read(originator: UUID | str, version: int, topic: str, stored: bytes) -> DomainEventProtocol[UUID]:
        """The same, of a row's columns."""
        decode, put = _reader(topic)
        try:
            event: DomainEventProtocol[UUID] = decode(stored)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise MapperDeserialisationError(f"{topic} at {originator} version {version}: {error}") from error
        put(event, "originator_id", originator)
        put(event, "originator_version", version)
        return event


class _Reader(NamedTuple):
    """`decode`: the event of a row's state. `put` says whose it is, and the how manyth: events are frozen."""

    decode: Callable[[bytes], Any]
    put: Callable[[Any, str, object], None]


_making_one = Lock()
"""msgspec 0.22 crashes where one thread decodes with a class that another is just getting ready for its own decoder."""


@cache
def _reader(topic: str) -> _Reader:
    """Raises TopicError."""
    with _making_one:
        kind = resolve_topic(topic)
        is_struct = issubclass(kind, msgspec.Struct)
        decode = _decoder(kind, kind if is_struct else _shape(kind))
        return _Reader(decode, force_setattr) if is_struct else _Reader(_making(kind, decode), object.__setattr__)


def _decoder(kind: type[Any], shape: Any) -> Callable[[bytes], Any]:
    """The state in the shape of today."""
    current = getattr(kind, "class_version", 1)
    decode = msgspec.json.Decoder(shape).decode  # also gets ready what `convert` needs
    if current == 1:
        return decode

    def upcast(stored: bytes) -> Any:
        raw: dict[str, Any] = msgspec.json.decode(stored)
        for version in range(raw.pop("class_version", 1), current):
            getattr(kind, f"upcast_v{version}_v{version + 1}")(raw)
        return msgspec.convert(raw, shape)

    return upcast


def _making(kind: type[Any], decode: Callable[[bytes], dict[str, Any]]) -> Callable[[bytes], Any]:
    """For events that are the library's dataclasses: `Created`, and those of customers."""

    def made(stored: bytes) -> Any:
        event = object.__new__(kind)
        object.__setattr__(event, "__dict__", decode(stored))
        return event

    return made


def _shape(kind: type[Any]) -> Any:
    """The event's fields as a TypedDict; one with a default in the class may be missing in the row."""
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name not in _NOT_STATE}
    fields = {name: NotRequired[hint] if hasattr(kind, name) else hint for name, hint in hints.items()}
    return TypedDict(kind.__name__, fields)  # type: ignore[operator]
