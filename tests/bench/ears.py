"""Who waits for news while a bench writes: a listener on PostgreSQL and a client of the stream, a thread each.

They only note what came when; what it says is read afterwards, so that reading delays nothing.
"""

import bisect
import re
import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from adapters.database.pool import connect

_TOLD = re.compile(rb'event: attempt\.updated\ndata: \{"id":"([0-9a-f-]{36})"')


class News:
    """Hears the notifications of appended and of projected events."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.appended: list[float] = []
        self._positions: list[int] = []
        self._times: list[float] = []
        self._listening = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(30)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def knows(self, position: int) -> bool:
        """Whether the read models were said to stand there."""
        return bisect.bisect_left(self._positions, position) < len(self._times)

    def projected(self, position: int) -> float:
        """When the read models were said to stand at this position or behind it."""
        return self._times[bisect.bisect_left(self._positions, position)]

    def _listen(self) -> None:
        with connect(self.url, autocommit=True) as connection:
            connection.execute("LISTEN sendtrail_appended")
            connection.execute("LISTEN sendtrail_projected")
            self._listening.set()
            while not self._stop.is_set():
                for news in connection.notifies(timeout=0.2):
                    at = time.monotonic()
                    if news.channel == "sendtrail_appended":
                        self.appended.append(at)
                    else:
                        self._positions.append(int(news.payload))
                        self._times.append(at)


class Stream:
    """One client of GET /v1/stream, begun once the server has told where it stands."""

    def __init__(self, port: int, key: str) -> None:
        self._came: list[tuple[float, bytes]] = []
        self._socket = socket.create_connection(("127.0.0.1", port))
        head = f"GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
        self._socket.sendall(head.encode())
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._read_until, self._rest = 0, b""
        self._arrived: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._begun.wait(30)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def arrivals(self) -> dict[str, float]:
        """When the end of each attempt's first message came, by the attempt's id. For one thread."""
        for at, data in self._came[self._read_until :]:
            *whole, self._rest = (self._rest + data).split(b"\n\n")
            for message in whole:
                if found := _TOLD.search(message):
                    self._arrived.setdefault(found[1].decode(), at)
            self._read_until += 1
        return self._arrived

    def _read(self) -> None:
        with suppress(OSError):
            while data := self._socket.recv(1 << 20):
                self._came.append((time.monotonic(), data))
                if b"retry:" in data:
                    self._begun.set()
