"""A simulator on free ports with a receiver for its webhooks, and what tests say to it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import httpx
import msgspec

from adapters.simulator.config import Config
from adapters.simulator.server import Running, running
from tests.support.eventually import eventually

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
PATIENCE = 15.0  # seconds; the most that a condition is waited for

API_KEY = "SG.key.of-the-tests"
SID, TOKEN = "AC" + "5" * 32, "token-of-the-tests"

QUICK = Config(delay=0, late=3600, batch_wait=0.01, retries=(0, 0, 0), hang=0.05, callback_timeout=5)
"""Nothing is waited for, and what is late comes only when told to hurry."""


class Webhook(msgspec.Struct, frozen=True):
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.body)
        return found

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


class Receiver:
    """An HTTP server that keeps what it gets, and answers 204 or the next of `answers`."""

    def __init__(self) -> None:
        self.got: list[Webhook] = []
        self.answers: list[int] = []
        self.changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)

    def wait(self, count: int) -> list[Webhook]:
        """The webhooks, once there are so many."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= count, PATIENCE), f"{len(self.got)} of {count} came"
            return list(self.got)

    def wait_events(self, count: int) -> list[dict[str, Any]]:
        """SendGrid's events of all webhooks, once there are so many."""

        def events() -> list[dict[str, Any]]:
            return [event for webhook in self.got for event in webhook.events]

        with self.changed:
            assert self.changed.wait_for(lambda: len(events()) >= count, PATIENCE), f"{len(events())} of {count} came"
            return events()

    def take(self, webhook: Webhook) -> int:
        with self.changed:
            self.got.append(webhook)
            self.changed.notify_all()
            return self.answers.pop(0) if self.answers else 204

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the library's name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver.take(Webhook(self.path, headers, body)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
                """Keep the test output clean."""

        return Handler


class Lab:
    """A simulator, emptied, with a SendGrid and a Twilio account whose webhooks go to the receiver."""

    def __init__(self, simulator: Running, receiver: Receiver) -> None:
        self.simulator, self.receiver, self.url = simulator, receiver, simulator.url
        # Without `verify` no certificates are loaded, which would take longer than most tests.
        self.http = httpx.Client(base_url=simulator.url, timeout=PATIENCE, trust_env=False, verify=False)
        self.control("POST", "/reset")
        account = {"provider": "sendgrid", "key": API_KEY, "webhook_url": f"{receiver.url}/mail"}
        self.public_key = self.control("POST", "/accounts", account)["public_key"]
        self.control("POST", "/accounts", {"provider": "twilio", "key": SID, "token": TOKEN})

    def control(self, method: str, path: str = "", body: Any = None, status: int = 200) -> Any:
        answer = self.http.request(method, f"/_control{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def mail(self, *to: str, **more: Any) -> httpx.Response:
        body = {
            "personalizations": [{"to": [{"email": address}]} for address in to],
            "from": {"email": "billing@seller.example"},
            "subject": "Invoice 17",
            "content": [{"type": "text/plain", "value": "Please find it attached."}],
            **more,
        }
        return self.http.post("/v3/mail/send", json=body, headers={"Authorization": f"Bearer {API_KEY}"})

    def ask(self, query: str, **more: str) -> httpx.Response:
        parameters = {"query": query, **more}
        return self.http.get("/v3/messages", params=parameters, headers={"Authorization": f"Bearer {API_KEY}"})

    def sms(self, to: str, **more: str) -> httpx.Response:
        form = {"To": to, "From": "+32460000001", "Body": "Your invoice", **more}
        form.setdefault("StatusCallback", f"{self.receiver.url}/sms?attempt=a-1")
        return self.http.post(f"/2010-04-01/Accounts/{SID}/Messages.json", data=form, auth=(SID, TOKEN))

    def messages(self, **query: str) -> list[dict[str, Any]]:
        answer = self.http.get("/_control/messages", params=query).json()
        found: list[dict[str, Any]] = answer["messages"]
        return found

    def callbacks(self, **query: str) -> list[dict[str, Any]]:
        answer = self.http.get("/_control/callbacks", params=query).json()
        found: list[dict[str, Any]] = answer["callbacks"]
        return found

    def hurry(self, holds: Callable[[], object]) -> None:
        """End waits until it holds: the one that matters may only begin after the first time."""
        eventually(lambda: self.control("POST", "/hurry") == {} and holds(), PATIENCE)

    def happened(self, message: dict[str, Any]) -> list[str]:
        found = self.control("GET", f"/messages/{message['id']}")
        return [occurrence["event"] for occurrence in found["occurrences"]]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


@contextmanager
def laboratory(simulator: Running, receiver: Receiver) -> Iterator[Lab]:
    lab = Lab(simulator, receiver)
    with closing(lab.http):
        yield lab


@contextmanager
def simulating(**settings: Any) -> Iterator[Running]:
    """A simulator with the quick settings, or others."""
    with running(msgspec.structs.replace(QUICK, **settings), lambda: NOON) as simulator:
        yield simulator
