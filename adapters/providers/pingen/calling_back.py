"""Cancelling a letter that was not yet given to the post."""

from urllib.parse import quote

import httpx

from adapters.providers.calls import by_status, misconfigured
from adapters.providers.pingen import asking, organisation
from adapters.providers.port import (
    CallBackAnswer,
    CalledBack,
    Connection,
    Lookup,
    MisconfiguredError,
    RawAnswer,
    Taken,
    TooLate,
    Unknown,
)

_TOO_LATE = (httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND, httpx.codes.CONFLICT, httpx.codes.UNPROCESSABLE_ENTITY)
"""The letter's state does not allow it; 404 is a letter that was deleted there."""


def call_back(message_id: str, connection: Connection, http: httpx.Client) -> CallBackAnswer:
    try:
        path = f"{organisation.letters(connection)}/{quote(message_id, safe='')}/cancel"
        answer = organisation.call(connection, http, "PATCH", path)
        if not isinstance(answer, RawAnswer):
            return answer
        if answer.status in _TOO_LATE and _is_cancelled(message_id, connection, http):
            return CalledBack()
    except MisconfiguredError as error:
        return misconfigured(error)
    except httpx.HTTPError as error:
        return Unknown(type(error).__name__)
    return _meaning(answer)


def _meaning(answer: RawAnswer) -> CallBackAnswer:
    if httpx.codes.is_success(answer.status):
        return CalledBack()
    detail = organisation.detail_of(answer)
    if answer.status in _TOO_LATE:
        return TooLate(detail)
    other = by_status(answer, detail)
    return Unknown(detail) if isinstance(other, Taken) else other


def _is_cancelled(message_id: str, connection: Connection, http: httpx.Client) -> bool:
    """Called back before, or in Pingen's app. Raises httpx.HTTPError, MisconfiguredError."""
    found = asking.ask_about(Lookup("", message_id), connection, http)
    return any(report.reason == "cancelled" for report in found)
