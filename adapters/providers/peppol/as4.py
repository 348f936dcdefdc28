"""AS4 answers (ebMS 3 signal messages): a receipt says that the receiving access point took the message."""

from adapters.providers.meaning import IGNORED, Meaning
from adapters.providers.meaning import report as report_of
from adapters.providers.peppol.codes import AS4_RECEIPT, as4_error
from adapters.providers.port import ProviderReport, UnreadableError
from adapters.providers.reading import ID_LIMIT, digest, moment
from adapters.providers.xml import Element

_WAYS = {
    "SignalMessage": (),
    "Messaging": ("SignalMessage",),
    "Envelope": ("Header", "Messaging", "SignalMessage"),
}


def signals(root: Element) -> list[Element] | None:
    """The signal messages, bare or in a SOAP envelope; None for another document."""
    way = _WAYS.get(root.name)
    return None if way is None else root.all(*way)


def reports(found: list[Element]) -> list[ProviderReport]:
    """Raises UnreadableError."""
    told = [report for signal in found for report in _signal(signal)]
    if not told:
        raise UnreadableError("an AS4 message without a receipt and without an error")
    return told


def error_words(code: str | None, *said: str | None) -> str:
    """`EBMS:0004 Other: ...`, each thing said once."""
    return ": ".join(dict.fromkeys(part.strip() for part in (code, *said) if part and part.strip()))


def _signal(signal: Element) -> list[ProviderReport]:
    receipts = [_report(signal, "as4:receipt", AS4_RECEIPT) for _ in signal.all("Receipt")[:1]]
    return receipts + [_error(signal, error) for error in signal.all("Error")]


def _error(signal: Element, error: Element) -> ProviderReport:
    code = error.attribute("errorCode")
    said = error.attribute("shortDescription"), error.value("Description"), error.value("ErrorDetail")
    warns = (error.attribute("severity") or "").lower() == "warning"
    meaning = IGNORED if warns else as4_error(code, error_words(None, *said))
    about = error.attribute("refToMessageInError")
    return _report(signal, f"as4:{code or 'error'}"[:ID_LIMIT], meaning, error_words(code, *said), code, about)


def _report(
    signal: Element,
    word: str,
    meaning: Meaning,
    words: str | None = None,
    code: str | None = None,
    about: str | None = None,
) -> ProviderReport:
    message = signal.value("MessageInfo", "RefToMessageId", limit=ID_LIMIT) or about
    return report_of(
        meaning,
        event_id=digest("as4", signal.value("MessageInfo", "MessageId"), message, word, words),
        provider_event=word,
        message_id=message if message and len(message) <= ID_LIMIT else None,
        occurred_at=moment(signal.value("MessageInfo", "Timestamp")),
        diagnostic=words,
        diagnostic_code=code,
    )
