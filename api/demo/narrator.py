"""Says aloud what happens as it happens: reads the live stream and prints a line for each change."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime

import httpx
from rich.console import Console

COLORS = {"red": "red", "green": "green", "blue": "blue", "amber": "yellow", "grey": "bright_black"}


class Narrator:
    """Follows /v1/stream in a thread of its own until it is closed."""

    def __init__(self, address: str, key: str, console: Console) -> None:
        self.console = console
        self.http = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=None)
        self.listening = threading.Event()
        self._said: dict[str, str] = {}
        self._news = threading.Condition()
        self._closed = False

    def __enter__(self) -> "Narrator":
        threading.Thread(target=self._follow, name="narrator", daemon=True).start()
        self.listening.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self.http.close()

    def wait_until_said(self, attempt_id: str, status: str) -> None:
        """Until the line was printed, so that the story goes on behind it; for 10 s at most."""
        with self._news:
            self._news.wait_for(lambda: self._said.get(attempt_id) == status, timeout=10)

    def _follow(self) -> None:
        try:
            with self.http.stream("GET", "/v1/stream") as answer:
                self.listening.set()
                for event, data in _events(answer.iter_lines()):
                    if event == "attempt.updated":
                        self._say(json.loads(data))
        except (httpx.HTTPError, RuntimeError):
            if not self._closed:
                self.console.print("  (the live stream ended)")

    def _say(self, attempt: dict[str, object]) -> None:
        """One line for each status that an attempt newly shows."""
        status, attempt_id = str(attempt["status"]), str(attempt["id"])
        if self._said.get(attempt_id) == status:
            return
        color = COLORS.get(str(attempt["color"]), "white")
        reason = f" ({attempt['reason']})" if attempt.get("reason") else ""
        subject = attempt["subject"]
        number = subject["number"] if isinstance(subject, dict) else ""
        line = f"    {attempt['channel']:<6} {number}  →  {attempt.get('recipient') or '-':<28}"
        self.console.print(f"{line} [{color}]{status}[/{color}]{reason}", highlight=False)
        with self._news:
            self._said[attempt_id] = status
            self._news.notify_all()


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """(event, data) of a server-sent event stream (WHATWG HTML, section 9.2)."""
    event = "message"
    data: list[str] = []
    for line in lines:
        if not line:
            if data:
                yield event, "\n".join(data)
            event, data = "message", []
        elif line.startswith("event:"):
            event = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].strip())


def day(moment: datetime) -> str:
    return f"{moment:%-d %B %Y, %H:%M}"
