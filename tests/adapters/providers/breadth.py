"""What else each provider's webhooks can be like: several events, several people, other zones, an age. Or why not."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree as ET

from tests.adapters.providers import kit_webhook_only as web
from tests.adapters.providers.kit import NOON_UNIX, sendgrid_event, sendgrid_events
from tests.adapters.providers.kit_france import acknowledgement, flow, message, reference
from tests.adapters.providers.kit_mailgun import event as mailgun_event
from tests.adapters.providers.kit_peppol import (
    INVOICE_RESPONSE,
    NUMBER,
    answer,
    application_response,
    recommand_body,
    storecove_body,
)
from tests.adapters.providers.kit_pingen import NOON_THERE
from tests.adapters.providers.kit_pingen import hook as pingen_hook
from tests.adapters.providers.kit_postmark import record
from tests.adapters.providers.kit_resend import event as resend_event
from tests.adapters.providers.kit_ses import event as ses_event
from tests.adapters.providers.kit_ses import sns
from tests.adapters.providers.kit_standard_webhooks import event as standard_event

EAST, WEST = "2026-01-15T14:00:00+02:00", "2026-01-15T07:00:00.0000000-05:00"
"""Noon in UTC, as it is written elsewhere."""
PEOPLE = ["ap@payer.example", "boss@payer.example"]
PARTS = ("noons", "many", "several", "tolerance")


@dataclass(frozen=True)
class Breadth:
    """`noons`: bodies that say 12:00 UTC in other words. `many`: one request with several events, and their words.
    `several`: one event about PEOPLE. `tolerance`: seconds between signing and coming in. `why`: for each part that
    there is none of, the reason.
    """

    noons: tuple[bytes, ...] = ()
    many: tuple[bytes, list[str]] | None = None
    several: bytes | None = None
    tolerance: int | None = None
    why: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


ONE_EACH = {"many": "a request has one event", "several": "an event is about one recipient"}
UNDATED = {"tolerance": "no time is signed"}
PASSWORD = {"tolerance": "a password has no age"}
ONE_RECIPIENT = {"several": "an event is about one recipient"}


def written(told: Any) -> bytes:
    return json.dumps(told).encode()


def sns_bounce() -> bytes:
    listed = [{"emailAddress": one, "status": "5.1.1"} for one in PEOPLE]
    said = {"bounceType": "Permanent", "bounceSubType": "General", "timestamp": EAST, "bouncedRecipients": listed}
    return written(sns(json.dumps(ses_event("Bounce", said))))


_PEPPOL = Breadth(
    noons=tuple(
        application_response(answer("AP"), time=time) for time in ("13:00:00+01:00", "12:00:00", "12:00:00.0Z")
    ),
    many=(
        application_response(answer("AP", NUMBER), answer("PD", f"{NUMBER}-2"), kind=INVOICE_RESPONSE),
        ["invoice_response:AP", "invoice_response:PD"],
    ),
    why={"several": "an answer is one party's"} | PASSWORD,
)
BREADTH: dict[str, Breadth] = {
    "sendgrid": Breadth(
        noons=tuple(sendgrid_events(sendgrid_event(timestamp=t)) for t in (str(NOON_UNIX), float(NOON_UNIX))),
        many=(
            sendgrid_events(*map(sendgrid_event, ("processed", "delivered", "open"))),
            ["processed", "delivered", "open"],
        ),
        why=ONE_RECIPIENT | {"tolerance": "none is prescribed, and nobody says that retries are signed anew"},
    ),
    "twilio": Breadth(why=ONE_EACH | UNDATED | {"noons": "no time is told"}),
    "ses": Breadth(
        noons=(written(sns(json.dumps(ses_event("Delivery", {"timestamp": EAST})))),),
        several=sns_bounce(),
        why={"many": "SNS delivers one event a request", "tolerance": "none is prescribed, and retries may come late"},
    ),
    "postmark": Breadth(noons=tuple(written(record(DeliveredAt=at)) for at in (EAST, WEST)), why=ONE_EACH | PASSWORD),
    "mailgun": Breadth(
        noons=tuple(written(mailgun_event(timestamp=at)) for at in (str(NOON_UNIX), NOON_UNIX, f"{NOON_UNIX}.000")),
        tolerance=900,
        settings={"max_age_seconds": "900"},
        why=ONE_EACH,
    ),
    "resend": Breadth(
        noons=tuple(written(resend_event() | {"created_at": at}) for at in (EAST, "2026-01-15 12:00:00.000000+00")),
        tolerance=300,
        why={"many": "a request has one event", "several": "of several recipients nobody knows who it is about"},
    ),
    "standard_webhooks": Breadth(
        noons=tuple(written(standard_event() | {"timestamp": at}) for at in (EAST, WEST, str(NOON_UNIX))),
        several=written(standard_event(recipient=PEOPLE)),
        tolerance=300,
        why={"many": "only where a connection says where its events stand"},
    ),
    "pingen": Breadth(
        noons=(written(pingen_hook("delivered", happened={"emitted_at": NOON_THERE})),), why=ONE_EACH | UNDATED
    ),
    "peppol": _PEPPOL,
    "phoss_ap": _PEPPOL,
    "storecove": Breadth(
        noons=(storecove_body(timestamp=EAST), storecove_body(created_at=WEST)),
        many=(b"[" + storecove_body("succeeded") + b"," + storecove_body("paid") + b"]", ["succeeded", "paid"]),
        why=ONE_RECIPIENT | PASSWORD,
    ),
    "recommand": Breadth(
        noons=(recommand_body(statusChangedAt=EAST), recommand_body(statusChangedAt=WEST)),
        many=(
            b"[" + recommand_body("pending") + b"," + recommand_body("delivered") + b"]",
            [f"document.delivery_status_changed:{word}" for word in ("pending", "delivered")],
        ),
        why=ONE_RECIPIENT | UNDATED,
    ),
    "afnor": Breadth(
        noons=tuple(written(flow(updatedAt=at)) for at in (EAST, WEST)),
        tolerance=300,
        why={"many": "a callback is one flow", "several": "a flow names no recipient"},
    ),
    "france-cdv": Breadth(
        noons=(message(acknowledgement(reference(), at="202601151300", form="203")),),
        many=(message(acknowledgement(reference("203"), reference("205", number="FA-2"))), ["203", "205"]),
        why={"several": "a message is to one buyer"} | PASSWORD,
    ),
    "brevo": Breadth(
        noons=(written(web.brevo_event(ts_epoch=NOON_UNIX * 1000.0, date="2026-01-15 06:00:00")),),
        many=(written([web.brevo_event("deferred"), web.brevo_event()]), ["deferred", "delivered"]),
        why=ONE_RECIPIENT | PASSWORD,
    ),
    "mailjet": Breadth(
        noons=(written(web.mailjet_event(time=str(NOON_UNIX))),),
        many=(written([web.mailjet_event("sent"), web.mailjet_event("open")]), ["sent", "open"]),
        why=ONE_RECIPIENT | PASSWORD,
    ),
    "sparkpost": Breadth(
        noons=tuple(web.sparkpost_body(web.sparkpost_event(timestamp=at)) for at in (NOON_UNIX, EAST)),
        many=(web.sparkpost_body(web.sparkpost_event("delay"), web.sparkpost_event()), ["delay", "delivery"]),
        why=ONE_RECIPIENT | PASSWORD,
    ),
    "mailersend": Breadth(
        noons=tuple(written(web.mailersend_event() | {"created_at": at}) for at in (EAST, WEST)), why=ONE_EACH | UNDATED
    ),
    "mailtrap": Breadth(
        noons=(written({"events": [web.mailtrap_event(timestamp=str(NOON_UNIX))]}),),
        many=(
            written({"events": [web.mailtrap_event("soft bounce"), web.mailtrap_event()]}),
            ["soft bounce", "delivery"],
        ),
        why=ONE_RECIPIENT | UNDATED,
    ),
    "mandrill": Breadth(
        noons=(web.mandrill_body(web.mandrill_event() | {"ts": float(NOON_UNIX)}),),
        many=(web.mandrill_body(web.mandrill_event("send"), web.mandrill_event("open")), ["send", "open"]),
        why=ONE_RECIPIENT | UNDATED,
    ),
    "postal": Breadth(
        noons=tuple(written(web.postal_event() | {"timestamp": at}) for at in (NOON_UNIX, str(NOON_UNIX))),
        why=ONE_EACH | UNDATED,
    ),
    "unisender_go": Breadth(
        noons=(web.unisender_body(web.unisender_event(event_time=EAST)),),
        many=(web.unisender_body(web.unisender_event("sent"), web.unisender_event()), ["sent", "delivered"]),
        why=ONE_RECIPIENT | UNDATED,
    ),
}


def without_each(body: bytes) -> Iterator[bytes]:
    """The body again and again, each time without one of its fields, wherever it stands: JSON, XML or a form."""
    if body.lstrip().startswith(b"<"):
        yield from _xml_without(body)
    elif body.lstrip()[:1] in (b"{", b"["):
        told = json.loads(body)
        yield from (written(_dropped(told, path)) for path in _paths(told))
    else:
        fields = parse_qsl(body.decode(), keep_blank_values=True)
        yield from (urlencode(fields[:n] + fields[n + 1 :]).encode() for n in range(len(fields)))


def _paths(told: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    for name, value in inner:
        yield (*path, name)
        yield from _paths(value, (*path, name))


def _dropped(told: Any, path: tuple[Any, ...]) -> Any:
    if isinstance(told, list):
        kept = enumerate(told)
        return [_dropped(v, path[1:]) if n == path[0] else v for n, v in kept if n != path[0] or len(path) > 1]
    return {n: _dropped(v, path[1:]) if n == path[0] else v for n, v in told.items() if n != path[0] or len(path) > 1}


def _xml_without(body: bytes) -> Iterator[bytes]:
    count = len(list(ET.fromstring(body).iter()))
    for n in range(1, count):
        root = ET.fromstring(body)
        gone = list(root.iter())[n]
        next(parent for parent in root.iter() if gone in list(parent)).remove(gone)
        yield ET.tostring(root)
