"""Status callbacks: one form per status, signed with the account's token over the URL and the form."""

from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode
from uuid import NAMESPACE_URL, uuid5

import msgspec

from adapters.simulator.behaviour import Event
from adapters.simulator.config import Account, Config
from adapters.simulator.messages import Told
from adapters.simulator.side import ANY_FAILURE, Call, Patience
from adapters.simulator.signing import twilio

MOST_RETRIES = 5


class Word(msgspec.Struct, frozen=True):
    status: str
    code: int | None = None
    text: str | None = None


WORDS: Mapping[Event, Word] = {
    Event.SENT: Word("sent"),
    Event.DELIVERED: Word("delivered"),
    Event.READ: Word("read"),
    Event.FAILED: Word("failed", 30001, "Queue overflow"),
    Event.UNREACHABLE: Word("undelivered", 30003, "Unreachable destination handset"),
    Event.CARRIER_BLOCKED: Word("undelivered", 30004, "Message blocked"),
    Event.UNKNOWN_NUMBER: Word("undelivered", 30005, "Unknown destination handset"),
    Event.LANDLINE: Word("undelivered", 30006, "Landline or unreachable carrier"),
    Event.FILTERED: Word("undelivered", 30007, "Message filtered"),
    Event.UNDELIVERED: Word("undelivered", 30008, "Unknown error"),
}


def form(told: Told) -> dict[str, str]:
    message, word = told.message, WORDS[told.occurrence.event]
    fields = {
        "ApiVersion": "2010-04-01",
        "SmsSid": message.id,
        "SmsStatus": word.status,
        "MessageSid": message.id,
        "MessageStatus": word.status,
        "To": message.address,
        "AccountSid": message.account,
    }
    if message.sender:
        fields["From"] = message.sender
    if service := message.arguments.get("MessagingServiceSid"):
        fields["MessagingServiceSid"] = service
    if word.status in ("delivered", "undelivered"):
        fields["RawDlrDoneDate"] = told.occurrence.at.strftime("%y%m%d%H%M")
    if word.code and word.text:
        fields |= {"ErrorCode": str(word.code), "ErrorMessage": word.text}
    return fields | told.occurrence.fields


class StatusCallback:
    """The part of Twilio that calls back."""

    batch: ClassVar[int] = 1

    def __init__(self, config: Config) -> None:
        self.config = config

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:
        fields, url = form(told[0]), url.partition("#")[0]
        # The token is the same whenever this occurrence is told, as it is on Twilio's own retries.
        token = uuid5(NAMESPACE_URL, f"{told[0].message.id}/{told[0].occurrence.number}")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "I-Twilio-Idempotency-Token": str(token),
            "X-Twilio-Signature": twilio(account.token, url, fields),
        }
        return Call(url, headers, urlencode(fields).encode())

    def patience(self, url: str) -> Patience:
        """One more try if the connection fails; the fragment asks for others: `#rc=5&rp=5xx,ct,rt`."""
        asked = dict(parse_qsl(url.partition("#")[2]))
        count = min(int(asked["rc"]), MOST_RETRIES) if asked.get("rc", "").isdecimal() else 1
        policy = frozenset(asked.get("rp", "ct").split(","))
        return Patience(self.config.retries[:count], ANY_FAILURE if "all" in policy else policy)
