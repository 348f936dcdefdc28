"""Documents: the one that was sent, with its deliveries, and the answers that came in for it.

A message level answer names the envelope that the document travelled in, an Invoice Response its number and parties.
"""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from msgspec.structs import replace

from adapters.providers.calls import as_object, ask, report_of
from adapters.providers.e_invoice import is_key
from adapters.providers.meaning import SENT, report
from adapters.providers.peppol import documents as peppol
from adapters.providers.peppol.parcel import key_of
from adapters.providers.peppol.parties import participant
from adapters.providers.port import Connection, Lookup, ProviderReport, RawAnswer, UnreadableError
from adapters.providers.reading import ID_LIMIT, digest, moment, text
from adapters.providers.recommand.deliveries import delivery
from adapters.providers.recommand.sending import api_url, authorization, outcome

Document = dict[str, Any]
BEFORE, AFTER = timedelta(minutes=2), timedelta(minutes=15)
"""How far Recommand's clock may put a document from the moment at which we sent it."""
PAGE, MOST_PAGES, MOST_ANSWERS = 200, 5, 50
"""The most incoming documents that are looked through, and that are fetched whole."""


def read(answer: RawAnswer) -> list[ProviderReport]:
    """What an answer of the API says: a document, a page of them, or that of a send."""
    told = as_object(answer)
    if answer.status < httpx.codes.MULTIPLE_CHOICES:
        listed = told.get("documents") if isinstance(told.get("documents"), list) else [told.get("document")]
        found = [d for d in listed or [] if isinstance(d, dict)]
        if found or "documents" in told:
            return [r for d in found for r in (_incoming(d) if d.get("direction") == "incoming" else _reports(d))]
        if told.get("deliveries") and text(told.get("id")):
            return _reports(told)
    return report_of(outcome(answer), answer)


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """Raises httpx.HTTPError, MisconfiguredError."""
    api = _Api(connection, http)
    document = api.document(lookup.message_id) if lookup.message_id else _search(lookup, api)
    if document is None:
        return []
    name = text(document.get("id"), ID_LIMIT)
    found = _reports(document) + _answers(document, api)
    return [r if is_key(r.message_id) else replace(r, message_id=name, attempt_id=lookup.attempt_id) for r in found]


class _Api:
    def __init__(self, connection: Connection, http: httpx.Client) -> None:
        self.http, self.url, self.auth = http, api_url(connection), authorization(connection)
        self.company = connection.setting("company_id").strip()

    def document(self, name: str) -> Document | None:
        """One with its XML; None if it is not there."""
        answer = ask(self.http, f"{self.url}/documents/{quote(name, safe='')}", auth=self.auth)
        if answer.status == httpx.codes.NOT_FOUND:
            return None
        found = as_object(answer).get("document")
        if not isinstance(found, dict):
            raise httpx.DecodingError("not a document")
        return found

    def documents(self, direction: str, since: datetime, until: datetime | None = None) -> list[Document]:
        query = {"direction": direction, "companyId": self.company, "from": since.isoformat(), "limit": str(PAGE)}
        query |= {"to": until.isoformat()} if until else {}
        found: list[Document] = []
        for page in range(1, MOST_PAGES + 1):
            answer = ask(self.http, f"{self.url}/documents", auth=self.auth, params=query | {"page": str(page)})
            listed = as_object(answer).get("documents")
            if not isinstance(listed, list):
                raise httpx.DecodingError("not a list of documents")
            found += [d for d in listed if isinstance(d, dict)]
            if len(listed) < PAGE:
                break
        return found


def _search(lookup: Lookup, api: _Api) -> Document | None:
    """Nothing in a document names our attempt: only a single candidate is one."""
    if lookup.sent_at is None:
        return None
    listed = api.documents("outgoing", lookup.sent_at - BEFORE, lookup.sent_at + AFTER)
    wanted = participant(lookup.address)
    candidates = [
        d
        for d in listed
        if text(d.get("id")) not in lookup.known and wanted in (None, participant(text(d.get("receiverId"))))
    ]
    name = text(candidates[0].get("id")) if len(candidates) == 1 else None
    return api.document(name) if name else None


def _reports(document: Document) -> list[ProviderReport]:
    """Its deliveries; of a document that lists none, that it went out."""
    name = text(document.get("id"), ID_LIMIT)
    listed = document.get("deliveries")
    found = [delivery(name, d) for d in listed if isinstance(d, dict)] if isinstance(listed, list) else []
    if found or document.get("sentOverPeppol") is not True:
        return found
    return [
        report(
            SENT,
            event_id=digest("recommand", name, "sentOverPeppol"),
            provider_event="sentOverPeppol",
            message_id=name,
            recipient=participant(text(document.get("receiverId"), ID_LIMIT)),
            occurred_at=moment(document.get("createdAt")),
        )
    ]


def _answers(document: Document, api: _Api) -> list[ProviderReport]:
    since = moment(document.get("createdAt"))
    if since is None:
        return []
    keys = {text(document.get("envelopeId"), ID_LIMIT), _key(document)} - {None}
    listed = [d for d in api.documents("incoming", since - BEFORE) if "ApplicationResponse" in str(d.get("docTypeId"))]
    told = []
    for one in listed[:MOST_ANSWERS]:
        name = text(one.get("id"))
        whole = api.document(name) if name else None
        told += [r for r in _incoming(whole or one) if r.message_id in keys]
    return told


def _incoming(document: Document) -> list[ProviderReport]:
    """What an answer that came in says; nothing, if it is none or its XML is not at hand."""
    xml = document.get("xml")
    try:
        return peppol.reports(xml.encode(errors="replace")) if isinstance(xml, str) else []
    except UnreadableError:
        return []


def _key(document: Document) -> str | None:
    xml = document.get("xml")
    try:
        return key_of(xml.encode(errors="replace")) if isinstance(xml, str) else None
    except UnreadableError:
        return None
