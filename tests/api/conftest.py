from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.service import Service, Tenant, service_on
from tests.support.database import Server, fresh_database


@pytest.fixture(scope="session")
def service(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One application for all tests that do not harm it; tests are held apart by their tenants."""
    folder = tmp_path_factory.mktemp("installation")
    with fresh_database(server, template) as url, service_on(url, folder) as running:
        yield running


@pytest.fixture
def own_service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    """An application of the test's own, to break."""
    with service_on(database_url, tmp_path) as running:
        yield running


@pytest.fixture
def acme(service: Service) -> Tenant:
    return service.tenant()
