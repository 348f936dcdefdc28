"""Communications as they really become, told by the real aggregate and projected by the real code, as lines of COPY in
which ids, numbers and moments are left open."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from adapters.keys.ring import CustomerKey
from adapters.store.mapper import EventMapper
from domain.communication import InvoiceCommunication
from domain.reports import DeliveryReport
from domain.status import Status
from domain.values import (
    Cause,
    Channel,
    CustomerRef,
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
from projections.engine import Happened, fold, rows

BEGAN = datetime(2001, 6, 1, tzinfo=UTC)
_MOMENT = re.compile(r"200[0-3]-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PROVIDERS = {"email": "sendgrid", "sms": "twilio", "post": "pingen", "e_invoicing": "storecove"}
TEXT = "Dear customer,\n\nplease find our invoice #number# attached, due within 30 days.\n\nKind regards\nAccounts"


Words = tuple[str, ...]


class Kind(NamedTuple):
    """How often of 1000, when, and in which words."""

    weight: int
    when: str
    words: Words


class Template(NamedTuple):
    """Lines of COPY with `%(name)b` for what each copy has of its own: c, the communication; a0, a1, its attempts;
    number, external, customer, category; p1, p2, its events' positions; and by name in `offsets`, seconds after the
    beginning."""

    subject_type: str
    communication: bytes
    attempts: list[bytes]
    events: list[bytes]
    offsets: dict[str, int]


def kinds() -> Iterator[Kind]:
    for line in Path(__file__).with_suffix(".txt").read_text().splitlines():
        if not line.startswith("#"):
            weight, *words = line.split()
            when = words.pop(0) if words[0] in ("old", "new") else ""
            yield Kind(int(weight), when, tuple(words))


class Teller:
    """Tells one communication word by word, some time apart."""

    def __init__(self, tenant: UUID, subject_type: SubjectType, key: CustomerKey, number: int) -> None:
        self.key, self.number, self.at = key, number, BEGAN
        self.plain: dict[Personal, str] = {}
        self.made = InvoiceCommunication(tenant, subject_type, "#external#", BEGAN)
        customer = CustomerRef("#customer#", self.seal(f"{NAMES[number % len(NAMES)]} {number} Ltd"))
        details = SubjectDetails(
            number="#number#", category="#category#", url="https://erp.example/documents/#external#",
            document_status="approved", total="1210.00", balance_due="1210.00", currency="EUR", customer=customer,
        )  # fmt: skip
        self.made.revise_subject(details, BEGAN)

    def seal(self, text: str) -> Personal:
        sealed = self.key.seal(text)
        self.plain[sealed] = text
        return sealed

    @property
    def last(self) -> str:
        return list(self.made.attempts)[-1]

    def wait(self, seconds: int) -> datetime:
        self.at += timedelta(seconds=seconds)
        return self.at

    def tell(self, words: Words) -> None:
        orders = [word for word in words if word in ("two", "collect") or word.startswith("later")]
        for word in words:
            what, _, how = word.partition(".")
            if what == "send":
                self.send(how, *orders)
            elif what in Status.__members__.values():
                self.hear(Status(what), how or None)
            elif word not in orders:
                getattr(self, what)(how)

    def send(self, channel: str, *how: str) -> None:
        later = next((word for word in how if word.startswith("later")), None)
        planned = self.at + timedelta(days=int(later.partition(".")[2])) if later else None
        formats = [DocumentFormat.PDF] if "collect" in how else []
        order = self._order(channel, "two" in how, scheduled_at=planned, formats=formats)
        self.made.send(order, self.at)
        self.at = planned or self.at

    def needs(self, reason: str) -> None:
        self.made.send(self._order("email", two=False, needs_action=reason), self.at)

    def again(self, _: str) -> None:
        before = self.made.attempts[self.last].order
        order = self._order(before.channel, two=False, cause=Cause.RESEND, previous_attempt_id=before.attempt_id)
        self.made.resend(order, self.wait(7200), timedelta(days=90))

    def start(self, _: str) -> int:
        numbers = [r.number for r in self.made.attempts[self.last].order.recipients] or [1]
        return self.made.start_dispatch(self.last, numbers, self.wait(2))

    def go(self, _: str) -> None:
        number = self.start("")
        self.made.hand_over(self.last, number, [HandedMessage(f"m-{self.last}-{number}")], self.wait(1))

    def retry(self, seconds: str) -> None:
        """Any number of seconds until the next try; the first start stays the moment of shipping."""
        number, pause = self.start(""), int(seconds or 300)
        again = self.wait(1) + timedelta(seconds=pause)
        self.made.fail_try(self.last, number, "provider_outage", self.at, next_at=again, detail=self.seal("503"))
        self.wait(pause)

    def lost(self, _: str) -> None:
        self.made.lose_outcome(self.last, self.start(""), "outcome_unknown", self.wait(30), self.seal("timed out"))

    def hear(self, status: Status, reason: str | None) -> None:
        at = self.wait(86400 if status is Status.READ else 20)
        detail = self.seal("550 5.1.1 The account does not exist") if reason else None
        report = DeliveryReport(
            f"r:{self.last}:{status}", self.last, status, at, status, reason, recipient=1, detail=detail
        )
        self.made.record_report(report, at)

    def skip(self, reason: str) -> None:
        self.made.skip(self.last, reason, self.at)

    def cancel(self, _: str) -> None:
        self.made.cancel(self.last, self._person(), self.wait(60))

    def mark(self, days: str) -> None:
        attempt = self.last if self.made.attempts else str(uuid4())
        sent = self.at - timedelta(days=int(days))
        self.made.mark_as_sent(attempt, self._person(), sent, self.seal("handed over at the counter"), self.wait(60))

    def ignore(self, _: str) -> None:
        self.made.ignore(self._person(), self.seal("a test"), self.wait(600))

    def _person(self) -> Person:
        return Person("u-7", self.seal("Anna Berg"))

    def _order(self, channel: str, two: bool, *, cause: Cause = Cause.FIRST, **more: Any) -> Order:
        given = [self._recipient(n, channel) for n in range(1, 4 if two else 2)] if channel != "e_invoicing" else []
        message = Message(self.seal("Your invoice #number#"), self.seal(TEXT))
        return Order(
            str(uuid4()), cause, Channel(channel), given, message=message, language="en", requested_by=self._person(),
            connection_id=str(UUID(int=list(PROVIDERS).index(channel))), provider=PROVIDERS[channel], **more,
        )  # fmt: skip

    def _recipient(self, n: int, channel: str) -> Recipient:
        places = {
            "sms": f"+3247{self.number:07}",
            "post": f"{NAMES[self.number % len(NAMES)]}\nMain street {self.number}\n1000 Brussels",
        }
        address = places.get(channel, f"ap{n}.{self.number}@payer{self.number % 97}.example")
        name = self.seal(f"Person {n}")
        return Recipient(n, self.seal(address), self.key.fingerprint(address), name, Role.CC if n == 3 else Role.TO)


NAMES = ("Müller", "Jansen", "Rossi", "Novak", "Dubois", "Smith", "Garcia", "Nielsen", "Kowalski", "Peeters", "Silva")


def template(tenant: UUID, subject_type: SubjectType, key: CustomerKey, number: int, words: Words) -> Template:
    teller = Teller(tenant, subject_type, key, number)
    teller.tell(words)
    events = list(teller.made.collect_events())
    stored = [EventMapper().to_stored_event(event) for event in events]
    made = rows(fold([Happened(n, event) for n, event in enumerate(events, 1)], {}), teller.plain.__getitem__)
    cut = _Cutting(teller.made)
    return Template(
        subject_type.value,
        cut.line(*_numbered(made.overview[0])),
        [cut.line(*_numbered(row)) for row in made.attempts],
        [cut.line(tenant, e.originator_id, e.originator_version, e.topic, e.state, n) for n, e in enumerate(stored, 1)],
        cut.offsets,
    )


def _numbered(row: Any) -> Any:
    """With the letters of the numbers that each copy has of its own."""
    return row._replace(search=f"{row.search}\n#letters#")


class _Cutting:
    """Puts names in place of what each copy has of its own."""

    def __init__(self, made: InvoiceCommunication) -> None:
        self.names = {str(made.id): "c"} | {key: f"a{n}" for n, key in enumerate(made.attempts)}
        self.names |= {f"#{name}#": name for name in ("number", "external", "customer", "category", "letters")}
        self.any = re.compile("|".join([*map(re.escape, self.names), _MOMENT.pattern]))
        self.offsets: dict[str, int] = {}

    def line(self, *columns: Any) -> bytes:
        """A line of COPY's text format. The last whole number is a position."""
        *_, position = (n for n, value in enumerate(columns) if type(value) is int)
        texts = [f"%(p{value})b" if n == position else self._open(_text(value)) for n, value in enumerate(columns)]
        return "\t".join(texts).encode() + b"\n"

    def _open(self, text: str) -> str:
        return self.any.sub(lambda found: f"%({self._name(found[0])})b", text.replace("%", "%%"))

    def _name(self, found: str) -> str:
        if found not in self.names:
            self.names[found] = f"t{len(self.offsets)}"
            self.offsets[self.names[found]] = round((datetime.fromisoformat(found) - BEGAN).total_seconds())
        return self.names[found]


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    text = value.decode().replace("\\", "\\\\") if isinstance(value, bytes) else str(value)
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
