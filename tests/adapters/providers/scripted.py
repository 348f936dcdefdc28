"""An HTTP server that answers what a test says, and does what real ones do when things go wrong."""

import json
import socket
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HANG, CUT, CUT_IN_ANSWER = object(), object(), object()
"""Take the whole request, then: say nothing; close; close in the middle of the answer."""


@dataclass(frozen=True)
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Scripted:
    """`script` holds the answers in order; the last one repeats."""

    url: str
    script: list[object] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def answers(self, *script: object) -> None:
        self.script = list(script)

    def next(self) -> object:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


def http(status: int, body: object = None, headers: Mapping[str, str] | None = None) -> bytes:
    """An answer as bytes; a body that is not bytes becomes JSON."""
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(content)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


@contextmanager
def scripted() -> Iterator[Scripted]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler, bind_and_activate=False) as server:
        server.daemon_threads = True
        server.server_bind()
        server.server_activate()
        told = Scripted(f"http://127.0.0.1:{server.server_address[1]}")
        server.told = told  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield told
        finally:
            told.ended.set()
            server.shutdown()
            thread.join()


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        told: Scripted = self.server.told  # type: ignore[attr-defined]
        method, target, _ = self.rfile.readline().decode().split()
        headers: dict[str, str] = {}
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        told.received.append(Received(method, target, headers, body))
        self._answer(told, told.next())

    def _answer(self, told: Scripted, answer: object) -> None:
        if answer is HANG:
            told.ended.wait(60)
        elif answer is CUT_IN_ANSWER:
            self.wfile.write(b"HTTP/1.1 202 Accepted\r\nContent-Le")
        elif isinstance(answer, bytes):
            self.wfile.write(answer)


@contextmanager
def nobody() -> Iterator[str]:
    """The address of a port that is taken and where nobody listens: every connection is refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
