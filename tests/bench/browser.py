"""A page in a real browser (Chromium, headless) that watches the stream and shows every attempt that it is told of."""

import json
import shutil
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.guard import ends_with_us

_PAGE = Path(__file__).with_name("page.html")
_NAMES = ("chromium", "chromium-browser", "google-chrome")
# The page is the bench's and the stream Sendtrail's: two origins, which a browser keeps apart unless it is told not to.
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-web-security", "--disable-dev-shm-usage",
)  # fmt: skip


def chromium() -> str | None:
    """Where it is installed, if it is."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Browser:
    """Watches the stream at `port` from the moment the block begins."""

    def __init__(self, command: str, port: int, key: str) -> None:
        self._command = command
        self._query = f"port={port}&key={key}"
        self._open = threading.Event()
        self._shown: dict[str, float] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self._folder = tempfile.TemporaryDirectory(prefix="sendtrail-browser-", ignore_cleanup_errors=True)
        url = f"http://127.0.0.1:{self._server.server_port}/?{self._query}"
        command = [self._command, *_FLAGS, f"--user-data-dir={self._folder.name}", url]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._guard = ends_with_us(f"kill -KILL {self._process.pid}")
        self._guard.__enter__()
        assert self._open.wait(60), "the page did not open the stream"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._guard.__exit__(None, None, None)
        self._process.terminate()
        self._process.wait(30)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._folder.cleanup()

    def arrivals(self) -> dict[str, float]:
        """When each attempt was first shown, by time.monotonic, by the attempt's id."""
        return self._shown

    def _note(self, body: bytes) -> None:
        since = time.time() - time.monotonic()
        for attempt_id, at in json.loads(body):
            self._shown.setdefault(attempt_id, at / 1000 - since)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        browser = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(_PAGE.read_bytes() if self.path.startswith("/?") else b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                if self.path == "/open":
                    browser._open.set()
                else:
                    browser._note(body)
                self._answer(b"")

            def _answer(self, content: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing: the bench prints figures."""

        return Handler
