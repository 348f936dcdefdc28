from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.bootstrap import Installation
from tests.support.installation import TestClock, installed


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installed(database_url, tmp_path, "sendtrail_api", TestClock()) as found:
        yield found


@pytest.fixture
def other(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Another process."""
    with installed(database_url, tmp_path, "sendtrail_api", TestClock()) as found:
        yield found
