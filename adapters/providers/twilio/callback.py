"""Status callbacks: a form with one status of one message, without a time of its own and without an event id."""

from urllib.parse import parse_qs, parse_qsl, urlsplit

from adapters.providers.port import ProviderReport, RawRequest, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, text
from adapters.providers.twilio.statuses import error_code, meaning

ATTEMPT = "attempt_id"
"""The query parameter of the callback URL that carries our attempt id."""


def reports(request: RawRequest) -> list[ProviderReport]:
    """Raises UnreadableError."""
    fields = _fields(request.body)
    word = _word(fields)
    attempt = _attempt(request.url)
    sid, code = _first(fields, "MessageSid", "SmsSid"), error_code(fields.get("ErrorCode"))
    told = meaning(word, code)
    return [
        ProviderReport(
            event_id=event_id(sid or attempt or digest(*fields.items()), word, code, fields.get("RawDlrDoneDate")),
            provider_event=word,
            status=told.status,
            reason=told.reason,
            message_id=sid,
            recipient=text(fields.get("To"), ID_LIMIT),
            diagnostic=_words(fields),
            diagnostic_code=str(code) if code else None,
            actor=told.actor,
            ignored=told.status is None,
            attempt_id=attempt,
        )
    ]


def event_id(name: str | None, word: str, code: int | None, done: str | None = None) -> str:
    """The same for every repetition, and for the Message resource that says the same."""
    return digest(name, word.strip().lower(), code, done or None)


def _word(fields: dict[str, str]) -> str:
    """The status; `EventType=READ` is a read receipt, whatever status is beside it. Raises UnreadableError."""
    status, event = _first(fields, "MessageStatus", "SmsStatus"), _first(fields, "EventType")
    word = event if event and (status is None or event.lower() == "read") else status
    if word is None:
        raise UnreadableError("no MessageStatus: not a status callback")
    return word


def _fields(body: bytes) -> dict[str, str]:
    """The first value of each parameter."""
    return dict(reversed(parse_qsl(body.decode(errors="replace"), keep_blank_values=True)))


def _first(fields: dict[str, str], *names: str) -> str | None:
    found = (text(fields.get(name), ID_LIMIT) for name in names)
    return next((f.strip() for f in found if f), None)


def _words(fields: dict[str, str]) -> str | None:
    """All that Twilio and the channel said, whole."""
    said = [text(fields.get("ErrorMessage")), text(fields.get("ChannelStatusMessage"))]
    return "\n".join(dict.fromkeys(s for s in said if s)) or None


def _attempt(url: str) -> str | None:
    try:
        return attempt_id(parse_qs(urlsplit(url).query).get(ATTEMPT, [None])[0])
    except ValueError:
        return None
