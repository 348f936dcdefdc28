"""ApplicationResponses: Message Level Status, Message Level Response and Invoice Response.

Message level answers name the message (the envelope's InstanceIdentifier); an Invoice Response names the invoice and
the two parties. A document is read as far as it goes: many break one of their rules and still say what they mean.
"""

from datetime import datetime

from adapters.providers.meaning import IGNORED, Meaning
from adapters.providers.meaning import report as report_of
from adapters.providers.peppol.codes import INVOICE_RESPONSE, MESSAGE_LEVEL, NOT_HANDED_ON, WARNING
from adapters.providers.peppol.parties import endpoint, invoice_key
from adapters.providers.port import ProviderReport, UnreadableError
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, moment
from adapters.providers.xml import Element

KINDS = {
    "mls": ("peppol:edec:mls",),
    "mlr": ("trns:mlr", "bis:mlr", "peppol36", "biitrns071"),
    "invoice_response": ("trns:invoice_response", "bis:invoice_response", "peppol63", "biitrns111"),
}
"""By what the CustomizationID contains, else the ProfileID; the older BIS had numbers."""
SERVICE_PROVIDERS = "0242:"
"""The scheme of access points themselves; any other party is a sender or receiver of documents."""
_OTHER = "application_response"


def reports(root: Element) -> list[ProviderReport]:
    """One for each document answered. Raises UnreadableError."""
    answers = root.all("DocumentResponse")
    if not answers:
        raise UnreadableError("an ApplicationResponse without a DocumentResponse")
    return [_report(root, answer, number) for number, answer in enumerate(answers)]


def kind_of(root: Element) -> str:
    for told in (root.value("CustomizationID"), root.value("ProfileID")):
        for kind, signs in KINDS.items():
            if told and any(sign in told.lower() for sign in signs):
                return kind
    return _OTHER


def _report(root: Element, answer: Element, number: int) -> ProviderReport:
    kind = kind_of(root)
    word = answer.value("Response", "ResponseCode", limit=60) or "?"
    reference = answer.value("DocumentReference", "ID", limit=ID_LIMIT)
    sender, receiver = endpoint(root.first("SenderParty")), endpoint(root.first("ReceiverParty"))
    about_invoice = kind == "invoice_response"
    named = root.value("ID"), root.value("IssueDate"), root.value("IssueTime"), number
    return report_of(
        _meaning(kind, word.upper(), answer),
        event_id=digest("peppol", kind, sender, *named, word, reference),
        provider_event=f"{kind}:{word}",
        message_id=invoice_key(reference, seller=receiver, buyer=sender) if about_invoice else reference,
        recipient=sender if sender and not sender.startswith(SERVICE_PROVIDERS) else None,
        occurred_at=_moment(root),
        diagnostic="\n".join(_words(answer)) or None,
        diagnostic_code=_reason_code(answer),
        attempt_id=None if about_invoice else attempt_id(reference),
    )


def _meaning(kind: str, word: str, answer: Element) -> Meaning:
    if kind == "invoice_response":
        return INVOICE_RESPONSE.get(word, IGNORED)
    if kind == _OTHER:
        return IGNORED
    found, reasons = MESSAGE_LEVEL.get(word, IGNORED), set(_reason_codes(answer)) - {WARNING}
    return found._replace(reason="undelivered") if found.reason and reasons == {NOT_HANDED_ON} else found


def _moment(root: Element) -> datetime | None:
    """Only a date with a time puts answers in order; a time without a zone is taken for UTC."""
    day, time = root.value("IssueDate", limit=40), root.value("IssueTime", limit=40)
    if not day or not time:
        return None
    return moment(f"{day[:10]}T{time}") or moment(f"{day[:10]}T{time}{day[10:] or 'Z'}")


def _words(answer: Element) -> list[str]:
    """What was said of the document as a whole, then line by line."""
    said = [line for response in answer.all("Response") for line in _said(response)]
    for line in answer.all("LineResponse"):
        place = line.value("LineReference", "LineID")
        at = f" ({place})" if place and place != "NA" else ""
        said += [words + at for response in line.all("Response") for words in _said(response)]
    return said


def _said(response: Element) -> list[str]:
    """`RE` is told by the event already; here are its reasons, conditions and free texts."""
    free = "; ".join(words for words in (e.text() for e in response.all("Description")) if words)
    stated = [line for status in response.all("Status") for line in _status(status)]
    if len(stated) == 1 and free and ":" not in stated[0]:  # a line's reason code and its text belong together
        stated, free = [f"{stated[0]}: {free}"], ""
    return ([free] if free else []) + stated


def _status(status: Element) -> list[str]:
    code, words = status.value("StatusReasonCode", limit=ID_LIMIT), status.value("StatusReason")
    conditions = [_condition(c) for c in status.all("Condition")]
    head = ": ".join(part for part in (code, words) if part)
    return [line for line in (head, *conditions) if line]


def _condition(condition: Element) -> str:
    name, wanted = condition.value("AttributeID"), condition.value("Description")
    return "condition " + " = ".join(part for part in (name, wanted) if part) if name or wanted else ""


def _reason_codes(answer: Element) -> list[str]:
    """In the order of the document, the codes of the whole before those of its lines."""
    responses = [*answer.all("Response"), *answer.all("LineResponse", "Response")]
    codes = [e.text(ID_LIMIT) for r in responses for e in r.all("Status", "StatusReasonCode")]
    return [code for code in codes if code]


def _reason_code(answer: Element) -> str | None:
    codes = _reason_codes(answer)
    return next((code for code in codes if code != WARNING), codes[0] if codes else None)
