"""One SMTP conversation, step by step, because what a lost connection means depends on where it broke.

Until the message's data was begun nothing was taken. Once it was, only the server's reply tells.
"""

import re
import smtplib
import ssl
from contextlib import suppress
from datetime import datetime

from adapters.providers.addresses import ascii_email
from adapters.providers.calls import misconfigured
from adapters.providers.port import (
    Answer,
    Connection,
    InvalidAddressError,
    MisconfiguredError,
    Outgoing,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.smtp.mailbox import Mailbox, compose, mailbox, message_id
from adapters.providers.smtp.replies import Step, refusal
from domain.status import Status
from domain.values import HandedMessage

_FIRST_DOT = re.compile(rb"^\.", re.MULTILINE)


class _OverError(Exception):
    """The conversation ends here with this answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


def send(outgoing: Outgoing, connection: Connection, at: datetime) -> Answer:
    try:
        sender = mailbox(connection)
        addresses, invalid = _addresses(outgoing)
        return _converse(outgoing, sender, addresses, invalid, at)
    except MisconfiguredError as error:
        return misconfigured(error)
    except _OverError as over:
        return over.answer


def _addresses(outgoing: Outgoing) -> tuple[dict[int, str], list[tuple[int, Refused]]]:
    """By recipient number; those that no server could take are refused here."""
    good: dict[int, str] = {}
    bad: list[tuple[int, Refused]] = []
    for one in outgoing.recipients:
        try:
            good[one.number] = ascii_email(one.address)
        except InvalidAddressError as error:
            bad.append((one.number, Refused("invalid_recipient", str(error))))
    if not good:
        raise _OverError(bad[0][1] if bad else Refused("missing_contact", "no recipient", Status.FAILED))
    return good, bad


def _converse(
    outgoing: Outgoing, sender: Mailbox, addresses: dict[int, str], refused: list[tuple[int, Refused]], at: datetime
) -> Answer:
    server = _connect(sender)
    try:
        _log_in(server, sender)
        message = compose(outgoing, sender, addresses, at)
        refused = refused + _envelope(server, sender, addresses, message)
        _data(server, message)
        return Taken([HandedMessage(message_id(outgoing, sender))], refused)
    except OSError as error:  # smtplib's errors are OSErrors too
        return _outage(error)
    finally:
        with suppress(OSError):
            server.quit()
        server.close()


def _connect(sender: Mailbox) -> smtplib.SMTP:
    """Connected, and encrypted if so wished; a server that cannot do that never sees a password."""
    try:
        if sender.security == "ssl":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(sender.host, sender.port, sender.domain, timeout=sender.timeout, context=context)
        return smtplib.SMTP(sender.host, sender.port, sender.domain, timeout=sender.timeout)
    except OSError as error:
        raise _OverError(_outage(error)) from None
    except ValueError as error:
        raise _OverError(misconfigured(f"host or port: {type(error).__name__}")) from None


def _log_in(server: smtplib.SMTP, sender: Mailbox) -> None:
    try:
        server.ehlo_or_helo_if_needed()
        if sender.security == "starttls":
            server.starttls(context=ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
        if sender.username:
            server.login(sender.username, sender.password)
    except smtplib.SMTPNotSupportedError as error:
        raise _OverError(misconfigured(error)) from None
    except smtplib.SMTPResponseException as error:
        raise _OverError(refusal(Step.LOGIN, error.smtp_code, _raw(error.smtp_error))) from None
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPException as error:
        raise _OverError(misconfigured(error)) from None
    except UnicodeError:
        raise _OverError(misconfigured("the user name or password is not ASCII")) from None


def _envelope(
    server: smtplib.SMTP, sender: Mailbox, addresses: dict[int, str], message: bytes
) -> list[tuple[int, Refused]]:
    """Name sender and recipients; returns whom the server refused while it took others."""
    options = [f"size={len(message)}"] if server.has_extn("size") else []
    if not all(a.isascii() for a in [sender.address, *addresses.values()]):
        if not server.has_extn("smtputf8"):
            raise _OverError(Refused("invalid_recipient", "the server takes no addresses outside ASCII"))
        options += ["SMTPUTF8", "BODY=8BITMIME"]
    _expect(Step.SENDER, server.mail(sender.address, options))
    refused = [r for number, address in addresses.items() if (r := _recipient(server, number, address))]
    if len(refused) == len(addresses):
        raise _OverError(next((r for _, r in refused if isinstance(r, TryLater)), refused[0][1]))
    return [(number, _for_good(r)) for number, r in refused]


def _recipient(server: smtplib.SMTP, number: int, address: str) -> tuple[int, Refused | TryLater] | None:
    code, words = server.rcpt(address)
    return None if code in (250, 251, 252) else (number, refusal(Step.RECIPIENT, code, words))


def _for_good(told: Refused | TryLater) -> Refused:
    """The others have it now, so this one is not tried again by itself: a person may resend it."""
    return told if isinstance(told, Refused) else Refused(told.reason, told.detail, Status.FAILED)


def _data(server: smtplib.SMTP, message: bytes) -> None:
    _expect(Step.DATA, server.docmd("DATA"), hoped=354)
    try:
        server.send(_FIRST_DOT.sub(b"..", message) + (b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"))
        reply = server.getreply()
    except OSError as error:
        raise _OverError(Unknown(f"the connection was lost while the message was sent ({_name(error)})")) from None
    _expect(Step.DATA, reply)


def _expect(step: Step, reply: tuple[int, bytes], hoped: int = 250) -> None:
    if reply[0] != hoped:
        raise _OverError(refusal(step, *reply))


def _outage(error: OSError) -> TryLater:
    return TryLater("provider_outage", f"{_name(error)}: {error}")


def _name(error: OSError) -> str:
    return type(error).__name__


def _raw(words: bytes | str) -> bytes:
    return words.encode(errors="replace") if isinstance(words, str) else words
