from collections.abc import Iterator
from typing import Any

import pytest

from tests.adapters.webhook_log.logs import LogUnderTest, Stand, kafka_log, postgres_log


@pytest.fixture(params=["postgres", "kafka"])
def under_test(request: pytest.FixtureRequest) -> Iterator[LogUnderTest]:
    def get(name: str) -> Any:
        return request.getfixturevalue(name)

    if request.param == "kafka":
        with kafka_log(get("real_kafka")) as made:
            yield made
    else:
        with postgres_log(get("worker_pool"), get("database_url")) as made:
            yield made


@pytest.fixture
def stand() -> Stand:
    return Stand()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
