"""Webhooks: one event of one letter each, in the webhook's category, with all that it names included."""

from typing import NamedTuple

from adapters.providers import meaning
from adapters.providers.pingen import meanings
from adapters.providers.pingen.resources import (
    EVENTS,
    Resource,
    address_of,
    attempt_of,
    attributes,
    kind_of,
    letter_of,
    listed,
    name_of,
    one_line,
    related,
    resource,
)
from adapters.providers.port import ProviderReport, UnreadableError
from adapters.providers.reading import ID_LIMIT, digest, in_short, load_json, moment, text

_PREFIX = "webhook_"


class Said(NamedTuple):
    """All that Pingen and the post said of an event, whole, and the address that is right."""

    words: str | None
    corrected: str | None = None


def reports(body: bytes) -> list[ProviderReport]:
    """Raises UnreadableError."""
    told = resource(load_json(body))
    data = resource(told.get("data"))
    if not kind_of(data) or not isinstance(data.get("relationships"), dict):
        raise UnreadableError("no type or no relationships: not a webhook of Pingen's")
    included = listed(told.get("included"))
    return [_report(data, _letter(data, included), _event(data, included))]


def said_of(event: Resource, told: Resource, letter: Resource) -> Said:
    """`told`: the attributes of the webhook, nothing where the event was asked for."""
    happened = attributes(event)
    corrected = one_line(told.get("corrected_address")) or one_line(happened.get("corrected_address"))
    lines = [
        text(told.get("reason")),
        text(happened.get("name")),
        ", ".join(filter(None, (text(happened.get("producer")), text(happened.get("location"))))),
        in_short(happened["data"]) if happened.get("data") else None,
        f"tracking number: {number}" if (number := text(attributes(letter).get("tracking_number"))) else None,
        f"corrected address: {corrected}" if corrected else None,
    ]
    return Said("\n".join(dict.fromkeys(line for line in lines if line)) or None, corrected)


def code_of(event: Resource) -> str | None:
    return text(attributes(event).get("code"), ID_LIMIT // 2)


def moment_of(event: Resource, *others: object) -> object:
    happened = attributes(event)
    return next((at for at in (happened.get("emitted_at"), happened.get("created_at"), *others) if moment(at)), None)


def _report(data: Resource, letter: Resource, event: Resource) -> ProviderReport:
    told, word = attributes(data), kind_of(data).strip()
    category = word.removeprefix(_PREFIX) or word
    code, said = code_of(event), said_of(event, attributes(data), letter)
    message = name_of(letter_of(data)) or name_of(letter)
    at = moment_of(event, told.get("created_at"))
    return meaning.report(
        meanings.of_category(category.lower(), code, said.words, said.corrected),
        event_id=name_of(event) or name_of(data) or digest("pingen", word, message, code, told.get("created_at")),
        provider_event=_named(category, code),
        message_id=message,
        recipient=address_of(letter),
        occurred_at=moment(at),
        diagnostic=said.words,
        diagnostic_code=code,
        attempt_id=attempt_of(letter),
        request_id=name_of(data),
    )


def _named(category: str, code: str | None) -> str:
    """The category and what happened in it, where that is not the same."""
    category = category[: ID_LIMIT // 2]
    return category if code in (None, category) else f"{category} {code}"


def _letter(data: Resource, included: list[Resource]) -> Resource:
    """What is included of the letter; its name at least."""
    named = letter_of(data)
    same = (one for one in included if name_of(one) == name_of(named) and not kind_of(one).endswith(EVENTS))
    return next(same, named) if named else {}


def _event(data: Resource, included: list[Resource]) -> Resource:
    """The event that is named, of which two copies may be included; of one that is not, its name."""
    named, events = related(data, "event"), [one for one in included if kind_of(one).endswith(EVENTS)]
    if not named:
        return events[0] if events else {}
    return next((one for one in events if name_of(one) == name_of(named)), named)
