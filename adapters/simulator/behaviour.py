"""How a recipient behaves: by the local part of an e-mail address, the last four digits of a number, a line `c/o`."""

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Channel(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    PARTICIPANT = "participant"
    POST = "post"


class Event(StrEnum):
    """What can happen to a message, in words of no provider; each side puts it in its own."""

    SENT = "sent"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    OPENED = "opened"
    MACHINE_OPENED = "machine_opened"
    CLICKED = "clicked"
    READ = "read"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    ORPHAN_BOUNCED = "orphan_bounced"
    MAILBOX_FULL = "mailbox_full"
    BLOCKED = "blocked"
    DROPPED = "dropped"
    UNREACHABLE = "unreachable"
    CARRIER_BLOCKED = "carrier_blocked"
    UNKNOWN_NUMBER = "unknown_number"
    LANDLINE = "landline"
    FILTERED = "filtered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    NETWORK_REJECTED = "network_rejected"
    IN_PROCESS = "in_process"
    UNDER_QUERY = "under_query"
    CONDITIONALLY_ACCEPTED = "conditionally_accepted"
    ACCEPTED = "accepted"
    BUYER_REJECTED = "buyer_rejected"
    PAID = "paid"
    MISDIRECTED = "misdirected"
    CANCELLED = "cancelled"


class Reply(StrEnum):
    """How the call that sends is answered, and whether the message was taken."""

    TAKEN = "taken"
    EAGER = "eager"
    """Taken, but the answer waits until the webhooks were called."""
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    OUTAGE = "outage"
    CRASH = "crash"
    """An error 500 although the message was taken."""
    TIMEOUT = "timeout"
    """Taken, and never answered."""
    VANISHED = "vanished"
    """Neither taken nor answered."""

    @property
    def takes(self) -> bool:
        return self in (Reply.TAKEN, Reply.EAGER, Reply.CRASH, Reply.TIMEOUT)

    @property
    def hangs(self) -> bool:
        return self in (Reply.TIMEOUT, Reply.VANISHED)


class Telling(StrEnum):
    """How what happened is called back."""

    NORMAL = "normal"
    TWICE = "twice"
    SHUFFLED = "shuffled"
    """One webhook per event, the last event first."""
    LATE = "late"
    LOST = "lost"
    """Only the first event is told."""
    NONE = "none"


class Behaviour(msgspec.Struct, frozen=True):
    """`name`: the local part, the four digits or the word after `c/o`. `later`: after the setting `late`, or when told.

    `refusal` says why where the reply is a refusal; each side has its own code for it.
    """

    name: str
    about: str
    happens: tuple[Event, ...] = (Event.SENT, Event.DELIVERED)
    later: tuple[Event, ...] = ()
    reply: Reply = Reply.TAKEN
    telling: Telling = Telling.NORMAL
    refusal: str = "invalid"


NORMAL = Behaviour("anything else", "delivered")


def _by_name(rows: Iterable[Behaviour]) -> dict[str, Behaviour]:
    return {row.name: row for row in rows}


def _email_rows() -> Iterable[Behaviour]:
    sent, delivered = Event.SENT, Event.DELIVERED
    return (
        Behaviour("bounce", "hard bounce: no such mailbox", (sent, Event.BOUNCED)),
        Behaviour("full", "the mailbox is full", (sent, Event.MAILBOX_FULL)),
        Behaviour("blocked", "the receiving server refuses by policy", (sent, Event.BLOCKED)),
        Behaviour("dropped", "taken, then not tried: the address is on the provider's list", (Event.DROPPED,)),
        Behaviour("deferred", "deferred once, then delivered", (sent, Event.DEFERRED, delivered)),
        Behaviour("spam", "delivered, then marked as spam", (sent, delivered, Event.COMPLAINED)),
        Behaviour("opens", "delivered and opened by a person", (sent, delivered, Event.OPENED)),
        Behaviour(
            "machine", "delivered and opened by a machine (proxy, scanner)", (sent, delivered, Event.MACHINE_OPENED)
        ),
        Behaviour("clicks", "delivered, opened, a link clicked", (sent, delivered, Event.OPENED, Event.CLICKED)),
        Behaviour("unsubscribes", "delivered, then unsubscribed", (sent, delivered, Event.UNSUBSCRIBED)),
        Behaviour("late-bounce", "delivered, a bounce later", later=(Event.BOUNCED,)),
        Behaviour("orphan-bounce", "delivered, later a bounce without message id", later=(Event.ORPHAN_BOUNCED,)),
        Behaviour("refused", "400: the call is refused", reply=Reply.REFUSED),
        *_misbehaviours("ratelimited", "outage", "crash", "timeout", "hidden", "vanished"),
        *_tellings("eager", "silent", "lost", "late", "twice", "shuffled"),
    )


def _phone_rows() -> Iterable[Behaviour]:
    sent = Event.SENT
    return (
        Behaviour("3001", "failed: the queue overflows (30001)", (Event.FAILED,)),
        Behaviour("3003", "undelivered: handset switched off or out of reach (30003)", (sent, Event.UNREACHABLE)),
        Behaviour("3004", "undelivered: blocked (30004)", (sent, Event.CARRIER_BLOCKED)),
        Behaviour("3005", "undelivered: no such number (30005)", (sent, Event.UNKNOWN_NUMBER)),
        Behaviour("3006", "undelivered: a landline (30006)", (sent, Event.LANDLINE)),
        Behaviour("3007", "undelivered: filtered by the carrier (30007)", (sent, Event.FILTERED)),
        Behaviour("3008", "undelivered: reason unknown (30008)", (sent, Event.UNDELIVERED)),
        Behaviour(
            "3033", "undelivered (30003), later delivered after all", (sent, Event.UNREACHABLE), (Event.DELIVERED,)
        ),
        Behaviour("5555", "stays at sent: the carrier never confirms", (sent,)),
        Behaviour("8888", "delivered and read (WhatsApp, RCS)", (sent, Event.DELIVERED, Event.READ)),
        Behaviour("1211", "400, code 21211: not a phone number", reply=Reply.REFUSED),
        Behaviour("1408", "400, code 21408: no permission for the region", reply=Reply.REFUSED, refusal="region"),
        Behaviour("1610", "400, code 21610: the recipient replied STOP", reply=Reply.REFUSED, refusal="opted_out"),
        Behaviour("1614", "400, code 21614: not a mobile number", reply=Reply.REFUSED, refusal="not_mobile"),
        *_misbehaviours("0429", "0500", "0501", "0408", "0409", "0410"),
        *_tellings("0425", "0404", "0405", "7777", "2222", "4321"),
    )


def _participant_rows() -> Iterable[Behaviour]:
    sent, delivered, in_process = Event.SENT, Event.DELIVERED, Event.IN_PROCESS
    return (
        Behaviour("1001", "delivered, then in process at the buyer", (sent, delivered, in_process)),
        Behaviour("1002", "delivered; the buyer asks for something, later accepts",
                  (sent, delivered, Event.UNDER_QUERY), (Event.ACCEPTED,)),
        Behaviour("1003", "delivered, accepted on conditions", (sent, delivered, Event.CONDITIONALLY_ACCEPTED)),
        Behaviour("1004", "delivered, rejected by the buyer", (sent, delivered, Event.BUYER_REJECTED)),
        Behaviour("1005", "delivered, accepted", (sent, delivered, Event.ACCEPTED)),
        Behaviour("1006", "delivered, accepted, later paid", (sent, delivered, Event.ACCEPTED), (Event.PAID,)),
        Behaviour("1007", "delivered; the buyer answers later: in process, accepted, paid",
                  (sent, delivered), (in_process, Event.ACCEPTED, Event.PAID)),
        Behaviour("2001", "sent, then refused by the network as invalid", (sent, Event.NETWORK_REJECTED)),
        Behaviour("2002", "the first try fails, the next delivers", (Event.DEFERRED, sent, delivered)),
        Behaviour("2003", "every try fails: given up", (Event.FAILED,)),
        Behaviour("5555", "stays at sent: no answer ever comes", (sent,)),
        Behaviour("4004", "not registered in the network", reply=Reply.REFUSED, refusal="not_registered"),
        Behaviour("4022", "the document is refused as invalid", reply=Reply.REFUSED),
        *_misbehaviours("0429", "0500", "0501", "0408", "0409", "0410"),
        *_tellings("0425", "0404", "0405", "7777", "2222", "4321"),
    )  # fmt: skip


def _post_rows() -> Iterable[Behaviour]:
    sent, delivered, back = Event.SENT, Event.DELIVERED, Event.UNDELIVERED
    return (
        Behaviour("returned", "sent, then it comes back with a corrected address", (sent, back)),
        Behaviour("late-return", "sent and delivered, comes back later", later=(back,)),
        Behaviour("unprintable", "the print centre refuses it", (Event.FAILED,)),
        Behaviour("inspected", "taken, then its content is refused", (Event.DROPPED,)),
        Behaviour("abroad", "taken, then its country is refused", (Event.BLOCKED,)),
        Behaviour("unpaid", "waits for funds, then sent and delivered", (Event.DEFERRED, sent, delivered)),
        Behaviour("refused", "422: the call is refused", reply=Reply.REFUSED),
        *_misbehaviours("ratelimited", "outage", "crash", "timeout", "hidden", "vanished"),
        *_tellings("eager", "silent", "lost", "late", "twice", "shuffled"),
    )


def _misbehaviours(limited: str, outage: str, crash: str, timeout: str, hidden: str, vanished: str) -> list[Behaviour]:
    return [
        Behaviour(limited, "429 the first times (with the time to wait), then taken", reply=Reply.RATE_LIMITED),
        Behaviour(outage, "500: not taken", reply=Reply.OUTAGE),
        Behaviour(crash, "500, although taken and delivered", reply=Reply.CRASH),
        Behaviour(
            timeout, "taken and delivered, but never answered: the connection hangs, then is cut", reply=Reply.TIMEOUT
        ),
        Behaviour(
            hidden, "the same, and no webhook ever: only asking tells", reply=Reply.TIMEOUT, telling=Telling.NONE
        ),
        Behaviour(vanished, "never answered and not taken", reply=Reply.VANISHED),
    ]


def _tellings(eager: str, silent: str, lost: str, late: str, twice: str, shuffled: str) -> list[Behaviour]:
    return [
        Behaviour(eager, "delivered; the webhooks come before the answer to the send", reply=Reply.EAGER),
        Behaviour(silent, "delivered; no webhook ever, asking tells", telling=Telling.NONE),
        Behaviour(lost, "delivered; every webhook after the first is lost", telling=Telling.LOST),
        Behaviour(late, "delivered; the webhooks come late", telling=Telling.LATE),
        Behaviour(twice, "delivered; each webhook comes twice", telling=Telling.TWICE),
        Behaviour(shuffled, "delivered; the webhooks come in the wrong order", telling=Telling.SHUFFLED),
    ]


TABLES: dict[Channel, dict[str, Behaviour]] = {
    Channel.EMAIL: _by_name(_email_rows()),
    Channel.PHONE: _by_name(_phone_rows()),
    Channel.PARTICIPANT: _by_name(_participant_rows()),
    Channel.POST: _by_name(_post_rows()),
}


def find(channel: Channel, address: str) -> Behaviour:
    """`bounce+anything@anywhere` behaves as `bounce`; `+32 470 12 30 03` as `3003`; `Ada, c/o Returned, ...` so."""
    if channel is Channel.EMAIL:
        name = address.rpartition("@")[0].partition("+")[0].lower()
    elif channel is Channel.POST:
        care_of = re.search(r"\bc/o\s+([a-z-]+)", address.lower())
        name = care_of[1] if care_of else ""
    else:
        name = re.sub(r"\D", "", address)[-4:]
    return TABLES[channel].get(name, NORMAL)


def named(channel: Channel, name: str) -> Behaviour | None:
    """The row of that name, of the other table too where it is about the call and not about the recipient."""
    if own := TABLES[channel].get(name):
        return own
    others = (table[name] for table in TABLES.values() if name in table)
    return next((row for row in others if {*row.happens, *row.later} <= {Event.SENT, Event.DELIVERED}), None)
