"""What all e-mail APIs want of a message, whatever they call it."""

import html

from adapters.providers.port import Connection, Outgoing, OutgoingRecipient
from domain.values import Role


def by_role(outgoing: Outgoing) -> dict[Role, list[OutgoingRecipient]]:
    """Whom it goes to; an address that is there twice, which APIs refuse, stays where it counts most."""
    lists: dict[Role, list[OutgoingRecipient]] = {}
    seen: set[str] = set()
    for role in Role:
        for one in outgoing.recipients:
            if one.role is role and one.address.lower() not in seen:
                seen.add(one.address.lower())
                lists.setdefault(role, []).append(one)
    return lists


def named(address: str, name: str | None) -> str:
    """`"Ada Payer" <ada@payer.example>`, or the address alone."""
    told = one_line(name or "")
    if not told:
        return address
    quoted = told.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def people(listed: list[OutgoingRecipient]) -> list[str]:
    return [named(one.address, one.name) for one in listed]


def sender(connection: Connection) -> str:
    """Raises MisconfiguredError."""
    return named(connection.setting("from_email"), str(connection.settings.get("from_name") or ""))


def words(outgoing: Outgoing) -> str:
    """The text; APIs refuse a message without any, so then the subject."""
    return outgoing.text or outgoing.subject


def as_html(text: str) -> str:
    """The same words as HTML: opens are only seen there."""
    return html.escape(text).replace("\n", "<br>\n")


def one_line(text: str) -> str:
    """A header value: nobody may add a header of their own to it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
