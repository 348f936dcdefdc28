"""An SMTP server that takes mail and keeps it; addresses that misbehave do so with SMTP's own answers.

It calls nobody back and speaks plain SMTP without TLS. A user and password are checked if an account with the
provider `smtp` is known, and any are accepted otherwise.
"""

import asyncio
import logging
import secrets
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from weakref import WeakKeyDictionary

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from adapters.simulator.behaviour import Channel, Event, Reply
from adapters.simulator.messages import Message
from adapters.simulator.rules import Plan
from adapters.simulator.world import World

PROVIDER = "smtp"

REFUSED = {
    Event.BOUNCED: "550 5.1.1 No such mailbox",
    Event.MAILBOX_FULL: "552 5.2.2 Mailbox full",
    Event.BLOCKED: "550 5.7.1 Refused by policy",
    Event.DROPPED: "550 5.7.1 Recipient on a suppression list",
}
GREYLISTED = "450 4.2.1 Greylisted, try again later"
LEGEND = (
    ("bounce, full, blocked, dropped", "550, 552, 550, 550 after RCPT"),
    ("deferred", "450 (greylisted) the first times, then taken"),
    ("refused", "553 after RCPT"),
    ("ratelimited", "421 the first times, then taken"),
    ("outage, crash", "451 after the mail; crash keeps it all the same"),
    ("timeout and hidden, vanished", "no answer after the mail, then cut; kept, not kept"),
    ("anything else", "taken: 250"),
)


class Mailbox:
    """What aiosmtpd asks: may this recipient be written to, is this mail taken."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._plans: WeakKeyDictionary[Envelope, list[Plan]] = WeakKeyDictionary()

    # aiosmtpd finds these by name and gives what not all of them need.
    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        plan = self.world.rules.plans(PROVIDER, Channel.EMAIL, [address])[0]
        if refusal := self._refusal(plan, address):
            return refusal
        envelope.rcpt_tos.append(address)
        self._plans.setdefault(envelope, []).append(plan)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        plans = self._plans.pop(envelope, [])
        reply = next((plan.behaviour.reply for plan in plans if plan.behaviour.reply is not Reply.TAKEN), Reply.TAKEN)
        answer = 451 if reply in (Reply.OUTAGE, Reply.CRASH) else None if reply.hangs else 250
        self._keep(envelope, plans, answer, taken=reply is not Reply.OUTAGE and reply is not Reply.VANISHED)
        if reply.hangs:
            await self._hang(server)
        return "451 4.3.0 Internal error, try again later" if answer == 451 else "250 2.0.0 OK: queued"

    def _refusal(self, plan: Plan, address: str) -> str | None:
        behaviour = plan.behaviour
        if found := next((REFUSED[event] for event in behaviour.happens if event in REFUSED), None):
            return found
        if behaviour.reply is Reply.REFUSED:
            return "553 5.1.3 Address refused"
        limited, grey = behaviour.reply is Reply.RATE_LIMITED, Event.DEFERRED in behaviour.happens
        if (limited or grey) and (plan.forced or self.world.rules.turn_away(PROVIDER, address)):
            return "421 4.7.0 Too many messages, try again later" if limited else GREYLISTED
        return None

    def _keep(self, envelope: Envelope, plans: list[Plan], answer: int | None, *, taken: bool) -> None:
        content = envelope.original_content or b""
        mail = message_from_bytes(content, policy=policy.default)
        for address, plan in zip(envelope.rcpt_tos, plans, strict=True):
            message = _message(mail, content, envelope.mail_from or "", address, self.world.clock())
            message.behaviour, message.answer, message.taken = plan.behaviour.name, answer, taken
            if taken:
                message.happen(Event.DELIVERED, self.world.clock())
            self.world.messages.put(message.id, message, len(content))

    async def _hang(self, server: SMTP) -> None:
        await self.world.background.pause(self.world.config.hang)
        if isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        await asyncio.Event().wait()  # until aiosmtpd sees the lost connection and cancels this

    def authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, data: Any) -> AuthResult:
        known = self.world.accounts.of(PROVIDER)
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        given = (data.login.decode("utf-8", "replace"), data.password.decode("utf-8", "replace"))
        return AuthResult(success=not known or given in {(one.key, one.token) for one in known}, handled=False)


def _message(mail: EmailMessage, content: bytes, sender: str, address: str, at: datetime) -> Message:
    body = mail.get_body(("plain", "html"))
    attachments = [
        {
            "filename": part.get_filename(),
            "type": part.get_content_type(),
            "size": len(part.get_payload(decode=True) or b""),
        }
        for part in mail.iter_attachments()
    ]
    request = {"headers": [[name, str(value)] for name, value in mail.items()], "attachments": attachments}
    return Message(
        id=f"MB{secrets.token_hex(12)}",
        provider=PROVIDER,
        account="",
        address=address,
        sender=sender,
        received_at=at,
        subject=str(mail.get("Subject", "")),
        text=str(body.get_content()) if body else "",
        reference=str(mail.get("Message-ID", "")),
        request={**request, "raw": content.decode("utf-8", "replace")},
    )


async def open_mailbox(world: World, host: str, port: int) -> asyncio.Server:
    """Listen; port 0 takes a free one. Raises OSError if the port is taken."""
    # aiosmtpd logs addresses and whole mails below this level.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    mailbox, loop = Mailbox(world), asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SMTP(
            mailbox,
            data_size_limit=world.config.max_body,
            enable_SMTPUTF8=True,
            hostname="simulator",
            ident="Sendtrail simulator",
            auth_require_tls=False,
            authenticator=mailbox.authenticate,
            loop=loop,
        ),
        host,
        port,
    )
