"""What mail APIs that take one letter a call have in common: who calls, what is taken, how it is answered."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from adapters.simulator.behaviour import Channel, Event, Reply
from adapters.simulator.config import Account
from adapters.simulator.messages import Message, Told
from adapters.simulator.side import Call, Patience
from adapters.simulator.web import BodyTooLargeError, body_of, hang
from adapters.simulator.world import World

OPENS = frozenset({Event.OPENED, Event.MACHINE_OPENED})


class Letter(msgspec.Struct, frozen=True):
    """A call that sends, understood. `arguments` come back in the webhooks."""

    sender: str
    recipients: list[str]
    subject: str = ""
    text: str = ""
    arguments: dict[str, str] = {}
    silenced: frozenset[Event] = frozenset()
    request: Any = None


class LetterSide(ABC):
    """A message id here is shared by all recipients of a call, as most providers have it."""

    name: ClassVar[str]
    channel: ClassVar[Channel] = Channel.EMAIL
    batch: ClassVar[int] = 1
    words: ClassVar[Mapping[Event, Any]]

    def __init__(self, world: World) -> None:
        self.world = world

    @abstractmethod
    def account(self, request: Request, body: bytes) -> Account | Response: ...

    @abstractmethod
    def read(self, body: bytes, request: Request) -> Letter | Response:
        """What is asked, or what it is refused with."""

    @abstractmethod
    def new_id(self) -> str: ...

    @abstractmethod
    def taken(self, messages: Sequence[Message]) -> Response: ...

    @abstractmethod
    def problem(self, reply: Reply, headers: Mapping[str, str]) -> Response:
        """To a call that is refused, rate-limited or fails."""

    @abstractmethod
    def too_large(self) -> Response: ...

    @abstractmethod
    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call: ...

    def patience(self, url: str) -> Patience:  # noqa: ARG002  # the same for every address
        return Patience(self.world.config.retries)

    def repeated(self, request: Request, account: Account, letter: Letter) -> Response | None:  # noqa: ARG002
        """The answer to a call that was made before, where the provider knows such calls again."""
        return None

    def note(self, request: Request, account: Account, messages: Sequence[Message]) -> None:  # noqa: ARG002
        """Remember a call that was taken."""
        return

    async def send(self, request: Request) -> Response:
        try:
            body = await body_of(request, self.world.config.max_body)
        except BodyTooLargeError:
            return self.too_large()
        account = self.account(request, body)
        if isinstance(account, Response):
            return account
        letter = self.read(body, request)
        if isinstance(letter, Response):
            return letter
        return self.repeated(request, account, letter) or await self._take(request, account, letter, len(body))

    async def _take(self, request: Request, account: Account, letter: Letter, size: int) -> Response:
        messages = self._messages(account, letter)
        plans = self.world.rules.plans(self.name, self.channel, letter.recipients)
        reply = await self.world.receive(messages, plans, size)
        if reply.takes:
            self.note(request, account, messages)
        if reply.hangs:
            return await hang(request, self.world.background, self.world.config.hang)
        response = self._reply(reply, messages)
        for message in messages:
            message.answer = response.status_code
        return response

    def _reply(self, reply: Reply, messages: Sequence[Message]) -> Response:
        if reply in (Reply.TAKEN, Reply.EAGER):
            return self.taken(messages)
        wait = {"Retry-After": str(self.world.config.retry_after)} if reply is Reply.RATE_LIMITED else {}
        return self.problem(reply, wait)

    def _messages(self, account: Account, letter: Letter) -> list[Message]:
        reference, at = self.new_id(), self.world.clock()
        return [
            Message(
                id=reference if number == 0 else f"{reference}-{number}",
                reference=reference,
                provider=self.name,
                account=account.key,
                address=address,
                sender=letter.sender,
                received_at=at,
                subject=letter.subject,
                text=letter.text,
                arguments=letter.arguments,
                silenced=letter.silenced,
                request=letter.request,
            )
            for number, address in enumerate(letter.recipients)
        ]

    def found(self, account: Account, reference: str) -> list[Message]:
        """The account's messages with this id that were taken."""
        wanted = (self.name, account.key, reference, True)
        kept = self.world.messages.newest()
        return [m for m in kept if (m.provider, m.account, m.reference, m.taken) == wanted][::-1]


def loaded(body: bytes) -> dict[str, Any] | None:
    try:
        told = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    return told if isinstance(told, dict) else None
