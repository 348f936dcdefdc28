"""SMTP servers for tests: a real one (aiosmtpd), and one that follows a script and hangs up where it says."""

import asyncio
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.certificates import certificate

CUT, HANG = "cut", "hang"


@dataclass
class Post:
    """Takes mail, and refuses what it was told to: by the address, or the whole message with `data`."""

    refuses: dict[str, str] = field(default_factory=dict)
    sender: str = "250 OK"
    data: str = "250 OK"
    envelopes: list[Envelope] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_MAIL(self, _s: SMTP, _n: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        envelope.mail_from, envelope.mail_options = address, options
        return self.sender

    async def handle_RCPT(self, _s: SMTP, _n: Session, envelope: Envelope, address: str, _o: list[str]) -> str:  # noqa: N802
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _s: SMTP, _n: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return self.data

    def authenticate(self, _s: SMTP, _n: Session, _e: Envelope, _m: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login, given.password))
        return AuthResult(success=given.password == b"app-password", handled=False)


@contextmanager
def mail_server(post: Post, *, encrypted: ssl.SSLContext | None = None, **options: Any) -> Iterator[int]:
    """A running server's port; `encrypted`: TLS from the first byte."""
    loop = asyncio.new_event_loop()
    running: list[SMTP] = []

    def protocol() -> SMTP:
        running.append(SMTP(post, hostname="mx.example", loop=loop, **options))
        return running[-1]

    server = loop.run_until_complete(loop.create_server(protocol, "127.0.0.1", 0, ssl=encrypted))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context for 127.0.0.1, and the file that makes a client trust it."""
    made = certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.chain, made.key)
    return context, made.chain


@contextmanager
def scripted_mail_server(*replies: str) -> Iterator[int]:
    """The first reply greets, each other answers a command (a message's content is one too). CUT and HANG end it."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Scripted) as server:
        server.daemon_threads = True
        server.replies, server.ended = list(replies), threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.ended.set()  # type: ignore[attr-defined]
            server.shutdown()
            thread.join()


class _Scripted(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for reply in self.server.replies:  # type: ignore[attr-defined]
            if reply == HANG:
                self.server.ended.wait(60)  # type: ignore[attr-defined]
            if reply in (HANG, CUT):
                return
            self.wfile.write(reply.encode() + b"\r\n")
            line = self.rfile.readline()
            while reply.startswith("354") and line not in (b".\r\n", b""):
                line = self.rfile.readline()
