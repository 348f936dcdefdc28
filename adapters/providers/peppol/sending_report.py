"""phase4's report of one sending, as access points built on it answer: the look-up, the AS4 exchange, the outcome."""

import re
from typing import Any

from adapters.providers.meaning import IGNORED, Meaning, failed, rejected
from adapters.providers.meaning import report as report_of
from adapters.providers.peppol.as4 import error_words
from adapters.providers.peppol.codes import AS4_RECEIPT, as4_error
from adapters.providers.peppol.parties import participant
from adapters.providers.port import ProviderReport
from adapters.providers.reading import ID_LIMIT, attempt_id, digest, moment, text

_SIGNS = frozenset({"sendingSuccess", "overallSuccess", "sendingResult", "as4MessageId", "sendingException"})
_LOOKUP = re.compile(r"SMP|not registered|NAPTR", re.IGNORECASE)
_NO_ANSWER = re.compile(r"time.?out|timed out|connect|unreachable|circuit breaker|I/?O ?Exception", re.IGNORECASE)
_NEVER_VALID = frozenset({"INVALID_PARAMETERS"})
_EXCEPTIONS = ("sendingException", "lookupException", "sbdhParsingException")


def is_report(told: Any) -> bool:
    return isinstance(told, dict) and not _SIGNS.isdisjoint(told)


def report(told: dict[str, Any]) -> ProviderReport:
    result = _result(told)
    sbdh = text(told.get("sbdhInstanceIdentifier"), ID_LIMIT)
    as4_id = text(told.get("as4MessageId"), ID_LIMIT)
    at = moment(told.get("as4SendingDateTime")) or moment(told.get("currentDateTimeUTC"))
    errors = _errors(told)
    return report_of(
        meaning(told),
        event_id=digest("phase4", sbdh, as4_id, result, None if as4_id else told.get("currentDateTimeUTC")),
        provider_event=f"as4:{result or 'not_sent'}",
        message_id=sbdh,
        recipient=participant(text(told.get("receiverId"))),
        occurred_at=at,
        diagnostic="\n".join(_words(told)) or None,
        diagnostic_code=next((code for code in (text(e.get("errorCode"), ID_LIMIT) for e in errors) if code), None),
        attempt_id=attempt_id(sbdh),
    )


def succeeded(told: dict[str, Any]) -> bool:
    """Whether the receiving access point has it: what fails afterwards (the statistics) does not change that."""
    return told.get("sendingSuccess") is True or (_result(told) == "SUCCESS" and told.get("sendingSuccess") is None)


def meaning(told: dict[str, Any]) -> Meaning:
    if succeeded(told):
        return AS4_RECEIPT
    for error in _errors(told):
        return as4_error(text(error.get("errorCode")), error_words(None, *_error_texts(error)))
    result, said = _result(told), "\n".join(_words(told))
    if result == "AS4_ERROR_MESSAGE_RECEIVED":
        return rejected("provider_error")
    if told.get("sbdhParsingException") or result in _NEVER_VALID:
        return rejected("validation")
    if text(told.get("lookupError")) or _LOOKUP.search(_classes(told) + said):
        return failed("provider_error") if _NO_ANSWER.search(_causes(told)) else rejected("not_registered")
    no_verdict = result is None and told.get("sendingSuccess") is None and told.get("overallSuccess") is None
    return IGNORED if no_verdict else failed("undelivered")


def _result(told: dict[str, Any]) -> str | None:
    """`SUCCESS`, `TRANSPORT_ERROR` ...; a sending that did not come so far has none."""
    result = text(told.get("sendingResult"), 60)
    return result.strip().upper().replace("-", "_") if result else None


def _errors(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that stopped it, warnings only where there is nothing else."""
    listed = told.get("as4ResponseErrors")
    errors = [e for e in listed if isinstance(e, dict)] if isinstance(listed, list) else []
    return [e for e in errors if str(e.get("severity")).lower() != "warning"] or errors


def _error_texts(error: dict[str, Any]) -> list[str | None]:
    names = ("shortDescription", "description", "errorDetails", "errorDetail")
    return [text(error.get(name)) for name in names]


def _words(told: dict[str, Any]) -> list[str]:
    """What went wrong in the report's own words; stack traces are left out."""
    said = [error_words(text(e.get("errorCode")), *_error_texts(e)) for e in _errors(told)]
    said += [text(told.get("lookupError")) or ""]
    said += [text(e.get("message")) or text(e.get("class")) or "" for e in _exceptions(told)]
    return list(dict.fromkeys(words for words in said if words))


def _exceptions(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [e for e in (told.get(name) for name in _EXCEPTIONS) if isinstance(e, dict)]


def _classes(told: dict[str, Any]) -> str:
    return " ".join(text(e.get("class")) or "" for e in _exceptions(told)) + " "


def _causes(told: dict[str, Any]) -> str:
    """Messages and what stands behind them: only the stack trace names the cause of a failed look-up."""
    traces = [text(e.get("stackTrace")) or "" for e in _exceptions(told)]
    caused = [line for trace in traces for line in trace.splitlines() if line.strip().startswith("Caused by")]
    return "\n".join([*_words(told), *caused])
