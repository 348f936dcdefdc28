"""Any history: Hypothesis draws pairs (what somebody does, a number), of which only what is allowed happens."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from eventsourcing.domain import Aggregate
from hypothesis import strategies as st

from domain.communication import InvoiceCommunication
from domain.customer import Customer
from domain.errors import CommunicationError
from domain.reports import BuyerResponse, DeliveryReport
from domain.status import Status
from domain.tries import TryOutcome
from domain.values import (
    Cause,
    Channel,
    CustomerRef,
    Document,
    DocumentFormat,
    HandedMessage,
    Message,
    Order,
    Person,
    Personal,
    Recipient,
    Role,
    SubjectDetails,
    SubjectType,
)
from tests.projections.told import at

Seal = Callable[[int, str], Personal]
"""Seals a text under the key that customer 0 or 1 has now."""
CHANNELS, STATUSES, ANSWERS = list(Channel), [None, *Status], list(BuyerResponse)
REASONS = [None, "deferred", "soft_bounce", "hard_bounce", "duplicate", "unheard of"]


class History:
    """Three subjects and two customers of one tenant. Numbers say which, and fill in the rest."""

    def __init__(self, tenant: UUID, seal: Seal) -> None:
        self.tenant = tenant
        self.seal = seal
        self.minute = 0
        self.customers = [Customer(tenant, f"c-{n}", timestamp=at(0)) for n in range(2)]
        self.communications = [
            InvoiceCommunication(tenant, SubjectType.INVOICE, f"INV-{n}", timestamp=at(0)) for n in range(3)
        ]

    def act(self, what: str, number: int) -> Aggregate:
        """Whom it happened to; a rule may have refused it, then there are no new events."""
        self.minute += 1
        communication = self.communications[number % 3]
        with contextlib.suppress(CommunicationError):
            getattr(self, what)(communication, number // 3)
        return communication

    def erase(self, customer: int, key_ids: list[str]) -> Aggregate:
        self.minute += 1
        self.customers[customer].erase(key_ids, self.person(0), at(self.minute))
        return self.customers[customer]

    def revise(self, communication: InvoiceCommunication, n: int) -> None:
        customer = CustomerRef(f"c-{n % 2}", self.seal(n % 2, f"Payer {n}")) if n % 3 else None
        details = SubjectDetails(number=f"N-{n}", category="rent" if n % 5 else None, customer=customer)
        communication.revise_subject(details, at(self.minute))

    def document(self, communication: InvoiceCommunication, n: int) -> None:
        filename = self.seal(n % 2, f"{n}.pdf")
        document = Document(f"d-{n}", DocumentFormat.PDF, filename, f"{n:064x}", n, filename.key)
        communication.add_document(document, at(self.minute))

    def send(self, communication: InvoiceCommunication, n: int) -> None:
        communication.send(self._order(communication, n), at(self.minute))

    def resend(self, communication: InvoiceCommunication, n: int) -> None:
        original = self._one(communication, n)
        order = self._order(communication, n, cause=Cause.RESEND, previous=original)
        communication.resend(order, at(self.minute), timedelta(days=90))

    def start(self, communication: InvoiceCommunication, n: int) -> None:
        for attempt in communication.attempts.values():
            if attempt.is_open and not any(t.outcome is TryOutcome.STARTED for t in attempt.tries):
                numbers = [r.number for r in attempt.unsent()][: 1 + n % 2]
                communication.start_dispatch(attempt.order.attempt_id, numbers, at(self.minute))
                return

    def take(self, communication: InvoiceCommunication, n: int) -> None:
        messages = [HandedMessage(f"m-{n}", 1 if n % 3 == 0 else None)]
        communication.hand_over(*self._running(communication), messages, at(self.minute))

    def fail(self, communication: InvoiceCommunication, n: int) -> None:
        again = at(self.minute + 5) if n % 2 else None
        detail = self.seal(n % 2, "their words")
        running = self._running(communication)
        communication.fail_try(*running, "provider_error", at(self.minute), next_at=again, detail=detail)

    def lose(self, communication: InvoiceCommunication, n: int) -> None:
        detail = self.seal(n % 2, "timed out")
        communication.lose_outcome(*self._running(communication), "outcome_unknown", at(self.minute), detail)

    def hear(self, communication: InvoiceCommunication, n: int) -> None:
        report = DeliveryReport(
            f"r-{n}{'0' * (n % 30)}",
            self._one(communication, n),
            "their word",
            at(n % 50),
            STATUSES[n % len(STATUSES)],
            REASONS[n % len(REASONS)],
            recipient=[None, 1, 2, 9][n % 4],
            counts=n % 7 != 0,
            message_id=f"m-{n % 9}" if n % 2 else None,
            detail=self.seal(n % 2, "550") if n % 3 else None,
            buyer_response=ANSWERS[n % len(ANSWERS)] if n % 11 == 0 else None,
        )
        communication.record_report(report, at(self.minute))

    def skip(self, communication: InvoiceCommunication, n: int) -> None:
        communication.skip(self._one(communication, n), "opted_out", at(self.minute))

    def cancel(self, communication: InvoiceCommunication, n: int) -> None:
        communication.cancel(self._one(communication, n), self.person(n), at(self.minute))

    def mark(self, communication: InvoiceCommunication, n: int) -> None:
        known = list(communication.attempts)
        attempt_id = known[n % len(known)] if known and n % 2 else self._new(communication)
        communication.mark_as_sent(
            attempt_id, self.person(n), at(self.minute - 90), self.seal(0, "by hand"), at(self.minute)
        )

    def ignore(self, communication: InvoiceCommunication, n: int) -> None:
        communication.ignore(self.person(n), self.seal(n % 2, "a test"), at(self.minute))

    def restore(self, communication: InvoiceCommunication, n: int) -> None:
        communication.restore(self.person(n), None, at(self.minute))

    def person(self, n: int) -> Person:
        return Person("u-7", self.seal(n % 2, "Anna Berg"))

    def _order(
        self, communication: InvoiceCommunication, n: int, *, cause: Cause = Cause.FIRST, previous: str | None = None
    ) -> Order:
        people = [
            Recipient(k, self.seal(n % 2, f"{k}-{n}@x.example"), f"hash-{k}-{n}", role=Role.CC if k == 3 else Role.TO)
            for k in range(1, 1 + n % 4)
        ]
        return Order(
            self._new(communication),
            cause,
            CHANNELS[n % len(CHANNELS)],
            people,
            [DocumentFormat.PDF] if n % 3 == 0 else [],
            message=Message(self.seal(n % 2, f"Subject {n}"), self.seal(n % 2, "Text")),
            previous_attempt_id=previous,
            scheduled_at=at(self.minute + 9) if n % 7 == 0 else None,
            requested_by=self.person(n),
            needs_action="missing_contact" if n % 13 == 0 else None,
        )

    def _new(self, communication: InvoiceCommunication) -> str:
        return str(UUID(int=communication.id.int ^ (len(communication.attempts) + 1)))

    def _one(self, communication: InvoiceCommunication, n: int) -> str:
        """An attempt; an unknown one, which is refused, where there is none yet."""
        known = list(communication.attempts)
        return known[n % len(known)] if known else "none"

    def _running(self, communication: InvoiceCommunication) -> tuple[str, int]:
        """The try that waits for its answer; an unknown one, which is refused, where there is none."""
        tries = [(key, t) for key, attempt in communication.attempts.items() for t in attempt.tries]
        return next(((key, t.number) for key, t in tries if t.outcome is TryOutcome.STARTED), ("none", 0))


_DOES = [
    "revise", "document", "send", "send", "send", "resend", "start", "start", "start", "take", "take", "fail", "lose",
    "hear", "hear", "hear", "skip", "cancel", "mark", "ignore", "restore",
]  # fmt: skip
ACTS = st.tuples(st.sampled_from(_DOES), st.integers(0, 999))
