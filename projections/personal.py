"""Finds the sealed values inside events and folded state, so that a batch opens all of its own at once."""

from collections.abc import Iterable, Mapping
from functools import cache
from types import NoneType
from typing import Any, get_args, get_type_hints

import msgspec

from domain.values import Personal

Opened = Mapping[Personal, str]
"""The plain text of every sealed value that a row shows."""


def collect(value: Any, into: list[Personal]) -> None:
    """Add every sealed value anywhere inside an event, a struct, or a list of structs.

    Fields are found by their annotations, so one that is added to an event later is not missed.
    """
    if value.__class__ is list:
        for item in value:
            collect(item, into)
        return
    for name, is_plain in _places(value.__class__):
        inner = getattr(value, name)
        if not inner:
            continue
        if is_plain:
            into.append(inner)
        else:
            collect(inner, into)


def shown(opened: Opened, value: Personal | None) -> str | None:
    """The plain text of a value that may be absent."""
    return None if value is None else opened[value]


def joined(opened: Opened, parts: Iterable[Personal | str | None]) -> str | None:
    """Sealed and plain parts as one text; None without any."""
    texts = [part if isinstance(part, str) else opened[part] for part in parts if part]
    return ": ".join(texts) or None


@cache
def _places(kind: type) -> tuple[tuple[str, bool], ...]:
    """The fields that may hold a sealed value; True where the field is one, False where it holds one further in."""
    hints = {name: hint for name, hint in get_type_hints(kind).items() if _may_hold(hint)}
    return tuple((name, set(get_args(hint) or [hint]) <= {Personal, NoneType}) for name, hint in hints.items())


def _may_hold(hint: Any) -> bool:
    if hint is Personal:
        return True
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return bool(_places(hint))
    return any(_may_hold(inner) for inner in get_args(hint))
