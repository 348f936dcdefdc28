"""The real application, served by uvicorn on a port of 127.0.0.1, on a real database."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import uvicorn
from fastapi import FastAPI

from adapters.bootstrap import Installation
from adapters.config.connections import Connections
from api.http.app import build_app
from domain.values import Channel
from tests.support.eventually import eventually
from tests.support.installation import TestClock, add_tenant, installed

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
UBL = (
    b'<?xml version="1.0"?><Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"><ID>1</ID></Invoice>'
)
EVERYTHING = ("send", "read", "audit")


@dataclass(repr=False)
class Service:
    """`installation` is the one that serves; `owner` may change its configuration."""

    url: str
    owner: Installation
    installation: Installation
    app: FastAPI
    clock: TestClock
    tenants: "list[Tenant]" = field(default_factory=list)

    def tenant(self) -> "Tenant":
        """A new one, which sees nothing of any other test's."""
        self.tenants.append(Tenant(self, add_tenant(self.owner, f"tenant {uuid4()}")))
        return self.tenants[-1]

    def close_clients(self) -> None:
        for tenant in self.tenants:
            for client in tenant.clients:
                client.close()


@dataclass(repr=False)
class Tenant:
    """One tenant with a client that may do all but administer."""

    service: Service
    id: UUID
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def http(self) -> httpx.Client:
        return self.clients[0] if self.clients else self.client(*EVERYTHING)

    def client(self, *scopes: str, sees_addresses: bool = True) -> httpx.Client:
        keys = self.service.owner.api_keys
        key = keys.add(self.id, "test", scopes, self.service.clock(), sees_addresses=sees_addresses)
        headers = {"Authorization": f"Bearer {key}"}
        # No limits of its own: some tests send many requests at once.
        limits = httpx.Limits(max_connections=None)
        made = httpx.Client(base_url=self.service.url, headers=headers, timeout=30, limits=limits)
        self.clients.append(made)
        return made

    def connect(self, channel: Channel = Channel.EMAIL, provider: str = "sendgrid", **given: dict[str, str]) -> UUID:
        """A connection, the default of its channel."""
        connections: Connections = self.service.owner.connections
        at, name = self.service.clock(), str(uuid4())
        settings, secrets = given.get("settings", {}), given.get("secrets", {})
        made = connections.add(self.id, name, provider, channel, at, settings=settings, secrets=secrets)
        self.service.installation.connections.forget()
        return made.id

    def put(self, external_id: str = "4711", kind: str = "invoice", **said: Any) -> dict[str, Any]:
        answer = self.http.put(f"/v1/subjects/{kind}/{external_id}", json=said)
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found

    def upload(self, content: bytes = PDF, external_id: str = "4711", **form: Any) -> dict[str, Any]:
        answer = self.post_file(content, external_id, **form)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def post_file(
        self, content: bytes, external_id: str = "4711", *, filename: str = "invoice.pdf", kind: str = "pdf"
    ) -> httpx.Response:
        path = f"/v1/subjects/invoice/{external_id}/documents"
        return self.http.post(path, files={"file": (filename, content)}, data={"format": kind})

    def send(self, key: str | None = None, **asked: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self.http.post("/v1/attempts", json=order(**asked), headers=headers)

    def sent(self, **asked: Any) -> dict[str, Any]:
        answer = self.send(**asked)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def subject(self, external_id: str = "4711") -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/v1/subjects/invoice/{external_id}").json()
        return found

    def attempt_count(self, external_id: str = "4711") -> int:
        """As the aggregate has it."""
        communication = self.subject(external_id)["communication"]
        return communication["attempt_count"] if communication else 0


def order(external_id: str = "4711", address: str | None = "ap@payer.example", **more: Any) -> dict[str, Any]:
    """The body of POST /v1/attempts; `address` None names no recipient."""
    recipients = [] if address is None else [{"address": address}]
    subject = {"type": "invoice", "external_id": external_id}
    return {"subject": subject, "channel": "email", "recipients": recipients, **more}


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the test run's."""
        yield


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of the application, served from a thread."""
    config = uvicorn.Config(app, port=0, ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=2)
    server = _Server(config)
    thread = threading.Thread(target=server.run, name="api", daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started or not thread.is_alive(), within=20)
        assert server.started, "the API did not start"
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


@contextmanager
def service_on(database_url: str, folder: Path) -> Iterator[Service]:
    clock = TestClock()
    with (
        installed(database_url, folder, "sendtrail_owner", clock) as owner,
        installed(database_url, folder, "sendtrail_api", clock) as installation,
        serving(app := build_app(installation)) as url,
    ):
        service = Service(url, owner, installation, app, clock)
        yield service
        service.close_clients()
