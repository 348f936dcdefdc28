"""Tells a communication's story: given what happened, when somebody asks, then this is recorded and this is shown."""

from collections.abc import Callable
from functools import partial
from typing import Any, Self

import pytest
from msgspec.structs import asdict

from domain.attempt import Outcome
from domain.communication import InvoiceCommunication
from domain.errors import CommunicationError
from domain.overview import overview
from domain.reports import DeliveryReport
from domain.status import Status
from domain.values import SubjectType
from tests.domain.facts import TENANT, Fact, at

Command = Callable[[InvoiceCommunication], object]


class Story:
    def __init__(self, *past: Fact) -> None:
        self.communication = InvoiceCommunication(TENANT, SubjectType.INVOICE, "INV-7", timestamp=at(-1))
        self.recorded: list[Fact] = []
        for fact in past:
            self.communication.trigger_event(fact.kind, timestamp=fact.at, **fact.facts)  # type: ignore[arg-type]
        self.communication.collect_events()

    def when(self, *commands: Command) -> Self:
        for command in commands:
            command(self.communication)
        known = {"originator_id", "originator_version", "timestamp"}
        self.recorded = [
            Fact(type(made), made.timestamp, {k: v for k, v in asdict(made).items() if k not in known})  # type: ignore[arg-type]
            for made in self.communication.collect_events()
        ]
        return self

    def hears(self, *reports: DeliveryReport, minute: float = 50) -> Self:
        return self.when(*(partial(InvoiceCommunication.record_report, report=r, at=at(minute)) for r in reports))

    def then(self, *expected: Fact) -> Self:
        assert self.recorded == list(expected)
        return self

    def refuses(self, why: type[CommunicationError], *commands: Command) -> Self:
        """Each command is refused, and nothing is recorded."""
        for command in commands:
            with pytest.raises(why):
                command(self.communication)
        assert not self.communication.collect_events()
        return self

    def outcome(self, attempt_id: str = "a-1", recipient: int | None = None) -> Outcome:
        attempt = self.communication.attempt(attempt_id)
        return attempt.outcome() if recipient is None else attempt.recipient_outcome(recipient)

    def status_is(
        self, status: Status, reason: str | None = None, *, attempt_id: str = "a-1", recipient: int | None = None
    ) -> Self:
        shown = self.outcome(attempt_id, recipient)
        assert (shown.status, shown.reason) == (status, reason)
        return self

    def times_are(self, attempt_id: str = "a-1", **minutes: float) -> Self:
        """All of the attempt's times; those that are not named are not set."""
        times = self.communication.attempt(attempt_id).times
        known = {n: getattr(times, n) for n in times.__struct_fields__ if getattr(times, n)}
        assert known == {name: at(minute) for name, minute in minutes.items()}
        return self

    def overview_shows(self, **facts: Any) -> Self:
        shown = overview(self.communication)
        assert {name: getattr(shown, name) for name in facts} == facts
        return self


def given(*past: Fact) -> Story:
    return Story(*past)
