"""What the story says to Sendtrail and to the simulator: plain HTTP, as any program would."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

PATIENCE = 30.0


class StoryError(Exception):
    """The story did not go as it should."""


class Client:
    """One API key's view of a running installation."""

    def __init__(self, address: str, key: str) -> None:
        self.http = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def call(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        """The JSON answer. Raises StoryError with the problem's own words."""
        answer = self.http.request(method, path, **given)
        if answer.is_error:
            raise StoryError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        found: dict[str, Any] = answer.json()
        return found

    def wait_until(self, attempt_id: str, *statuses: str) -> dict[str, Any]:
        """The attempt, once it shows one of these statuses. Raises StoryError if it does not in 30 s."""
        return wait_for(
            lambda: self._with_status(attempt_id, statuses), f"attempt {attempt_id} to be {' or '.join(statuses)}"
        )

    def _with_status(self, attempt_id: str, statuses: tuple[str, ...]) -> dict[str, Any] | None:
        answer = self.http.get(f"/v1/attempts/{attempt_id}")
        found: dict[str, Any] = answer.json()
        return found if answer.status_code == 200 and found["status"] in statuses else None


def wait_for(look: Callable[[], dict[str, Any] | None], what: str) -> dict[str, Any]:
    """What `look` finds, asked again until it finds something. Raises StoryError after 30 s."""
    until, pause = time.monotonic() + PATIENCE, threading.Event()
    while time.monotonic() < until:
        if (found := look()) is not None:
            return found
        pause.wait(0.05)
    raise StoryError(f"waited {PATIENCE:.0f} s in vain for {what}")
