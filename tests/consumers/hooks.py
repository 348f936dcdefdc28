"""Tenants with connections, attempts that were handed over, and webhooks about them, signed as the providers sign."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from adapters.bootstrap import Installation
from adapters.keys import customer_ref
from adapters.providers.port import RawRequest
from adapters.simulator.signing import ecdsa, new_private_key, public_key
from adapters.webhook_log.port import LoggedRequest, LogReader, WebhookLog
from adapters.webhook_log.postgres import PostgresLog
from adapters.webhook_log.postgres_reader import PostgresReader
from consumers.webhooks import WebhookConsumer
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.values import Cause, Channel, HandedMessage, Order, Recipient
from tests.support.installation import TestClock, installed
from tests.support.webhook_log import put

KEY = new_private_key()
TOKEN = "0123456789abcdef0123456789abcdef"
ADDRESS = "ap@payer.example"


@dataclass
class Sent:
    """An attempt with SendGrid, handed over under `message_id`."""

    communication_id: UUID
    attempt_id: str
    message_id: str
    addresses: list[str]

    def event(self, word: str = "delivered", *, by: str = "attempt_id", **more: Any) -> dict[str, Any]:
        """One element of SendGrid's array. `by`: which of the two ids it carries."""
        ids = {"attempt_id": self.attempt_id} if by == "attempt_id" else {"sg_message_id": f"{self.message_id}.filter1"}
        said = {"event": word, "email": self.addresses[0], "timestamp": 1768467600, "sg_event_id": uuid4().hex}
        return said | ids | more


@dataclass
class Hooks:
    worker: Installation
    owner: Installation
    clock: TestClock
    url: str
    tenant: UUID
    connection: UUID
    log: PostgresLog
    readers: list[LogReader] = field(default_factory=list)

    def sent(self, *addresses: str, connection: UUID | None = None, tenant: UUID | None = None) -> Sent:
        """An attempt that SendGrid took."""
        made = self.asked(*addresses, connection=connection, tenant=tenant)
        self.hand_over(made)
        return made

    def asked(self, *addresses: str, connection: UUID | None = None, tenant: UUID | None = None) -> Sent:
        """An attempt whose dispatch has started and whose answer is still to come."""
        now, tenant, number = self.clock(), tenant or self.tenant, uuid4().hex[:8]
        addresses = addresses or (ADDRESS,)
        key = self.worker.keys.customer(tenant, customer_ref(None, "invoice", number), now)
        communication = InvoiceCommunication(tenant, "invoice", number, timestamp=now)  # type: ignore[arg-type]
        recipients = [Recipient(n, key.seal(a), key.fingerprint(a)) for n, a in enumerate(addresses, 1)]
        order = Order(
            str(uuid4()), Cause.FIRST, Channel.EMAIL, recipients,
            connection_id=str(connection or self.connection), provider="sendgrid",
        )  # fmt: skip
        communication.send(order, now)
        communication.start_dispatch(order.attempt_id, [r.number for r in recipients], now)
        self.worker.communications.record([communication])
        return Sent(communication.id, order.attempt_id, f"msg-{uuid4().hex[:10]}", list(addresses))

    def hand_over(self, sent: Sent) -> None:
        communication = self.worker.communications.get(sent.communication_id)
        communication.hand_over(sent.attempt_id, 1, [HandedMessage(sent.message_id)], self.clock())
        self.worker.communications.record([communication])

    def raw(self, body: bytes, at: datetime | None = None) -> RawRequest:
        return RawRequest("https://sendtrail.example/v1/webhooks/x", {"x": "y"}, body, at or self.clock())

    def put(self, *bodies: Any, connection: UUID | None = None) -> None:
        """Log one request a body, one record each; what is not bytes is sent as JSON."""
        self.put_into(self.log, *bodies, connection=connection)

    def put_into(self, log: WebhookLog, *bodies: Any, connection: UUID | None = None) -> None:
        for body in bodies:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            put(log, [LoggedRequest(connection or self.connection, self.raw(content))])

    def reader(self) -> LogReader:
        made = PostgresReader(self.url, self.worker.communications.recorder.positions)
        self.readers.append(made)
        return made

    def consumer(self, **options: Any) -> WebhookConsumer:
        return WebhookConsumer(self.worker, self.reader(), **options)

    def consume(self) -> int:
        """Everything that is in the log, by a consumer of its own; returns how many requests."""
        consumer = self.consumer()
        try:
            return self.drain(consumer)
        finally:
            consumer.reader.close()

    def drain(self, consumer: WebhookConsumer) -> int:
        taken = consumer.step(0)
        while any(self.log.lag(self.worker.communications.recorder.positions).values()):
            taken += consumer.step(0.2)
        return taken

    def attempt(self, sent: Sent) -> Attempt:
        return self.worker.communications.get(sent.communication_id).attempt(sent.attempt_id)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.worker.database.transaction() as connection:
            return connection.execute(sql.encode(), values).fetchall()

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])

    def reports(self, sent: Sent) -> int:
        """Events that say what a provider reported about it."""
        sql = "SELECT count(*) FROM events.event WHERE originator_id = %s AND topic LIKE '%%.StatusReported'"
        return int(self.rows(sql, (sent.communication_id,))[0][0])


def signed(body: bytes, timestamp: str = "1768467600", key: str = KEY) -> dict[str, str]:
    """SendGrid's headers for this body."""
    prefix = "X-Twilio-Email-Event-Webhook"
    return {
        f"{prefix}-Signature": ecdsa(key, timestamp.encode() + body),
        f"{prefix}-Timestamp": timestamp,
        "Content-Type": "application/json",
    }


def add_sendgrid(owner: Installation, tenant: UUID, name: str = "mail", **options: Any) -> UUID:
    return owner.connections.add(
        tenant, name, "sendgrid", Channel.EMAIL, owner.clock(),
        settings={"from_email": "billing@acme.example"},
        secrets={"api_key": "SG.test-api-key", "public_key": public_key(KEY)}, **options,
    ).id  # fmt: skip


def add_twilio(owner: Installation, tenant: UUID) -> UUID:
    return owner.connections.add(
        tenant, "sms", "twilio", Channel.SMS, owner.clock(),
        settings={"account_sid": "AC" + "5" * 32, "from_number": "+15005550006"}, secrets={"auth_token": TOKEN},
    ).id  # fmt: skip


@contextmanager
def hooks(database_url: str, folder: Path) -> Iterator[Hooks]:
    clock = TestClock()
    with (
        installed(database_url, folder, "sendtrail_owner", clock) as owner,
        installed(database_url, folder, "sendtrail_worker", clock) as worker,
        closing(PostgresLog(worker.database.pool, clock)) as log,
    ):
        tenant = owner.tenants.add("acme", clock()).id
        connection = add_sendgrid(owner, tenant)
        made = Hooks(worker, owner, clock, database_url, tenant, connection, log)
        yield made
        for reader in made.readers:
            reader.close()
