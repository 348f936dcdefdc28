from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.consumers.hooks import Hooks, hooks


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Hooks]:
    with hooks(database_url, tmp_path) as found:
        yield found
