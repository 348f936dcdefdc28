"""Changes to the read models, and clients that watch for them."""

from contextlib import AbstractContextManager
from typing import Any

from tests.support.read_rows import attempt, project_to, put_attempts, put_communications, row
from tests.support.reading_api import ReadingApi
from tests.support.sse import Client, watching


def change(api: ReadingApi, position: int, *ids: int, whose: str = "acme", **given: Any) -> None:
    """One event that changes the attempts `ids` and the communication of the first."""
    tenant = api.tenants[whose]
    attempts = [attempt(n, communication=ids[0], tenant_id=tenant, position=position, **given) for n in ids]
    put_attempts(api.worker, attempts)
    put_communications(api.worker, [row(ids[0], tenant_id=tenant, position=position, **given)])
    project_to(api.worker, position)


def watch(api: ReadingApi, by: str = "reader", last: str | None = None, **query: Any) -> AbstractContextManager[Client]:
    headers = api.headers(by) | ({"Last-Event-ID": last} if last is not None else {})
    return watching(api.address, headers, **query)
