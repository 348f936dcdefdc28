"""Your own mailbox: SMTP submission. It sends no webhooks and cannot be asked; bounces come to the sender by mail."""

from typing import ClassVar

import httpx

from adapters.clock import Clock, system_clock
from adapters.providers.port import (
    Answer,
    BadSignatureError,
    Connection,
    Lookup,
    Need,
    Outgoing,
    ProviderReport,
    RawAnswer,
    RawRequest,
    UnreadableError,
)
from adapters.providers.smtp import submission
from domain.values import Channel


class Smtp:
    name: ClassVar[str] = "smtp"
    channel: ClassVar[Channel] = Channel.EMAIL
    signs: ClassVar[bool] = False
    one_by_one: ClassVar[bool] = False
    can_ask: ClassVar[bool] = False
    sends: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = None
    needs: ClassVar[list[Need]] = [
        Need("host", "the outgoing (SMTP) server in your mail program's account settings"),
        Need("port", "beside it: 587 for starttls, 465 for ssl", required=False),
        Need("security", "starttls, ssl or none", required=False, default="starttls"),
        Need("username", "usually the whole address; leave out where the server asks for none", required=False),
        Need(
            "password",
            "the mailbox's password, or an app password where two factors are on",
            secret=True,
            required=False,
        ),
        Need("from_email", "the address of the mailbox"),
        Need("from_name", "the name that recipients see", required=False),
        Need(
            "attempt_header",
            "for a relay whose webhooks another connection reads: the header that it echoes, {} for the attempt's id",
            required=False,
        ),
        Need("timeout_seconds", "how long to wait for the server at each step", required=False, default="30"),
    ]

    def __init__(self, clock: Clock = system_clock) -> None:
        self.clock = clock

    def verify(self, request: RawRequest, connection: Connection) -> None:  # noqa: ARG002
        raise BadSignatureError("SMTP has no webhooks", missing=True)

    def reports(self, request: RawRequest) -> list[ProviderReport]:  # noqa: ARG002
        raise UnreadableError("SMTP has no webhooks")

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:  # noqa: ARG002
        raise UnreadableError("SMTP has no API")

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:  # noqa: ARG002
        return submission.send(outgoing, connection, self.clock())

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:  # noqa: ARG002
        return []
