"""What requests may say. A field that is not here is refused, so that a misspelt one is never passed over."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.http.fields import (
    Address,
    Amount,
    Currency,
    Day,
    Id,
    Language,
    Line,
    Moment,
    Note,
    Slug,
    Text,
    Url,
    Word,
)
from domain.values import Channel, Role, SubjectType

MOST_ITEMS = 1000
MOST_RECIPIENTS = 50
_EXAMPLE_SUBJECT = {"type": "invoice", "external_id": "4711"}
_EXAMPLE_PERSON = {"id": "u-7", "name": "Kim Vos"}
_EXAMPLE_SEND = {
    "subject": _EXAMPLE_SUBJECT,
    "channel": "email",
    "recipients": [{"address": "ap@payer.example", "name": "Accounts payable"}],
    "documents": "pdf",
    "message": {"subject": "Invoice 2026-0042", "text": "Please find our invoice attached."},
    "requested_by": _EXAMPLE_PERSON,
}


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _example(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class CustomerIn(_Request):
    id: Id
    name: Line | None = None


class SubjectIn(_Request):
    """All that the owner system says now: what is left out is no longer so."""

    model_config = _example(
        {
            "number": "2026-0042",
            "url": "https://erp.example/invoices/4711",
            "document_status": "approved",
            "total": "121.00",
            "balance_due": "121.00",
            "currency": "EUR",
            "issued_on": "2026-01-15",
            "customer": {"id": "c-19", "name": "Payer Ltd"},
        }
    )
    number: Annotated[Word | None, Field(description="As printed on the document.")] = None
    label: Annotated[Line | None, Field(description="What it is called, for type `other`.")] = None
    url: Annotated[Url | None, Field(description="Where the owner system shows it.")] = None
    category: Annotated[Slug | None, Field(description="The tenant's own; by default the type.")] = None
    document_status: Word | None = None
    total: Annotated[Amount | None, Field(description="A decimal string, as in `121.00`.")] = None
    balance_due: Amount | None = None
    currency: Currency | None = None
    issued_on: Day | None = None
    customer: CustomerIn | None = None


class SubjectRef(_Request):
    type: SubjectType
    external_id: Id


class RecipientIn(_Request):
    address: Annotated[Address | None, Field(description="E-mail address, phone number, or postal address.")] = None
    name: Line | None = None
    role: Role = Role.TO


class MessageIn(_Request):
    subject: Line | None = None
    text: Text | None = None


class PersonIn(_Request):
    id: Id | None = None
    name: Line | None = None

    @model_validator(mode="after")
    def _is_somebody(self) -> "PersonIn":
        if not (self.id or self.name):
            raise PydanticCustomError("nobody", "Give an id or a name")
        return self


Recipients = Annotated[list[RecipientIn], Field(max_length=MOST_RECIPIENTS)]


class SendIn(_Request):
    model_config = _example(_EXAMPLE_SEND)
    subject: SubjectRef
    channel: Channel
    connection_id: Annotated[UUID | None, Field(description="By default the tenant's for the channel.")] = None
    recipients: Recipients = []
    documents: Annotated[
        Literal["pdf", "ubl", "pdf_ubl"] | None,
        Field(description="What goes along; `pdf` by default, `ubl` as an e-invoice. An SMS carries none."),
    ] = None
    message: Annotated[MessageIn | None, Field(description="By default one made from the subject.")] = None
    language: Language | None = None
    scheduled_at: Moment | None = None
    requested_by: PersonIn | None = None


class BulkIn(_Request):
    """Items are checked one by one, so that a bad one spoils nothing but itself."""

    model_config = _example({"items": [_EXAMPLE_SEND]})
    items: Annotated[list[Any], Field(min_length=1, max_length=MOST_ITEMS)]


class ResendIn(_Request):
    model_config = _example({"recipients": [{"address": "billing@payer.example"}], "requested_by": _EXAMPLE_PERSON})
    recipients: Annotated[Recipients | None, Field(description="By default those of the first time.")] = None
    requested_by: PersonIn | None = None


class CancelIn(_Request):
    model_config = _example({"requested_by": _EXAMPLE_PERSON})
    requested_by: PersonIn | None = None


class MarkItem(_Request):
    subject: SubjectRef
    sent_at: Moment
    how: Annotated[Line, Field(description="As in: handed over at the counter.")]
    attempt_id: Annotated[UUID | None, Field(description="The attempt that needed action, if there is one.")] = None


class MarkSentIn(_Request):
    """Items are checked one by one."""

    model_config = _example(
        {
            "items": [{"subject": _EXAMPLE_SUBJECT, "sent_at": "2026-01-14T16:30:00Z", "how": "handed over"}],
            "requested_by": _EXAMPLE_PERSON,
        }
    )
    items: Annotated[list[Any], Field(min_length=1, max_length=MOST_ITEMS)]
    requested_by: PersonIn


class MarkIn(_Request):
    model_config = _example({"requested_by": _EXAMPLE_PERSON, "reason": "Paid in cash"})
    requested_by: PersonIn
    reason: Note | None = None


class EraseIn(_Request):
    requested_by: PersonIn | None = None
