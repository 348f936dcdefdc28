"""Asking what became of a flow: its acknowledgement, then the life-cycle messages about the invoice in it."""

import httpx
import msgspec

from adapters.providers.afnor import flows, life_cycle, service
from adapters.providers.port import Connection, Lookup, ProviderReport
from adapters.providers.reading import ID_LIMIT, moment, text
from domain.status import Status


def ask_about(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    """Raises httpx.HTTPError, MisconfiguredError."""
    found: list[ProviderReport] = []
    for flow in _flows(lookup, connection, http):
        name, told = str(flow["flowId"]), flows.read(flow)
        found.append(msgspec.structs.replace(told, message_id=name, attempt_id=lookup.attempt_id))
        found += _said_of(flow, lookup, connection, http) if told.status is Status.SENT else []
    return found


def _flows(lookup: Lookup, connection: Connection, http: httpx.Client) -> list[flows.Flow]:
    """The one of that id; else those with our tracking id that are nobody else's."""
    if lookup.message_id:
        flow = service.flow(lookup.message_id, connection, http)
        return [flow] if flow is not None and flows.is_flow(flow) else []
    listed = service.search({"trackingId": lookup.attempt_id}, connection, http, pages=1)
    ours = [f for f in listed if flows.is_flow(f) and flows.is_invoice(f) and f.get("trackingId") == lookup.attempt_id]
    return [f for f in ours if text(f["flowId"], ID_LIMIT) not in lookup.known]


def _said_of(flow: flows.Flow, lookup: Lookup, connection: Connection, http: httpx.Client) -> list[ProviderReport]:
    since = moment(flow.get("submittedAt")) or lookup.sent_at
    return life_cycle.ask_about(str(flow["flowId"]), since, connection, http) if since else []
