"""A client of server-sent events that takes them as the HTML standard says."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import httpx
import msgspec

from tests.support.eventually import eventually


class Event(NamedTuple):
    kind: str
    data: dict[str, Any]
    last_event_id: str

    @property
    def row(self) -> tuple[str, int]:
        """Which row it is about, and its state."""
        return self.kind.partition(".")[0] + "-" + self.data["id"][-4:].lstrip("0"), self.data["position"]


class Client:
    """What came so far. `last_event_id` is what it would come back with; `cut`: ended, but not in good order."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.events: list[Event] = []
        self.comments: list[str] = []
        self.last_event_id = ""
        self.retry = 0
        self.ended = self.cut = False

    def read(self) -> None:
        fields: dict[str, str] = {}
        try:
            for line in self.response.iter_lines():
                self._line(line, fields)
        except (httpx.TransportError, httpx.StreamError):
            self.cut = True
        self.ended = True

    def _line(self, line: str, fields: dict[str, str]) -> None:
        if not line:
            self.last_event_id = fields.pop("id", self.last_event_id)
            if "data" in fields:
                data = msgspec.json.decode(fields["data"])
                self.events.append(Event(fields.get("event", "message"), data, self.last_event_id))
            fields.clear()
            return
        name, _, value = line.partition(":")
        if not name:
            self.comments.append(value.strip())
        elif name == "retry":
            self.retry = int(value)
        else:
            fields[name] = value.removeprefix(" ")

    def wait(self, count: int, within: float = 10.0) -> list[Event]:
        """The first `count` events."""
        eventually(lambda: len(self.events) >= count, within)
        return self.events[:count]

    def reach(self, last_event_id: str) -> None:
        eventually(lambda: self.last_event_id == last_event_id)

    def rows(self) -> list[tuple[str, int]]:
        return [event.row for event in self.events]


@contextmanager
def watching(address: str, headers: dict[str, str], **query: Any) -> Iterator[Client]:
    """Connected, and told where it begins; cut at the end of the block."""
    timeout = httpx.Timeout(20)
    with (
        httpx.Client(base_url=address, timeout=timeout) as http,
        http.stream("GET", "/v1/stream", params=query, headers=headers) as response,
    ):
        assert response.status_code == 200, response.read()
        client = Client(response)
        reader = threading.Thread(target=client.read, daemon=True)
        reader.start()
        eventually(lambda: client.last_event_id)
        try:
            yield client
        finally:
            stream: Any = response.extensions["network_stream"]
            # The reader has closed it already where the server was first to end.
            with suppress(OSError):
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            reader.join(10)
