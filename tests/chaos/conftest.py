from collections.abc import Iterator

import pytest

from tests.consumers.read_models import ReadModels, read_models


@pytest.fixture
def models(database_url: str) -> Iterator[ReadModels]:
    with read_models(database_url) as found:
        yield found
