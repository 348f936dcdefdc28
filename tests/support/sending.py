"""A tenant with connections to the simulated providers, and attempts that wait to be sent over them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from adapters.bootstrap import Installation
from adapters.keys import customer_ref
from adapters.simulator.config import Config
from adapters.simulator.server import running
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.values import Cause, Channel, Message, Order, Recipient
from tests.support.installation import TestClock, installed

SECRET_KEY, TOKEN, SID = "SG.simulated", "simulated-token", "AC" + "5" * 32


@dataclass
class Sending:
    """A worker's installation beside a simulator. `mail` and `sms` are its connections' ids."""

    worker: Installation
    clock: TestClock
    simulator: str
    tenant: UUID
    mail: UUID
    sms: UUID

    def ask(
        self, channel: Channel, addresses: Sequence[str], number: str = "12345", at: datetime | None = None
    ) -> tuple[UUID, str]:
        """A send is asked for; returns (communication id, attempt id). `at`: scheduled for then."""
        now = self.clock()
        key = self.worker.keys.customer(self.tenant, customer_ref(None, "invoice", number), now)
        communication = InvoiceCommunication(self.tenant, "invoice", number, timestamp=now)  # type: ignore[arg-type]
        recipients = [Recipient(n, key.seal(a), key.fingerprint(a)) for n, a in enumerate(addresses, 1)]
        connection = self.mail if channel is Channel.EMAIL else self.sms
        message = Message(key.seal("Invoice"), key.seal("Here it is."))
        order = Order(
            str(uuid4()), Cause.FIRST, channel, recipients, message=message, connection_id=str(connection),
            provider="sendgrid" if channel is Channel.EMAIL else "twilio", scheduled_at=at,
        )  # fmt: skip
        communication.send(order, now)
        self.worker.communications.record([communication])
        return communication.id, order.attempt_id

    def attempt(self, sent: tuple[UUID, str]) -> Attempt:
        return self.worker.communications.get(sent[0]).attempt(sent[1])

    def received(self) -> list[dict[str, Any]]:
        """The messages that the simulated providers took."""
        answer = httpx.get(f"{self.simulator}/_control/messages").raise_for_status().json()
        return [message for message in answer["messages"] if message["taken"]]

    def rule(self, **rule: object) -> None:
        httpx.post(f"{self.simulator}/_control", json={"rule": rule}).raise_for_status()

    def stop_rule(self) -> None:
        httpx.post(f"{self.simulator}/_control", json={"rule": None}).raise_for_status()


@contextmanager
def sending(database_url: str, folder: Path, config: Config | None = None) -> Iterator[Sending]:
    clock = TestClock()
    with running(config or Config(hang=1.0, delay=0.01), clock) as simulator:
        with installed(database_url, folder, "sendtrail_owner", clock) as owner:
            tenant = owner.tenants.add("acme", clock()).id
            for account in (
                {"provider": "sendgrid", "key": SECRET_KEY},
                {"provider": "twilio", "key": SID, "token": TOKEN},
            ):
                httpx.post(f"{simulator.url}/_control/accounts", json=account).raise_for_status()
            mail = owner.connections.add(
                tenant, "mail", "sendgrid", Channel.EMAIL, clock(),
                settings={"api_url": simulator.url, "from_email": "billing@acme.example"},
                secrets={"api_key": SECRET_KEY, "public_key": "unused"},
            )  # fmt: skip
            sms = owner.connections.add(
                tenant, "sms", "twilio", Channel.SMS, clock(),
                settings={"api_url": simulator.url, "account_sid": SID, "from_number": "+15005550006"},
                secrets={"auth_token": TOKEN},
            )  # fmt: skip
        with installed(database_url, folder, "sendtrail_worker", clock) as worker:
            yield Sending(worker, clock, simulator.url, tenant, mail.id, sms.id)
