"""A message for your own mailbox, and how the tests send it."""

import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import httpx
import msgspec

from adapters.providers.port import (
    Answer,
    Attachment,
    Outgoing,
    OutgoingRecipient,
)
from adapters.providers.smtp import Smtp
from domain.values import Role
from tests.adapters.providers.kit import ATTEMPT, connection
from tests.adapters.providers.mail_servers import (
    Post,
)

AT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
ADA, BOB, EVE = "ada@payer.example", "bob@payer.example", "eve@seller.example"
OUTGOING = Outgoing(
    attempt_id=ATTEMPT,
    number=2,
    recipients=[
        OutgoingRecipient(1, ADA, "Ada Bücher"),
        OutgoingRecipient(2, BOB, None, Role.CC),
        OutgoingRecipient(3, EVE, None, Role.BCC),
    ],
    subject="Invoice 7 – März",
    text="Dear Ada,\n.\n..two dots\n" + "x" * 3000 + "\nGrüße 😀\n",
    attachments=[Attachment("Rechnung März.pdf", "application/pdf", b"%PDF-1.7\r\n.\r\n\x00\xff")],
)


def send(at: int, outgoing: Outgoing = OUTGOING, password: str = "", **settings: Any) -> Answer:
    """To the server at that port of this machine."""
    given = {"host": "127.0.0.1", "port": at, "security": "none", "from_email": "bills@seller.example"}
    told = given | {"from_name": "Seller & Co", "timeout_seconds": 1} | settings
    account = connection("smtp", {"password": password} if password else {}, **told)
    with httpx.Client() as http:
        return Smtp(lambda: AT).send(outgoing, account, http)


def to(*addresses: str) -> Outgoing:
    people = [OutgoingRecipient(number, address) for number, address in enumerate(addresses, 1)]
    return msgspec.structs.replace(OUTGOING, recipients=people, attachments=[], text="Hello")


def parsed(post: Post) -> EmailMessage:
    (envelope,) = post.envelopes
    assert isinstance(envelope.content, bytes)
    return BytesParser(EmailMessage, policy=email.policy.default).parsebytes(envelope.content)
