"""JSON:API as Pingen writes it: resources that name each other by type and id, and our attempt in a file's name."""

import re
from typing import Any

from adapters.providers.reading import ID_LIMIT, attempt_id, text

Resource = dict[str, Any]
EVENTS = "_events"
"""How the types of events end: letters_events, deliverables_events."""
_FILE = re.compile(r"([0-9A-Fa-f-]{36})(-[0-9]{1,9})?\.pdf")
ADDRESS_LIMIT = 1000


def resource(value: object) -> Resource:
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Resource]:
    """The resources of `data` or `included`, of which there may be one or many."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def attributes(one: Resource) -> Resource:
    return resource(one.get("attributes"))


def name_of(one: Resource) -> str | None:
    return text(one.get("id"), ID_LIMIT)


def kind_of(one: Resource) -> str:
    return text(one.get("type"), ID_LIMIT) or ""


def related(one: Resource, *roles: str) -> Resource:
    """What it names in the first of these roles that names something."""
    named = resource(one.get("relationships"))
    found = (resource(resource(named.get(role)).get("data")) for role in roles)
    return next((f for f in found if name_of(f)), {})


def letter_of(one: Resource) -> Resource:
    """`letter` is the old way to name it, which goes away."""
    return related(one, "deliverable", "letter")


def file_name(attempt: str, recipient: int) -> str:
    """Nothing of ours is echoed but this."""
    return f"{attempt}-{recipient}.pdf"


def attempt_of(letter: Resource) -> str | None:
    found = _FILE.fullmatch(text(attributes(letter).get("file_original_name"), ID_LIMIT) or "")
    return attempt_id(found[1]) if found else None


def address_of(letter: Resource) -> str | None:
    """The lines that Pingen read in the PDF, in one."""
    return one_line(attributes(letter).get("address"))


def one_line(address: object) -> str | None:
    """A postal address, be it text or an object of its parts."""
    if isinstance(address, dict):
        address = "\n".join(part for part in map(text, address.values()) if part)
    lines = (" ".join(line.split()).strip(" ,") for line in (text(address) or "").splitlines())
    return text(", ".join(line for line in lines if line), ADDRESS_LIMIT)
