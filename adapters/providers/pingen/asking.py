"""Letters and their events, as the API shows them: by id, or by the name that we gave the file."""

from datetime import timedelta
from urllib.parse import quote

import httpx
import msgspec

from adapters.providers import meaning
from adapters.providers.calls import report_of
from adapters.providers.pingen import meanings, organisation
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
)
from adapters.providers.pingen.sending import outcome
from adapters.providers.pingen.webhook import code_of, moment_of, said_of
from adapters.providers.port import Connection, Lookup, ProviderReport, RawAnswer
from adapters.providers.reading import ID_LIMIT, digest, json_object, moment, text
from domain.status import Status

LETTERS = frozenset({"letters", "emails", "ebills"})
LANGUAGE = "en"
PAGE, MOST_PAGES = 100, 10
BEFORE = timedelta(minutes=2)
"""How far Pingen's clock may put a letter before the moment at which we sent it."""
_BAD = (Status.FAILED, Status.REJECTED)


def read(answer: RawAnswer) -> list[ProviderReport]:
    """What an answer of the API says: letters, events, or that of a send."""
    if answer.status == httpx.codes.OK:
        told = json_object(answer.body)
        found = listed(told.get("data"))
        letters = {name_of(one): one for one in listed(told.get("included")) if kind_of(one) in LETTERS}
        known = [state(one) for one in found if kind_of(one) in LETTERS]
        known += [_event(one, letters.get(name_of(letter_of(one)), letter_of(one))) for one in found if _is_event(one)]
        if known or (found == [] and "data" in told):
            return known
    return report_of(outcome(answer), answer)


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """Raises httpx.HTTPError, MisconfiguredError."""
    letter = _letter(lookup.message_id, connection, http) if lookup.message_id else _search(lookup, connection, http)
    name = name_of(letter) if letter else None
    if letter is None or name is None:
        return []
    found = _events(letter, name, connection, http)
    now = state(letter)
    told = found if any(_same(now, one) for one in found) else [*found, now]
    return [msgspec.structs.replace(one, attempt_id=lookup.attempt_id) for one in told]


def state(letter: Resource) -> ProviderReport:
    """The state that a letter is in."""
    told, name = attributes(letter), name_of(letter)
    word = text(told.get("status"), ID_LIMIT) or "no status"
    return meaning.report(
        meanings.of_state(word),
        event_id=digest("pingen", name, word.strip().lower()),
        provider_event=word,
        message_id=name,
        recipient=address_of(letter),
        occurred_at=moment(told.get("updated_at")),
        diagnostic=said_of({}, {}, letter).words,
        attempt_id=attempt_of(letter),
    )


def _event(event: Resource, letter: Resource) -> ProviderReport:
    """The same as a webhook's, under the same id."""
    code, said = code_of(event), said_of(event, {}, letter)
    name = name_of(letter)
    return meaning.report(
        meanings.of_code(code, said.words, said.corrected),
        event_id=name_of(event) or digest("pingen", name, code, moment_of(event)),
        provider_event=code or "no code",
        message_id=name,
        recipient=address_of(letter),
        occurred_at=moment(moment_of(event)),
        diagnostic=said.words,
        diagnostic_code=code,
        attempt_id=attempt_of(letter),
    )


def _events(letter: Resource, name: str, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """Oldest first, so that all of them count."""
    path = f"{organisation.letters(connection)}/{quote(name, safe='')}/events"
    query = {"language": LANGUAGE, "page[limit]": str(PAGE)}
    told = organisation.ask(path, connection, http, query)
    found = [_event(one, letter) for one in listed((told or {}).get("data")) if _is_event(one)]
    return sorted(found, key=lambda one: one.occurred_at.timestamp() if one.occurred_at else 0.0)


def _letter(name: str, connection: Connection, http: httpx.Client) -> Resource | None:
    told = organisation.ask(f"{organisation.letters(connection)}/{quote(name, safe='')}", connection, http)
    return next((one for one in listed((told or {}).get("data")) if name_of(one)), None)


def _search(lookup: Lookup, connection: Connection, http: httpx.Client) -> Resource | None:
    """The letter whose file has our name, among those made since we sent it. Of several none is certain."""
    if lookup.sent_at is None:
        return None
    found: dict[str, Resource] = {}
    for page in range(1, MOST_PAGES + 1):
        query = {"sort": "-created_at", "page[limit]": str(PAGE), "page[number]": str(page)}
        letters = listed(
            (organisation.ask(organisation.letters(connection), connection, http, query) or {}).get("data")
        )
        ours = [one for one in letters if attempt_of(one) == lookup.attempt_id]
        found |= {name: one for one in ours if (name := name_of(one)) and name not in lookup.known}
        made = [at for at in (moment(attributes(one).get("created_at")) for one in letters) if at]
        if len(letters) < PAGE or (made and min(made) < lookup.sent_at - BEFORE):
            break
    return next(iter(found.values())) if len(found) == 1 else None


def _is_event(one: Resource) -> bool:
    return kind_of(one).endswith(EVENTS)


def _same(state: ProviderReport, event: ProviderReport) -> bool:
    """Whether the event says what the state says; events know more of why something went wrong."""
    return state.status == event.status and (state.reason == event.reason or state.status in _BAD)
