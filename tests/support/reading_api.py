"""The reading side of the API on a real server, over read models that a test fills itself."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI
from psycopg import Connection

from adapters.bootstrap import Installation
from adapters.config.api_keys import Scope
from adapters.database.pool import connect
from api.http import reading, stream
from api.http.problems import add_problem_handlers
from api.http.read_side import ReadSide, read_side
from api.http.server import Server
from tests.support.eventually import eventually
from tests.support.installation import installed
from tests.support.ports import free_port
from tests.support.read_rows import START

WAIT_LIMIT, KEEP_ALIVE = 0.4, 0.3


@dataclass
class ReadingApi:
    """Keys by name: `reader`, `masked` (sees no addresses), `other` (another tenant's), `sender` (may not read).

    `worker` writes the read models. Tenants' ids by name: `acme`, `other`.
    """

    address: str
    keys: dict[str, str]
    tenants: dict[str, UUID]
    worker: "Connection[Any]"
    app: FastAPI
    http: httpx.Client

    def get(self, path: str, /, by: str = "reader", is_: int = 200, **query: Any) -> Any:
        """The JSON of an answer with status `is_`, asked for with the key named `by`."""
        answer = self.http.get(path, params=query, headers=self.headers(by))
        assert answer.status_code == is_, answer.text
        return answer.json()

    def headers(self, by: str = "reader") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[by]}"}

    @property
    def side(self) -> ReadSide:
        found: ReadSide = self.app.state.read_side
        return found


@contextmanager
def reading_api(
    database_url: str, folder: Path, wait_limit: float = WAIT_LIMIT, keep_alive: float = KEEP_ALIVE
) -> Iterator[ReadingApi]:
    """Limits in seconds."""
    with installed(database_url, folder, "sendtrail_owner") as owner:
        tenants = {name: owner.tenants.add(name, START).id for name in ("acme", "other")}
        given = {
            "reader": owner.api_keys.add(tenants["acme"], "reader", [Scope.READ], START),
            "masked": owner.api_keys.add(tenants["acme"], "masked", [Scope.READ], START, sees_addresses=False),
            "other": owner.api_keys.add(tenants["other"], "other", [Scope.READ], START),
            "sender": owner.api_keys.add(tenants["acme"], "sender", [Scope.SEND], START),
        }
    with (
        installed(database_url, folder, "sendtrail_api") as installation,
        connect(database_url, "sendtrail_worker") as worker,
    ):
        app = _app(installation, wait_limit, keep_alive)
        with serving(app) as address, httpx.Client(base_url=address, timeout=20) as http:
            yield ReadingApi(address, given, tenants, worker, app, http)


def _app(installation: Installation, wait_limit: float, keep_alive: float) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        url = installation.settings.database_url
        async with read_side(url, wait_limit=wait_limit, keep_alive=keep_alive) as app.state.read_side:
            yield

    app = FastAPI(lifespan=lifespan, redirect_slashes=False)
    app.state.installation = installation
    add_problem_handlers(app)
    app.include_router(reading.router)
    app.include_router(stream.router)
    return app


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of a uvicorn that serves the application from a thread of its own."""
    port = free_port()
    server = Server(uvicorn.Config(app, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
