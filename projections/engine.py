"""A batch of events in, the rows of every read model out. All that is stored or opened is the projector's business."""

from collections.abc import Callable, Iterable
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from domain.customer import Customer
from domain.values import Personal
from projections import attempt_log, overview
from projections.errors import UnprojectedEventError
from projections.folded import Folded
from projections.telling import is_told

_key_id = lru_cache(10_000)(UUID)
"""Reading one takes a microsecond, and a customer's key is met again and again."""


class Happened(NamedTuple):
    """One event and its place in the global order."""

    position: int
    event: Any


class Stream(NamedTuple):
    """Events of one aggregate, each with its position, in order. All of them share `id`, so no look-up compares it."""

    id: UUID
    happened: list[tuple[int, Any]]


class Meaning(Enum):
    """What an event is to the read models."""

    FOLD = "fold"
    ERASE = "erase"
    NOTHING = "nothing"


MEANING: dict[type, Meaning] = {Customer.Erased: Meaning.ERASE, Customer.Created: Meaning.NOTHING}
"""Of those that were met so far; `meaning` finds out the others."""


def meaning(event: object) -> Meaning:
    """Raises UnprojectedEventError for an event that nobody decided about."""
    kind = type(event)
    known = MEANING.get(kind)
    if known is None:
        if not is_told(kind):
            raise UnprojectedEventError(f"no projection knows what to do with {kind.__module__}.{kind.__qualname__}")
        known = MEANING[kind] = Meaning.FOLD
    return known


class KeyUse(NamedTuple):
    """The columns of read.key_use, in the order of `put_keys` in engine.sql."""

    key_id: UUID
    communication_id: UUID
    tenant_id: UUID


class Rows(NamedTuple):
    """Columns in the order of each `put` statement."""

    overview: list[overview.Row]
    attempts: list[attempt_log.Row]
    keys: list[KeyUse]


def fold(happened: Iterable[Happened], known: dict[UUID, Folded]) -> list[Folded]:
    """Apply events of communications, in order, to what is `known` of them; returns those that changed."""
    changed: dict[UUID, Folded] = {}
    for position, event in happened:
        key = event.originator_id
        folded = changed.get(key)
        if folded is None:
            folded = changed[key] = known.get(key) or known.setdefault(key, Folded())
        folded.follow([(position, event)])
    return list(changed.values())


def retell(streams: Iterable[Happened], erasures: list[Happened]) -> list[Folded]:
    """Fold whole streams anew, each erasure at its place in the global order: all their rows are to be rewritten."""
    known: dict[UUID, Folded] = {}
    ahead: dict[UUID, list[Happened]] = {}
    for position, event in streams:
        folded = known.setdefault(event.originator_id, Folded())
        _erase(folded, ahead.setdefault(event.originator_id, list(erasures)), before=position)
        folded.follow([(position, event)])
    for key, folded in known.items():
        _erase(folded, ahead[key], before=erasures[-1].position + 1)
    return list(known.values())


def _erase(folded: Folded, ahead: list[Happened], before: int) -> None:
    while ahead and ahead[0].position < before:
        position, event = ahead.pop(0)
        folded.erase(set(event.key_ids), position)


def keys_of(changed: Iterable[Folded]) -> set[str]:
    """The customers' keys that the rows of these communications need."""
    return set().union(*(folded.sealed_under() for folded in changed))


def rows(changed: Iterable[Folded], plain: Callable[[Personal], str]) -> Rows:
    """`plain` opens what is sealed under `keys_of` them."""
    made = Rows([], [], [])
    for folded in changed:
        communication, views, opened = folded.communication, folded.views(), folded.opened(plain)
        subject = folded.subject_with(opened)
        made.overview.append(overview.row(communication, views, folded.position, subject, opened))
        for attempt_id, position in folded.touched.items():
            attempt, view = communication.attempts[attempt_id], views[attempt_id]
            made.attempts.append(attempt_log.row(communication, attempt, view, position, subject, opened))
        used = [(_key_id(key), communication.id, communication.tenant_id) for key in sorted(folded.new_keys)]
        made.keys.extend(map(KeyUse._make, used))
    return made
