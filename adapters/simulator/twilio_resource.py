"""The Message resource and the pages of its list."""

import operator
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from adapters.simulator.messages import Message
from adapters.simulator.twilio_callbacks import WORDS

API = "2010-04-01"
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)


def first_status(message: Message) -> str:
    return "accepted" if message.arguments.get("MessagingServiceSid") else "queued"


def resource(message: Message, *, first: bool = False) -> dict[str, Any]:
    """`first`: as the send answers, whatever has happened since."""
    last = message.occurrences[-1] if message.occurrences and not first else None
    word = WORDS[last.event] if last else None
    path = f"/{API}/Accounts/{message.account}/Messages/{message.id}"
    received = format_datetime(message.received_at)
    return {
        "account_sid": message.account,
        "api_version": API,
        "body": message.text,
        "date_created": received,
        "date_sent": format_datetime(message.occurrences[0].at) if last else None,
        "date_updated": format_datetime(last.at) if last else received,
        "direction": "outbound-api",
        "error_code": word.code if word else None,
        "error_message": word.text if word else None,
        "from": message.sender or None,
        "messaging_service_sid": message.arguments.get("MessagingServiceSid"),
        "num_media": "0",
        "num_segments": str(segments(message.text)),
        "price": None,
        "price_unit": "USD",
        "sid": message.id,
        "status": word.status if word else first_status(message),
        "subresource_uris": {"media": f"{path}/Media.json"},
        "tags": None,
        "to": message.address,
        "uri": f"{path}.json",
    }


def segments(text: str) -> int:
    """7 bits a character while the text is in the GSM alphabet, else 16; less room when it is in parts."""
    alone, part = (160, 153) if set(text) <= GSM else (70, 67)
    return 1 if len(text) <= alone else -(-len(text) // part)


def page_of(messages: Sequence[Message], path: str, query: dict[str, str]) -> dict[str, Any] | None:
    """One page of the messages (newest first) that the query asks for; None: it cannot be read."""
    try:
        size, number = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
        checks = _checks(query)
    except ValueError:
        return None
    if not 1 <= size <= 1000 or number < 0:
        return None
    found = [message for message in messages if all(check(message) for check in checks)]
    start = number * size
    more = start + size < len(found)
    return {
        "first_page_uri": _uri(path, query, 0, size),
        "end": start + len(found[start : start + size]) - 1,
        "previous_page_uri": _uri(path, query, number - 1, size) if number else None,
        "messages": [resource(message) for message in found[start : start + size]],
        "uri": _uri(path, query, number, size),
        "page_size": size,
        "start": start,
        "next_page_uri": _uri(path, query, number + 1, size) if more else None,
        "page": number,
    }


def _uri(path: str, query: dict[str, str], page: int, size: int) -> str:
    return f"{path}?{urlencode(query | {'PageSize': size, 'Page': page})}"


def _checks(query: dict[str, str]) -> list[Callable[[Message], bool]]:
    """`DateSent` is a day in UTC; `DateSent<` and `DateSent>` (before, after) take a day or a moment, inclusive."""
    checks: list[Callable[[Message], bool]] = []
    if to := query.get("To"):
        checks.append(lambda message: message.address == to)
    if sender := query.get("From"):
        checks.append(lambda message: message.sender == sender)
    if on := query.get("DateSent"):
        day = date.fromisoformat(on[:10])
        checks.append(lambda message: _sent(message).date() == day)
    if before := query.get("DateSent<"):
        checks.append(_dated(before, operator.le))
    if after := query.get("DateSent>"):
        checks.append(_dated(after, operator.ge))
    return checks


def _dated(text: str, holds: Callable[[Any, Any], bool]) -> Callable[[Message], bool]:
    if len(text) == len("2026-01-15"):
        day = date.fromisoformat(text)
        return lambda message: holds(_sent(message).date(), day)
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return lambda message: holds(_sent(message), moment)


def _sent(message: Message) -> datetime:
    return message.occurrences[0].at if message.occurrences else message.received_at
