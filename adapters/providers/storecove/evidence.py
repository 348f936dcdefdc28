"""GET /document_submissions/{guid}/evidence/sending: there is none (404) until the document was sent."""

from urllib.parse import quote

import httpx
import msgspec

from adapters.providers.calls import ask, good_json
from adapters.providers.meaning import SENT
from adapters.providers.meaning import report as report_of
from adapters.providers.port import Connection, Lookup, ProviderReport, RawAnswer, UnreadableError
from adapters.providers.reading import ID_LIMIT, digest, moment, text
from adapters.providers.storecove.sending import api_url, authorization


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """Nothing can be asked without a guid: submissions cannot be listed. Raises httpx.HTTPError, MisconfiguredError."""
    if lookup.message_id is None:
        return []
    guid = quote(lookup.message_id, safe="")
    answer = ask(
        http, f"{api_url(connection)}/document_submissions/{guid}/evidence/sending", headers=authorization(connection)
    )
    try:
        found = read(answer)
    except UnreadableError as error:
        raise httpx.DecodingError(str(error)) from None
    if not found and answer.status != httpx.codes.NOT_FOUND:
        raise httpx.DecodingError("not evidence of a submission")
    known = {"message_id": lookup.message_id, "attempt_id": lookup.attempt_id}
    return [msgspec.structs.replace(r, event_id=digest(r.event_id, lookup.message_id), **known) for r in found]


def read(answer: RawAnswer) -> list[ProviderReport]:
    """Nothing, if it is not evidence. Raises UnreadableError."""
    told = good_json(answer)
    evidence = told.get("evidence") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(evidence, dict):
        return []
    named = text(evidence.get("message_id") or evidence.get("transmission_id"), ID_LIMIT)
    network = text(told.get("network"), 40)
    guid = text(told.get("guid"), ID_LIMIT)
    said = [f"{name}: {value}" for name, value in (("network", network), ("message", named)) if value]
    return [
        report_of(
            SENT,
            event_id=digest("storecove", "evidence", guid, named),
            provider_event="evidence:sending",
            message_id=guid,
            occurred_at=moment(evidence.get("timestamp")),
            diagnostic=", ".join(said) or None,
        )
    ]
