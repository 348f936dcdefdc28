"""The mailbox to send from, and the message as it is written."""

import email.utils
import re
from datetime import datetime

import msgspec

from adapters.providers import mime
from adapters.providers.addresses import ascii_email
from adapters.providers.mail import one_line
from adapters.providers.port import Connection, InvalidAddressError, MisconfiguredError, Outgoing

LONGEST_WAIT = 600.0  # seconds, at each step
PORTS = {"starttls": 587, "ssl": 465, "none": 25}


class Mailbox(msgspec.Struct, frozen=True):
    host: str
    port: int
    security: str
    address: str
    name: str
    username: str
    password: str
    timeout: float
    attempt_header: str = ""
    """`NAME: VALUE`, in which `{}` is the attempt's id: for a relay whose webhooks echo such a header."""

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
    name = one_line(str(connection.settings.get("from_name") or ""))
    host, echoed = connection.setting("host"), _attempt_header(connection)
    return Mailbox(host, port, security, address, name, username, password, timeout, echoed)


def _attempt_header(connection: Connection) -> str:
    """Raises MisconfiguredError for what is no header with a place for the attempt's id."""
    given = str(connection.settings.get("attempt_header") or "")
    if given and not re.fullmatch(r"[A-Za-z0-9-]+: [ -~]*\{\}[ -~]*", given):
        raise MisconfiguredError(f"connection {connection.id}: 'attempt_header' must be like 'X-Tag: {{}}'")
    return given


def message_id(outgoing: Outgoing, sender: Mailbox) -> str:
    """Carries the attempt and the try, so that a bounce or a log line leads back."""
    return f"{outgoing.attempt_id}.{outgoing.number}@{sender.domain}"


def compose(outgoing: Outgoing, sender: Mailbox, addresses: dict[int, str], at: datetime) -> bytes:
    """The message as bytes."""
    headers = {"Date": email.utils.format_datetime(at), "Message-ID": f"<{message_id(outgoing, sender)}>"}
    if sender.attempt_header:
        name, _, value = sender.attempt_header.partition(": ")
        headers[name] = value.replace("{}", outgoing.attempt_id)
    return mime.compose(outgoing, (sender.name, sender.address), addresses, headers)
