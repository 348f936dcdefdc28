"""The port that every provider module fills: verify and read what it calls back, send, and ask."""

from collections.abc import Container
from datetime import datetime
from typing import Any, ClassVar, Protocol, runtime_checkable
from uuid import UUID

import httpx
import msgspec

from domain.reports import BuyerResponse
from domain.status import Status
from domain.values import Actor, Channel, HandedMessage, Role


class ProviderError(Exception):
    """The provider's message cannot be used."""


class BadSignatureError(ProviderError):
    """The request is not signed by the provider. `missing` is True where there is no signature at all."""

    def __init__(self, detail: str, *, missing: bool = False) -> None:
        super().__init__(detail)
        self.missing = missing


class UnreadableError(ProviderError):
    """The request can never be read as this provider's webhook."""


class MisconfiguredError(ProviderError):
    """The connection lacks a setting; the text names it and says where to find it."""


class InvalidAddressError(ProviderError):
    """Nothing can be sent to this address over this channel; the text says why without repeating it."""


class RawRequest(msgspec.Struct, frozen=True, gc=False):
    """A provider's HTTP request as it came in: header names in lower case, `body` the exact bytes."""

    url: str
    headers: dict[str, str]
    body: bytes
    received_at: datetime
    method: str = "POST"


class RawAnswer(msgspec.Struct, frozen=True):
    """An HTTP answer of a provider's API: header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Need(msgspec.Struct, frozen=True):
    """One thing that a connection must or may be told; `where` says in one line where to find it."""

    name: str
    where: str
    secret: bool = False
    required: bool = True
    default: str | None = None


class Connection(msgspec.Struct, frozen=True):
    """One tenant's account at one provider. `settings` are public, `secrets` opened from their sealed form."""

    id: UUID
    tenant_id: UUID
    provider: str
    channel: Channel
    name: str = ""
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    open_tracking: bool = False

    def setting(self, name: str, default: str | None = None) -> str:
        """A public setting. Raises MisconfiguredError if there is neither it nor a default."""
        value = self.settings.get(name, default)
        if value in (None, ""):
            raise MisconfiguredError(f"connection {self.id}: setting '{name}' is missing")
        return str(value)

    def secret(self, name: str) -> str:
        """A secret. Raises MisconfiguredError if it is missing or empty."""
        value = self.secrets.get(name)
        if not value:
            raise MisconfiguredError(f"connection {self.id}: secret '{name}' is missing or empty")
        return value


class ProviderReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One (message, recipient, occurrence) in our words. `event_id` is the same on every repetition.

    `status` None: nobody mapped the provider's word. `ignored`: kept and shown, never counts. `occurred_at`
    None: the provider has no clock, the intake's time is used. `attempt_id`: what we gave and it echoed.
    `request_id`: the provider's id of the webhook that told it, where that is another than the event's. `settles`: the
    answer of a buyer after which, in this network, only the payment of what was accepted counts.
    """

    event_id: str
    provider_event: str
    status: Status | None = None
    reason: str | None = None
    message_id: str | None = None
    recipient: str | None = None
    occurred_at: datetime | None = None
    diagnostic: str | None = None
    diagnostic_code: str | None = None
    actor: Actor | None = None
    buyer_response: BuyerResponse | None = None
    settles: bool = False
    ignored: bool = False
    is_open: bool = False
    attempt_id: str | None = None
    request_id: str | None = None


class OutgoingRecipient(msgspec.Struct, frozen=True):
    number: int
    address: str
    name: str | None = None
    role: Role = Role.TO


class Attachment(msgspec.Struct, frozen=True):
    filename: str
    content_type: str
    content: bytes


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One try, opened: everything the provider needs. `callback_url` is where it reports."""

    attempt_id: str
    number: int
    recipients: list[OutgoingRecipient]
    subject: str = ""
    text: str = ""
    attachments: list[Attachment] = []
    language: str | None = None
    callback_url: str | None = None


class Refused(msgspec.Struct, frozen=True):
    """Not taken, for good. `status` is `rejected` or `failed`."""

    reason: str
    detail: str
    status: Status = Status.REJECTED


class Taken(msgspec.Struct, frozen=True):
    """The provider took it, under these ids, for all recipients but those (by number) that it refused."""

    messages: list[HandedMessage]
    refused: list[tuple[int, Refused]] = []


class TryLater(msgspec.Struct, frozen=True):
    """Documented as not taken; `after` is the provider's wish in seconds, if it said one."""

    reason: str
    detail: str
    after: float | None = None


class Unknown(msgspec.Struct, frozen=True):
    """The call was made and its answer is lost: it may have been taken."""

    detail: str


Answer = Taken | Refused | TryLater | Unknown


class Lookup(msgspec.Struct, frozen=True):
    """What is asked about: the message id if we have one, else the attempt as it was sent.

    `known`: message ids that are already spoken for, by another attempt or another try; a search without a message
    id never claims those, and only asks `in` about candidates. `text`: what was sent, to tell one message to the same
    address from the next.
    """

    attempt_id: str
    message_id: str | None = None
    address: str | None = None
    sent_at: datetime | None = None
    known: Container[str] = frozenset()
    text: str | None = None


class Provider(Protocol):
    """A provider module's object: safe to share between threads. What it remembers, it can forget."""

    name: ClassVar[str]
    channel: ClassVar[Channel]
    signs: ClassVar[bool]
    """Whether its webhooks carry a signature; where not, `verify` checks the shared secret in the URL or header."""
    one_by_one: ClassVar[bool]
    """Whether each recipient takes a call of its own (SMS, post)."""
    can_ask: ClassVar[bool]
    sends: ClassVar[bool]
    """Whether we can send over it; where not, its webhooks alone are read."""
    needs: ClassVar[list[Need]]
    webhook_key: ClassVar[str | None]
    """The secret that its webhooks are verified with; None where it sends none."""

    def verify(self, request: RawRequest, connection: Connection) -> None:
        """Raises BadSignatureError or MisconfiguredError."""

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        """Pure. Raises UnreadableError for what is not this provider's webhook."""

    def read_answer(self, answer: RawAnswer) -> list[ProviderReport]:
        """Pure: what an answer of its API says, to a send or to a pull. Raises UnreadableError."""

    def send(self, outgoing: Outgoing, connection: Connection, http: httpx.Client) -> Answer:
        """One call, or one conversation. Never raises: what a connection lacks is Refused as misconfigured."""

    def status(self, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
        """Ask what became of a message (pull); nothing if it is not known there.

        Raises httpx.HTTPError if it cannot be asked now, MisconfiguredError.
        """


def is_pull_only(provider: Provider) -> bool:
    """Whether only asking tells the end (`pull_only = True` on its class): it never calls, or not about that."""
    return bool(getattr(provider, "pull_only", False))


def checks_slowly(provider: Provider) -> bool:
    """Whether `verify` may have to fetch something (`checks_slowly = True` on its class) instead of only computing."""
    return bool(getattr(provider, "checks_slowly", False))


class Confirmation(msgspec.Struct, frozen=True):
    """`url` is to be fetched (GET) so that the provider goes on calling; its host was checked to be the provider's."""

    url: str


@runtime_checkable
class Confirms(Protocol):
    """A provider that asks us, in a webhook, to confirm that it may call."""

    def confirmation(self, request: RawRequest) -> Confirmation | None:
        """Pure. None for a request that asks for nothing of the kind. `request` must have been verified."""


class CalledBack(msgspec.Struct, frozen=True):
    """It will not go out; the provider's own report of that comes later."""


class TooLate(msgspec.Struct, frozen=True):
    """It can no longer be called back; `detail` are the provider's words."""

    detail: str


CallBackAnswer = CalledBack | TooLate | Refused | TryLater | Unknown


@runtime_checkable
class CallsBack(Protocol):
    """A provider that can stop what it has taken, as long as it did not go out."""

    def call_back(self, message_id: str, connection: Connection, http: httpx.Client) -> CallBackAnswer:
        """Safe to repeat: what was called back before is so again. Never raises."""


@runtime_checkable
class ReadsSettings(Protocol):
    """A provider whose webhooks mean what the connection's settings say."""

    def configured_reports(self, request: RawRequest, connection: Connection) -> list[ProviderReport]:
        """Pure, as `reports`. Raises UnreadableError."""


@runtime_checkable
class TrustsAddresses(Protocol):
    """A provider whose webhooks name the address of the key that signs them."""

    def trusts(self, url: str) -> bool: ...
