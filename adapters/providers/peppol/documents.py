"""What a document is, by its root element: an ApplicationResponse, an AS4 answer, or a sending report in JSON.

A document may be wrapped in the envelope that it travelled in (StandardBusinessDocument). Invoices, orders and the like
are somebody's post and answer nothing that was sent, so they yield no reports.
"""

from typing import Any

from adapters.providers.peppol import as4, responses, sending_report
from adapters.providers.port import ProviderReport, UnreadableError
from adapters.providers.reading import load_json
from adapters.providers.xml import Element, looks_like_xml, parse

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"


def reports(body: bytes) -> list[ProviderReport]:
    """Raises UnreadableError."""
    if looks_like_xml(body):
        return xml_reports(parse(body))
    return json_reports(load_json(body))


def xml_reports(root: Element) -> list[ProviderReport]:
    """Raises UnreadableError."""
    document = _unwrapped(root)
    if document.name == "ApplicationResponse":
        return responses.reports(document)
    if (signals := as4.signals(document)) is not None:
        return as4.reports(signals)
    if document is root and not document.namespace.startswith(UBL):
        raise UnreadableError("not a document of the Peppol network")
    return []


def json_reports(told: Any) -> list[ProviderReport]:
    """Raises UnreadableError."""
    listed = told if isinstance(told, list) else [told]
    if not listed or not all(sending_report.is_report(one) for one in listed):
        raise UnreadableError("not a sending report")
    return [sending_report.report(one) for one in listed]


def _unwrapped(root: Element) -> Element:
    if root.name != "StandardBusinessDocument":
        return root
    payload = [child for child in root.children if child.name != "StandardBusinessDocumentHeader"]
    return payload[0] if payload else root
