"""Finds the sealed values inside events and folded state, so that all of them are opened at once."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from domain.values import Personal

Opened = Mapping[Personal, str]
"""The plain text of every sealed value that a row shows."""
Finder = Callable[[list[Personal], Any], None]
"""Adds to a list the sealed values inside one value of a certain type."""
_COLLECTIONS = (list, tuple, set, frozenset)


def collect(*values: Any) -> list[Personal]:
    """Every sealed value anywhere inside events, structs, or collections of structs.

    Fields are found by their annotations, once a type, so one that is added to an event later is not missed.
    """
    found: list[Personal] = []
    for value in values:
        _find(found, value)
    return found


def finder(kind: type) -> Finder | None:
    """What finds the sealed values inside a struct of this class; None where it cannot hold any."""
    return _finder_in(kind) if _fields(kind) else None


def shown(opened: Opened, value: Personal | None) -> str | None:
    """The plain text of a value that may be absent."""
    return None if value is None else opened[value]


def joined(opened: Opened, parts: Iterable[Personal | str | None]) -> str | None:
    """Sealed and plain parts as one text; None without any."""
    texts = [part if isinstance(part, str) else opened[part] for part in parts if part]
    return ": ".join(texts) or None


def _find(found: list[Personal], value: Any) -> None:
    _finder_in(value.__class__)(found, value)


def _find_each(found: list[Personal], values: Iterable[Any]) -> None:
    for value in values:
        _find(found, value)


def _find_in_dict(found: list[Personal], value: dict[Any, Any]) -> None:
    _find_each(found, value.values())


@cache
def _finder_in(kind: type) -> Finder:
    """What finds the sealed values inside a value of exactly this class."""
    if kind is Personal:
        return list.append
    if kind in _COLLECTIONS:
        return _find_each
    if kind is dict:
        return _find_in_dict
    fields = _fields(kind)

    def find(found: list[Personal], value: Any) -> None:
        for get, find_inside in fields:
            if inner := get(value):
                find_inside(found, inner)

    return find


@cache
def _fields(kind: type) -> tuple[tuple[Callable[[Any], Any], Finder], ...]:
    """The fields that may hold a sealed value, or something that holds one, each with what finds it there."""
    hints = get_type_hints(kind).items()
    return tuple((attrgetter(name), _finder(hint)) for name, hint in hints if _may_hold(hint))


def _finder(hint: Any) -> Finder:
    """What a field's annotation says; where that may be one of several things, the value's own class."""
    one = [inner for inner in (get_args(hint) or (hint,)) if inner is not NoneType]
    if len(one) != 1 or not isinstance(one[0], type):
        return _find
    inside = _finder_in(one[0])
    return _each(inside) if get_origin(hint) in _COLLECTIONS else inside


def _each(inside: Finder) -> Finder:
    def find(found: list[Personal], values: Iterable[Any]) -> None:
        for value in values:
            inside(found, value)

    return find


def _may_hold(hint: Any) -> bool:
    if hint is Personal:
        return True
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return bool(_fields(hint))
    return any(_may_hold(inner) for inner in get_args(hint))
