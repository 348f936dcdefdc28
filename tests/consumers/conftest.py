from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from adapters.bootstrap import Installation
from tests.consumers.hooks import Hooks, hooks
from tests.consumers.read_models import ReadModels, read_models
from tests.consumers.rebuilt import owning


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Hooks]:
    with hooks(database_url, tmp_path) as found:
        yield found


@pytest.fixture
def models(database_url: str) -> Iterator[ReadModels]:
    with read_models(database_url) as found:
        yield found


@pytest.fixture(scope="module")
def shared(server: Any, template: str) -> Iterator[ReadModels]:
    """One database for all examples of a property: each adds its own tenant's history."""
    name = f"test_{uuid4().hex[:16]}"
    with read_models(server.create(name, template)) as found:
        yield found
    server.drop(name)


@pytest.fixture
def owner(database_url: str) -> Iterator[Installation]:
    with owning(database_url) as found:
        yield found
