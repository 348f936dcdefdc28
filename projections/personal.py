"""Finds the sealed values inside events and folded state, so that a batch opens all of its own at once."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from domain.values import Personal

Opened = Mapping[Personal, str]
"""The plain text of every sealed value that a row shows."""
Finder = Callable[[Any, list[Personal]], None]
"""Adds the sealed values inside one value of a certain type to a list."""
_COLLECTIONS = (list, tuple, set, frozenset)


def collect(*values: Any) -> list[Personal]:
    """Every sealed value anywhere inside events, structs, or collections of structs.

    Fields are found by their annotations, once a type, so one that is added to an event later is not missed.
    """
    found: list[Personal] = []
    for value in values:
        _find(value, found)
    return found


def holds_any(kind: type) -> bool:
    """Whether a value of this type may hold a sealed value."""
    return bool(_fields(kind))


def shown(opened: Opened, value: Personal | None) -> str | None:
    """The plain text of a value that may be absent."""
    return None if value is None else opened[value]


def joined(opened: Opened, parts: Iterable[Personal | str | None]) -> str | None:
    """Sealed and plain parts as one text; None without any."""
    texts = [part if isinstance(part, str) else opened[part] for part in parts if part]
    return ": ".join(texts) or None


def _find(value: Any, found: list[Personal]) -> None:
    kind = value.__class__
    if kind is Personal:
        found.append(value)
    elif kind in _COLLECTIONS:
        _find_each(value, found)
    elif kind is dict:
        _find_each(value.values(), found)
    else:
        for get, find in _fields(kind):
            if inner := get(value):
                find(inner, found)


def _find_each(values: Iterable[Any], found: list[Personal]) -> None:
    for value in values:
        _find(value, found)


@cache
def _fields(kind: type) -> tuple[tuple[Callable[[Any], Any], Finder], ...]:
    """The fields that may hold a sealed value, or something that holds one, each with what finds it there."""
    hints = get_type_hints(kind).items()
    return tuple((attrgetter(name), _finder(hint)) for name, hint in hints if _may_hold(hint))


def _finder(hint: Any) -> Finder:
    one = {inner for inner in (get_args(hint) or (hint,)) if inner is not type(None)}
    return _append if one == {Personal} and get_origin(hint) not in _COLLECTIONS else _find


def _append(value: Any, found: list[Personal]) -> None:
    found.append(value)


def _may_hold(hint: Any) -> bool:
    if hint is Personal:
        return True
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return bool(_fields(hint))
    return any(_may_hold(inner) for inner in get_args(hint))
