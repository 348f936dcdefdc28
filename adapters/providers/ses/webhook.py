"""SES events as SNS delivers them: one event a request, about one or several recipients.

`eventType` comes from a configuration set, `notificationType` from an identity's feedback settings.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from adapters.providers import meaning
from adapters.providers.meaning import Meaning
from adapters.providers.port import ProviderReport, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, enhanced_code, in_short, load_json, moment, text
from adapters.providers.ses.bounces import bounce, complaint
from adapters.providers.ses.envelope import CONFIRMATION, UNSUBSCRIBED, envelope

TAG, HEADER = "attempt_id", "x-sendtrail-attempt"
"""Where our attempt id is: the message's tag, or where events carry no tags, its header."""

Part = dict[str, Any]


class Kind(NamedTuple):
    """`part` of the event that tells more, and where that lists whom it is about."""

    meaning: Meaning
    part: str
    listed: str | None = None


KINDS: dict[str, Kind] = {
    "send": Kind(meaning.PROCESSING, "send"),
    "delivery": Kind(meaning.DELIVERED, "delivery", "recipients"),
    "deliverydelay": Kind(meaning.DEFERRED, "deliveryDelay", "delayedRecipients"),
    "bounce": Kind(meaning.failed("hard_bounce"), "bounce", "bouncedRecipients"),
    "complaint": Kind(meaning.COMPLAINED, "complaint", "complainedRecipients"),
    "reject": Kind(meaning.rejected("validation"), "reject"),
    "renderingfailure": Kind(meaning.failed("validation"), "failure"),
    "open": Kind(meaning.OPENED, "open"),
    "click": Kind(meaning.OPENED, "click"),
    "subscription": Kind(meaning.OPTED_OUT, "subscription"),
    "received": Kind(meaning.IGNORED, "receipt"),
}
_UNKNOWN = Kind(meaning.IGNORED, "")
_WORDS = (
    "smtpResponse", "reason", "errorMessage", "templateName", "delayType", "bounceType", "bounceSubType",
    "complaintSubType", "complaintFeedbackType", "reportingMTA", "remoteMtaIp", "link", "userAgent",
)  # fmt: skip
_FAR = timedelta(days=1)


def reports(body: bytes) -> list[ProviderReport]:
    """Raises UnreadableError. A request to confirm a subscription reports nothing, nor does SES's own test text."""
    told = envelope(body)
    if "Type" not in told and ("eventType" in told or "notificationType" in told):
        return _reports(told, digest(told), None)
    kind, said = told.get("Type"), told.get("Message")
    if kind in (CONFIRMATION, UNSUBSCRIBED):
        return []
    if kind != "Notification" or not isinstance(said, str):
        raise UnreadableError("not an SNS notification")
    name = text(told.get("MessageId"), ID_LIMIT - 10) or digest(said)
    try:
        event = load_json(said.encode(errors="surrogatepass"))
    except UnreadableError:
        return []
    if not isinstance(event, dict):
        raise UnreadableError("the notification is not about an e-mail")
    return _reports(event, name, moment(told.get("Timestamp")))


def _reports(event: Part, name: str, published: datetime | None) -> list[ProviderReport]:
    word = text(event.get("eventType"), ID_LIMIT) or text(event.get("notificationType"), ID_LIMIT)
    mail = _part(event.get("mail"))
    if word is None:
        said = in_short(event)
        return [ProviderReport(event_id=name, provider_event="malformed", diagnostic=said, ignored=True)]
    kind = KINDS.get(word.replace(" ", "").lower(), _UNKNOWN)
    part = _part(event.get(kind.part))
    found = {
        "provider_event": word,
        "message_id": text(mail.get("messageId"), ID_LIMIT),
        "occurred_at": _at(part, mail, published),
        "attempt_id": _attempt(mail),
    }
    return [
        _report(kind, part, {**found, "event_id": name if n == 0 else f"{name}.{n}", "recipient": address}, more)
        for n, (address, more) in enumerate(_people(kind, part, mail))
    ]


def _report(kind: Kind, part: Part, said: dict[str, Any], more: Part) -> ProviderReport:
    told = kind.meaning
    words = _words(part, more)
    code = enhanced_code(text(more.get("status")), words)
    if kind.part == "bounce":
        told = bounce(part, code)
    elif kind.part == "complaint":
        told = complaint(part)
    elif kind.part == "subscription" and not _unsubscribed(part):
        told = meaning.IGNORED
    return meaning.report(told, **said, diagnostic=words, diagnostic_code=code)


def _people(kind: Kind, part: Part, mail: Part) -> list[tuple[str | None, Part]]:
    """Whom it is about, each with what is said of them alone. Several of whom one opened it: nobody knows who."""
    listed = _listed(part.get(kind.listed)) if kind.listed else []
    found: dict[str, Part] = {}
    for entry in listed or _listed(mail.get("destination")):
        more = _part(entry)
        if address := text(more.get("emailAddress") if more else entry, ID_LIMIT + 65):
            found.setdefault(address, more)
    unnamed = kind.meaning.is_open or kind is _UNKNOWN
    if not found or (unnamed and len(found) > 1):
        return [(None, {})]
    return list(found.items())


def _at(part: Part, mail: Part, published: datetime | None) -> datetime | None:
    """The event's own clock. Where that is far from when SNS published it, it is no clock to go by."""
    own = moment(part.get("timestamp")) or moment(part.get("arrivalDate"))
    own = own or (None if published else moment(mail.get("timestamp")))
    return published if own is None or (published and abs(published - own) > _FAR) else own


def _attempt(mail: Part) -> str | None:
    tags = _part(mail.get("tags")).get(TAG)
    headers = [_part(one) for one in _listed(mail.get("headers"))]
    in_headers = [one.get("value") for one in headers if str(one.get("name")).lower() == HEADER]
    echoed = [*(_listed(tags) or [tags]), *in_headers]
    return next((found for value in echoed if (found := attempt_id(value))), None)


def _unsubscribed(part: Part) -> bool:
    """From everything, or from a topic that it was subscribed to."""
    new, old = _part(part.get("newTopicPreferences")), _part(part.get("oldTopicPreferences"))
    return new.get("unsubscribeAll") is True or _topics(new, "OptOut") > _topics(old, "OptOut")


def _topics(preferences: Part, status: str) -> int:
    listed = _listed(preferences.get("topicSubscriptionStatus"))
    return sum(_part(one).get("subscriptionStatus") == status for one in listed)


def _words(part: Part, more: Part) -> str | None:
    """All that SES and the mail server said, whole."""
    said = [text(more.get("diagnosticCode")), *(text(part.get(name)) for name in _WORDS)]
    return "\n".join(dict.fromkeys(s for s in said if s)) or None


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _part(value: object) -> Part:
    return value if isinstance(value, dict) else {}
