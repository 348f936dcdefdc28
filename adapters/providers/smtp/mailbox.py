"""The mailbox to send from, and the message as it is written."""

import email.policy
import email.utils
import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage

import msgspec

from adapters.providers.addresses import ascii_email
from adapters.providers.port import (
    Attachment,
    Connection,
    InvalidAddressError,
    MisconfiguredError,
    Outgoing,
)
from domain.values import Role

LONGEST_WAIT = 600.0  # seconds, at each step
PORTS = {"starttls": 587, "ssl": 465, "none": 25}
_TYPE = re.compile(r"(?!multipart/|message/)([\w!#$&^.+-]+)/([\w!#$&^.+-]+)", re.ASCII)


class Mailbox(msgspec.Struct, frozen=True):
    host: str
    port: int
    security: str
    address: str
    name: str
    username: str
    password: str
    timeout: float

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def mailbox(connection: Connection) -> Mailbox:
    """Raises MisconfiguredError."""
    security = connection.setting("security", "starttls").lower()
    if security not in PORTS:
        raise MisconfiguredError(f"connection {connection.id}: 'security' is none of {', '.join(PORTS)}")
    try:
        address = ascii_email(connection.setting("from_email"))
        port = int(connection.setting("port", str(PORTS[security])))
        timeout = float(connection.setting("timeout_seconds", "30"))
        if not (0 < port < 65536 and 0 < timeout <= LONGEST_WAIT):
            raise ValueError
    except (InvalidAddressError, ValueError):
        raise MisconfiguredError(f"connection {connection.id}: check from_email, port and timeout_seconds") from None
    username = str(connection.settings.get("username") or "")
    password = connection.secret("password") if username else ""
    name = _one_line(str(connection.settings.get("from_name") or ""))
    return Mailbox(connection.setting("host"), port, security, address, name, username, password, timeout)


def message_id(outgoing: Outgoing, sender: Mailbox) -> str:
    """Carries the attempt and the try, so that a bounce or a log line leads back."""
    return f"{outgoing.attempt_id}.{outgoing.number}@{sender.domain}"


def compose(outgoing: Outgoing, sender: Mailbox, addresses: dict[int, str], at: datetime) -> bytes:
    """The message as bytes with CRLF, all ASCII but for local parts that are not. Bcc is nowhere in it."""
    international = any(not a.isascii() for a in [sender.address, *addresses.values()])
    policy = email.policy.SMTPUTF8 if international else email.policy.SMTP
    message = EmailMessage(policy.clone(cte_type="7bit"))
    message["From"] = _address(sender.name, sender.address)
    for role, header in ((Role.TO, "To"), (Role.CC, "Cc")):
        people = [r for r in outgoing.recipients if r.role is role and r.number in addresses]
        if people:
            message[header] = [_address(_one_line(one.name or ""), addresses[one.number]) for one in people]
    message["Subject"] = _one_line(outgoing.subject)
    message["Date"] = email.utils.format_datetime(at)
    message["Message-ID"] = f"<{message_id(outgoing, sender)}>"
    message.set_content(outgoing.text or outgoing.subject)
    for attachment in outgoing.attachments:
        _attach(message, attachment)
    return message.as_bytes()


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)


def _attach(message: EmailMessage, one: Attachment) -> None:
    found = _TYPE.fullmatch(one.content_type.partition(";")[0].strip())
    kind, form = found.groups() if found else ("application", "octet-stream")
    message.add_attachment(one.content, maintype=kind, subtype=form, filename=_one_line(one.filename))


def _one_line(text: str) -> str:
    """A header value: nobody may add a header of their own to it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
