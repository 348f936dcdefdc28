"""One simulator for all tests, emptied before each; a receiver of its own for each, so that none gets another's."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from adapters.simulator.server import Running
from tests.adapters.simulator.lab import Lab, Receiver, laboratory, receiving, simulating


@pytest.fixture(scope="session")
def simulator() -> Iterator[Running]:
    with simulating() as found:
        yield found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def lab(simulator: Running, receiver: Receiver) -> Iterator[Lab]:
    with laboratory(simulator, receiver) as found:
        yield found


@pytest.fixture
def open_lab(receiver: Receiver) -> Iterator[Callable[..., Lab]]:
    """Start a simulator of the test's own, with other settings than the quick ones."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Lab:
            simulator = stack.enter_context(simulating(**settings))
            return stack.enter_context(laboratory(simulator, receiver))

        yield start
