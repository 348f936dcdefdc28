from collections.abc import Iterator

import httpx
import pytest

from tests.adapters.providers.scripted import Scripted, scripted


@pytest.fixture
def api() -> Iterator[Scripted]:
    """A provider's API that does as it is told."""
    with scripted() as running:
        yield running


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=0.5, trust_env=False) as http:
        yield http
