from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.bootstrap import Installation
from tests.api.service import Service, Tenant, service_on
from tests.support.database import Server, fresh_database
from tests.support.installation import installed


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
def worker(own_service: Service) -> Iterator[Installation]:
    """What its workers have."""
    settings = own_service.owner.settings
    with installed(settings.database_url, settings.data_dir, "sendtrail_worker", own_service.clock) as found:
        yield found


@pytest.fixture
def acme(service: Service) -> Tenant:
    return service.tenant()
