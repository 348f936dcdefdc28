"""Classes by their names, so that a list of them takes one line each."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any


def classes(package: str, names: Iterable[str]) -> list[type[Any]]:
    """`module.Class` each, within the package."""
    parts = (name.split(".") for name in names)
    return [getattr(import_module(f"{package}.{module}"), kind) for module, kind in parts]
