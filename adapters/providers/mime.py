"""A message as it is written for a mail server (RFC 5322)."""

import email.policy
import re
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage

from adapters.providers.mail import as_html, one_line, words
from adapters.providers.port import Attachment, Outgoing
from domain.values import Role

_TYPE = re.compile(r"(?!multipart/|message/)([\w!#$&^.+-]+)/([\w!#$&^.+-]+)", re.ASCII)


def compose(
    outgoing: Outgoing,
    sender: tuple[str, str],
    addresses: Mapping[int, str],
    headers: Mapping[str, str],
    *,
    rich: bool = False,
) -> bytes:
    """The message as bytes with CRLF, all ASCII but for local parts that are not. Bcc is nowhere in it.

    `sender` is name and address, `addresses` those to write to by recipient number. `rich`: as HTML too.
    """
    international = any(not a.isascii() for a in [sender[1], *addresses.values()])
    policy = email.policy.SMTPUTF8 if international else email.policy.SMTP
    message = EmailMessage(policy.clone(cte_type="7bit"))
    message["From"] = _address(*sender)
    for role, header in ((Role.TO, "To"), (Role.CC, "Cc")):
        people = [r for r in outgoing.recipients if r.role is role and r.number in addresses]
        if people:
            message[header] = [_address(one_line(one.name or ""), addresses[one.number]) for one in people]
    message["Subject"] = one_line(outgoing.subject)
    for name, value in headers.items():
        message[name] = value
    message.set_content(words(outgoing))
    if rich:
        message.add_alternative(as_html(words(outgoing)), subtype="html")
    for attachment in outgoing.attachments:
        _attach(message, attachment)
    return message.as_bytes()


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)


def _attach(message: EmailMessage, one: Attachment) -> None:
    found = _TYPE.fullmatch(one.content_type.partition(";")[0].strip())
    kind, form = found.groups() if found else ("application", "octet-stream")
    message.add_attachment(one.content, maintype=kind, subtype=form, filename=one_line(one.filename))
