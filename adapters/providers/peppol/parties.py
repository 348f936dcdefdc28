"""Participants of the network, `scheme:id`, and the key that an invoice is known by on both sides."""

import re

from adapters.providers.e_invoice import KEY
from adapters.providers.reading import ID_LIMIT, digest, text
from adapters.providers.xml import Element

META_SCHEME = "iso6523-actorid-upis"
_ICD = re.compile(r"[0-9]{4}")


def participant(told: str | None) -> str | None:
    """`0088:7300010000001`, however it was written: `iso6523-actorid-upis::0088:7300010000001` too."""
    found = text(told, ID_LIMIT)
    if found is None:
        return None
    return found.strip().rpartition("::")[2] or None


def split(address: str) -> tuple[str, str]:
    """Scheme and id. An international code is four digits; other schemes may have colons of their own (`BE:EN:1`)."""
    found = participant(address) or ""
    head, _, tail = found.partition(":")
    if _ICD.fullmatch(head):
        return head, tail
    scheme, _, name = found.rpartition(":")
    return scheme, name


def endpoint(party: Element | None) -> str | None:
    """A party's electronic address; an id without a scheme is nobody's."""
    found = party.first("EndpointID") if party else None
    name, scheme = (found.text(ID_LIMIT), found.attribute("schemeID")) if found else (None, None)
    return participant(f"{scheme}:{name}") if name and scheme else None


def invoice_key(number: str | None, *, seller: str | None, buyer: str | None) -> str | None:
    """How an Invoice Response finds what was sent: by number and both parties, upper and lower case alike.

    The parties as a digest, because the buyer's id is an address, and message ids are kept in clear.
    """
    if not number:
        return None
    told, parties = " ".join(number.split()).casefold(), digest((seller or "").casefold(), (buyer or "").casefold())
    key = f"{KEY}{told}:{parties}"
    return key if len(key) <= ID_LIMIT and key.isascii() and key.isprintable() else KEY + digest(told, parties)
