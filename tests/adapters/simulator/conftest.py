"""A lab per test, so that no test sees another's messages."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.adapters.simulator.lab import Lab, Receiver, laboratory, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def open_lab(receiver: Receiver) -> Iterator[Callable[..., Lab]]:
    """Start a lab with other settings than the quick ones."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Lab:
            return stack.enter_context(laboratory(receiver, **settings))

        yield start


@pytest.fixture
def lab(open_lab: Callable[..., Lab]) -> Lab:
    return open_lab()
