"""A provider that signs, and the API that it calls."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.bootstrap import Installation
from tests.api.http.intake.calls import PUBLIC
from tests.consumers.hooks import Hooks, hooks
from tests.support.installation import installed


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Hooks]:
    with hooks(database_url, tmp_path) as found:
        yield found


@pytest.fixture
def api(world: Hooks, tmp_path: Path) -> Iterator[Installation]:
    with installed(world.url, tmp_path, "sendtrail_api", world.clock) as made:
        made.settings.public_url = PUBLIC + "/"
        yield made
