from collections.abc import Iterator

import pytest

from tests.support.asking import Asking, asking


@pytest.fixture
def ask(database_url: str) -> Iterator[Asking]:
    with asking(database_url) as asked:
        yield asked
