"""What the answers about communications and attempts share. Field names and their order are the API's."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from domain.communication import InvoiceCommunication
from domain.values import Recipient, SubjectType
from projections import digits
from projections.personal import Opened, shown

_encode = msgspec.json.Encoder().encode


class CustomerDoc(msgspec.Struct, frozen=True, gc=False):
    id: str
    name: str | None


class SubjectDoc(msgspec.Struct, frozen=True, gc=False):
    type: SubjectType
    external_id: str
    number: str | None
    label: str | None
    url: str | None
    category: str
    document_status: str | None
    total: str | None
    balance_due: str | None
    currency: str | None
    issued_on: str | None
    customer: CustomerDoc | None


class Subject(msgspec.Struct, frozen=True, gc=False):
    """One subject, made once for all rows of its communication: the columns, and the JSON that the docs embed."""

    type: SubjectType
    external_id: str
    category: str
    customer_id: str | None
    json: msgspec.Raw
    words: tuple[str | None, ...]
    """What a search finds it by."""
    searches: dict[str | None, str] = {}
    """What is searched, by the subject of the message beside it: the rows of a communication mostly share one."""

    def search(self, message: str | None) -> str:
        """With the subject of a message."""
        found = self.searches.get(message)
        if found is None:
            found = self.searches[message] = searchable((*self.words, message))
        return found


def subject(communication: InvoiceCommunication, opened: Opened) -> Subject:
    """The category is the subject's type unless the owner system gave one."""
    kind, said = communication.subject_type, communication.details
    customer = CustomerDoc(said.customer.id, shown(opened, said.customer.name)) if said.customer else None
    category = said.category or str(kind)
    doc = SubjectDoc(
        kind,
        communication.external_id,
        said.number,
        said.label,
        said.url,
        category,
        said.document_status,
        said.total,
        said.balance_due,
        said.currency,
        said.issued_on,
        customer,
    )
    words = (said.number, communication.external_id, customer.name if customer else None)
    external_id, customer_id = column(communication.external_id), column(customer.id) if customer else None
    return Subject(kind, external_id, column(category), customer_id, msgspec.Raw(_encode(doc)), words)


def recipient(opened: Opened, addressed: Recipient | None) -> str | None:
    """The address in one line (a postal one has several); None where there is none to show."""
    address = shown(opened, addressed.address) if addressed else None
    return one_line(address) if address else None


def one_line(text: str) -> str:
    return ", ".join(part.strip() for part in text.splitlines() if part.strip()) if "\n" in text else text


def searchable(words: tuple[str | None, ...]) -> str:
    """In lower case, one a line; the last line has the letters of all numbers."""
    text = lowered("\n".join(filter(None, words)))
    letters = digits.told(text)
    return f"{text}\n{' '.join(dict.fromkeys(letters))}" if letters else text


def lowered(text: str) -> str:
    """As what is searched is written, so is what is looked for."""
    return column(text.lower())


def column(text: str) -> str:
    """PostgreSQL's text cannot hold the character NUL; JSON can."""
    return text.replace("\x00", "") if "\x00" in text else text


def utc(at: datetime | None) -> datetime | None:
    """Providers report in zones of their own."""
    return at if at is None or at.tzinfo is UTC else at.astimezone(UTC)


def as_json(doc: Any) -> str:
    return _encode(doc).decode()
