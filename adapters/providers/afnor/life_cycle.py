"""What platforms said of our invoices: life-cycle messages come in as flows of their own, each fetched once.

A message names an invoice, and the search cannot: so all that came in are read, from where the last look ended.
"""

import logging
import threading
from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import msgspec

from adapters.providers.afnor import service
from adapters.providers.e_invoice import Named, french_key, named
from adapters.providers.france_cdv.documents import Said, statuses
from adapters.providers.port import Connection, ProviderReport, UnreadableError
from adapters.providers.reading import ID_LIMIT, moment, text

KINDS = ["CustomerInvoiceLC"]
OVERLAP = timedelta(seconds=2)
"""What is updated in the same moment as the last that was seen may come after it."""
MOST_PAGES = 200
MOST_KEPT = 50_000
_MOST_BOOKS = 1000

log = logging.getLogger(__name__)


class Book:
    """The messages of one connection, by invoice number, as far as they were looked for. For one thread at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._since: datetime | None = None
        self._until: datetime | None = None
        self._seen: set[str] = set()
        self._said: defaultdict[str, list[Said]] = defaultdict(list)
        self._invoices: dict[str, Named] = {}

    def invoice(self, flow: str, connection: Connection, http: httpx.Client) -> Named:
        """What is in a flow of ours, as the platform keeps it. Raises httpx.HTTPError, MisconfiguredError."""
        if flow not in self._invoices:
            content = service.original(flow, connection, http)
            if content is None:
                return Named(None)
            self._invoices[flow] = named(content)
        return self._invoices[flow]

    def look(self, since: datetime, connection: Connection, http: httpx.Client) -> None:
        """Read what came in after `since`. Raises httpx.HTTPError, MisconfiguredError; what was read stays."""
        if len(self._seen) + len(self._invoices) > MOST_KEPT:
            self._seen, self._said, self._invoices, self._since, self._until = set(), defaultdict(list), {}, None, None
        if self._since is None or self._until is None:
            self._until = self._read({"updatedAfter": _iso(since)}, connection, http) or since
        else:
            if since < self._since:
                self._read({"updatedAfter": _iso(since), "updatedBefore": _iso(self._since)}, connection, http)
            newest = self._read({"updatedAfter": _iso(self._until - OVERLAP)}, connection, http)
            self._until = max(self._until, newest or self._until)
        self._since = min(since, self._since or since)

    def about(self, invoice: Named) -> list[ProviderReport]:
        """By number; and by seller where both sides name one."""
        found = self._said.get(_number(invoice), [])
        return [s.report for s in found if None in (s.invoice.siren, invoice.siren) or s.invoice.siren == invoice.siren]

    def _read(self, period: dict[str, str], connection: Connection, http: httpx.Client) -> datetime | None:
        """When the newest of them was updated."""
        found = service.search({"flowType": KINDS} | period, connection, http, MOST_PAGES)
        for flow in found:
            name = text(flow.get("flowId"), ID_LIMIT)
            if name and name not in self._seen:
                self._keep(name, service.original(name, connection, http))
        return max((at for flow in found if (at := moment(flow.get("updatedAt")))), default=None)

    def _keep(self, name: str, content: bytes | None) -> None:
        try:
            for said in statuses(content or b""):
                self._said[_number(said.invoice)].append(said)
        except UnreadableError as error:
            log.warning("life-cycle flow %s: %s", name, error)
        self._seen.add(name)


_BOOKS: dict[tuple[UUID, str], Book] = {}


def book(connection: Connection) -> Book:
    key = connection.id, connection.setting("api_url")
    if len(_BOOKS) >= _MOST_BOOKS and key not in _BOOKS:
        _BOOKS.clear()
    return _BOOKS.setdefault(key, Book())


def ask_about(flow: str, since: datetime, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """What was said since then about the invoice in that flow, under its key. Raises HTTPError, MisconfiguredError."""
    chosen = book(connection)
    with chosen.lock:
        invoice = chosen.invoice(flow, connection, http)
        if invoice.number:
            chosen.look(since - OVERLAP, connection, http)
        key = french_key(invoice)
        return [msgspec.structs.replace(r, message_id=key) for r in chosen.about(invoice)] if key else []


def _number(invoice: Named) -> str:
    return " ".join((invoice.number or "").split()).lower()


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
