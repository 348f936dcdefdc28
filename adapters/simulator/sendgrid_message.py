"""One mail/send call becomes one message per recipient, as SendGrid splits it."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from adapters.simulator.behaviour import Event
from adapters.simulator.messages import Message
from adapters.simulator.sendgrid_checks import listed


def messages_of(mail: dict[str, Any], account: str, at: datetime) -> list[Message]:
    """They share the reference (X-Message-Id); the id of each goes on with `.recvd-`, servers and a number."""
    reference = secrets.token_urlsafe(16)
    server = f"{secrets.token_hex(5)}-{secrets.token_hex(3)[:5]}-1-{int(at.timestamp()):X}"
    text = "\n\n".join(block["value"] for block in listed(mail.get("content")))
    return [
        Message(
            id=f"{reference}.recvd-{server}-{number:X}.0",
            provider="sendgrid",
            account=account,
            address=address,
            sender=mail["from"]["email"],
            received_at=at,
            subject=personal.get("subject") or mail.get("subject") or "",
            text=text,
            reference=reference,
            arguments={**mail.get("custom_args", {}), **personal.get("custom_args", {})},
            categories=[str(category) for category in listed(mail.get("categories"))],
            silenced=_silenced(mail),
            request=mail,
        )
        for number, (address, personal) in enumerate(_recipients(mail), 1)
    ]


def _recipients(mail: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for personal in mail["personalizations"]:
        for kind in ("to", "cc", "bcc"):
            for recipient in listed(personal.get(kind)):
                yield recipient["email"], personal


def _silenced(mail: dict[str, Any]) -> frozenset[Event]:
    """Tracking is on unless the mail turns it off, as it is in a new account."""
    silenced: set[Event] = set()
    if setting(mail, "tracking_settings", "open_tracking") is False:
        silenced |= {Event.OPENED, Event.MACHINE_OPENED}
    if setting(mail, "tracking_settings", "click_tracking") is False:
        silenced |= {Event.CLICKED}
    return frozenset(silenced)


def setting(mail: dict[str, Any], group: str, name: str) -> Any:
    """Whether the mail turns a setting on or off; None: it does not say."""
    found: Any = mail
    for key in (group, name, "enable"):
        found = found.get(key) if isinstance(found, dict) else None
    return found
