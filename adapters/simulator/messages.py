"""What was received, and what happened to it."""

from datetime import datetime
from typing import Any

import msgspec

from adapters.simulator.behaviour import Event


class Occurrence(msgspec.Struct, frozen=True):
    """One thing that happened. `fields` replace or add to what the provider's webhook says of it."""

    number: int
    event: Event
    at: datetime
    fields: dict[str, str] = {}


class Message(msgspec.Struct, kw_only=True):
    """One message to one recipient. `id` is the provider's; `reference` the id that the send was answered with.

    `answer` is the HTTP or SMTP code of the answer, None where none was given. `request` is the call as received.
    `silenced` events do not happen, because the send turned off what would see them, or it was cancelled.
    """

    id: str
    provider: str
    account: str
    address: str
    sender: str
    received_at: datetime
    subject: str = ""
    text: str = ""
    reference: str = ""
    behaviour: str = ""
    taken: bool = False
    answer: int | None = None
    arguments: dict[str, str] = {}
    categories: list[str] = []
    callback_url: str = ""
    silenced: frozenset[Event] = frozenset()
    request: Any = None
    occurrences: list[Occurrence] = []

    def happen(self, event: Event, at: datetime, fields: dict[str, str] | None = None) -> Occurrence:
        occurrence = Occurrence(len(self.occurrences), event, at, fields or {})
        self.occurrences.append(occurrence)
        return occurrence


class Told(msgspec.Struct, frozen=True):
    """One occurrence on its way to a webhook."""

    message: Message
    occurrence: Occurrence
