"""Finds the sealed values inside events and folded state, so that a batch opens all of its own at once."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, get_args, get_type_hints

import msgspec

from domain.values import Personal

Opened = Mapping[Personal, str]
"""The plain text of every sealed value that a row shows."""
_COLLECTIONS = (list, tuple, set, frozenset)


def collect(value: Any, into: list[Personal]) -> None:
    """Add every sealed value anywhere inside an event, a struct, or a collection of structs.

    Fields are found by their annotations, so one that is added to an event later is not missed.
    """
    kind = value.__class__
    if kind is dict:
        value = value.values()
    elif kind not in _COLLECTIONS:
        value = [getattr(value, name) for name in _places(kind)]
    for inner in value:
        if inner.__class__ is Personal:
            into.append(inner)
        elif inner:
            collect(inner, into)


def shown(opened: Opened, value: Personal | None) -> str | None:
    """The plain text of a value that may be absent."""
    return None if value is None else opened[value]


def joined(opened: Opened, parts: Iterable[Personal | str | None]) -> str | None:
    """Sealed and plain parts as one text; None without any."""
    texts = [part if isinstance(part, str) else opened[part] for part in parts if part]
    return ": ".join(texts) or None


@cache
def _places(kind: type) -> tuple[str, ...]:
    """The fields that may hold a sealed value, or something that holds one."""
    return tuple(name for name, hint in get_type_hints(kind).items() if _may_hold(hint))


def _may_hold(hint: Any) -> bool:
    if hint is Personal:
        return True
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return bool(_places(hint))
    return any(_may_hold(inner) for inner in get_args(hint))
