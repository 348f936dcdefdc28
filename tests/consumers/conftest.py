from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture
def owner(database_url: str) -> Iterator[Installation]:
    with owning(database_url) as found:
        yield found
