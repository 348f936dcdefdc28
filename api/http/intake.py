"""Webhooks come in here: verified on the raw body, logged durably, answered. Nothing is parsed and nothing dropped."""

import asyncio
import logging
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter
from msgspec.structs import replace
from psycopg import OperationalError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from adapters.bootstrap import Installation
from adapters.providers.port import BadSignatureError, Connection, MisconfiguredError, RawRequest
from adapters.providers.registry import UnknownProviderError
from adapters.providers.registry import provider as provider_named
from adapters.webhook_log.merging import MergingLog
from adapters.webhook_log.port import LoggedRequest, LogUnavailableError, WebhookLog
from api.http.problems import Problem

log = logging.getLogger(__name__)
MOST_BYTES = 1024 * 1024
MOST_HEADER_BYTES = 32 * 1024
MOST_URL_BYTES = 8 * 1024
PATIENCE = 30.0
"""Seconds for a body to come in."""
RETRY_AFTER = {"Retry-After": "10"}
_HIDDEN_HEADERS = ("authorization", "proxy-authorization", "cookie")
_SHORTEST_SECRET = 8


def intake_router(installation: Installation, webhook_log: WebhookLog) -> APIRouter:
    """The one route that providers call. Its log belongs to the caller, who closes it."""
    router, intake = APIRouter(), _Intake(installation, webhook_log)

    @router.post(
        "/v1/webhooks/{connection_id}",
        tags=["webhooks"],
        summary="Take a provider's webhook",
        status_code=HTTPStatus.NO_CONTENT,
        response_class=Response,
        responses={
            401: {"description": "It carries no signature."},
            403: {"description": "Its signature is wrong."},
            404: {"description": "There is no such connection."},
            413: {"description": "Its body is over 1 MiB."},
            503: {"description": "It could not be kept now: send it again."},
        },
    )
    async def take_webhook(connection_id: str, request: Request) -> Response:
        try:
            await intake.take(connection_id, request)
        except Problem as problem:
            return problem.response()
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @router.head("/v1/webhooks/{connection_id}", include_in_schema=False)
    @router.get(
        "/v1/webhooks/{connection_id}",
        tags=["webhooks"],
        summary="Try a webhook address",
        status_code=HTTPStatus.NO_CONTENT,
        response_class=Response,
        responses={404: {"description": "There is no such connection."}},
    )
    async def try_address(connection_id: str) -> Response:
        """Some providers call an address before they save it. Nothing is recorded."""
        try:
            await asyncio.to_thread(intake.connection, connection_id)
        except Problem as problem:
            return problem.response()
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return router


class _Intake:
    def __init__(self, installation: Installation, webhook_log: WebhookLog) -> None:
        self.installation = installation
        self.log = MergingLog(webhook_log)

    async def take(self, connection_id: str, request: Request) -> None:
        """Returns once the request is durable. Raises Problem."""
        _refuse_oversized(request)
        body = await _body(request)
        raw = RawRequest(self._url(request), _flat(request.headers), body, self.installation.clock(), request.method)
        verified = await asyncio.to_thread(self._verified, connection_id, raw)
        try:
            await self.log.append(verified)
        except LogUnavailableError as error:
            log.error("the webhook log does not take requests: %s", error)
            raise Problem(503, "log_unavailable", "Send it again later.", headers=RETRY_AFTER) from None

    def _verified(self, connection_id: str, raw: RawRequest) -> LoggedRequest:
        """In a thread: it may ask the database, and checking a signature lets others run. Raises Problem."""
        connection = self.connection(connection_id)
        _verify(raw, connection)
        return LoggedRequest(connection.id, without_secrets(raw, connection))

    def connection(self, named: str) -> Connection:
        """May ask the database. Raises Problem."""
        try:
            found = self.installation.connections.get(UUID(named)) if len(named) == 36 else None
        except ValueError:
            found = None
        except OperationalError as error:
            log.error("connections cannot be read: %s", type(error).__name__)
            raise Problem(503, "unavailable", "Send it again later.", headers=RETRY_AFTER) from None
        if found is None:
            raise Problem(404, "unknown_connection", "There is no such connection.")
        return found

    def _url(self, request: Request) -> str:
        """As the provider was told it and signs it: our public address, whatever a proxy calls us."""
        path = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
        query = request.scope.get("query_string", b"")
        told = path.partition(b"?")[0] + (b"?" + query if query else b"")
        return self.installation.settings.reached_at + told.decode("latin-1")


def without_secrets(request: RawRequest, connection: Connection) -> RawRequest:
    """The request as it is kept: a shared secret has done its work once it is verified."""
    secrets = [s for s in connection.secrets.values() if len(s) >= _SHORTEST_SECRET]
    spelled = sorted({s for secret in secrets for s in (secret, quote(secret), quote(secret, safe=""))}, key=len)
    kept = {name: value for name, value in request.headers.items() if name not in _HIDDEN_HEADERS}
    return replace(
        request,
        url=_hide(request.url, spelled),
        headers={name: _hide(value, spelled) for name, value in kept.items()},
    )


def _hide(text: str, secrets: list[str]) -> str:
    for secret in reversed(secrets):
        text = text.replace(secret, "[secret]")
    return text


def _verify(request: RawRequest, connection: Connection) -> None:
    """Raises Problem."""
    try:
        provider_named(connection.provider).verify(request, connection)
    except BadSignatureError as error:
        log.warning("connection %s: webhook refused: %s", connection.id, error)
        if error.missing:
            raise Problem(401, "signature_missing", "The request carries no signature.") from None
        raise Problem(403, "signature_wrong", "The signature does not match the request.") from None
    except (MisconfiguredError, UnknownProviderError) as error:
        log.error("connection %s: webhooks cannot be verified: %s", connection.id, error)
        raise Problem(503, "misconfigured", "The connection is not set up completely.", headers=RETRY_AFTER) from None


def _refuse_oversized(request: Request) -> None:
    headers = request.scope["headers"]
    if len(request.scope.get("raw_path") or b"") + len(request.scope.get("query_string", b"")) > MOST_URL_BYTES:
        raise Problem(414, "address_too_long")
    if sum(len(name) + len(value) for name, value in headers) > MOST_HEADER_BYTES:
        raise Problem(431, "headers_too_large")
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and int(length) > MOST_BYTES:
        raise _too_large()


async def _body(request: Request) -> bytes:
    """Raises Problem as soon as it is longer than allowed, or takes too long."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                size += len(part)
                if size > MOST_BYTES:
                    raise _too_large()
                parts.append(part)
    except TimeoutError:
        raise Problem(408, "too_slow", headers={"Connection": "close"}) from None
    return b"".join(parts)


def _too_large() -> Problem:
    return Problem(413, "too_large", f"A webhook may have {MOST_BYTES} bytes.", headers={"Connection": "close"})


def _flat(headers: Headers) -> dict[str, str]:
    """Names in lower case; the values of a repeated header joined, so that no second one hides behind the first."""
    flat: dict[str, str] = {}
    for name, value in headers.items():
        flat[name] = f"{flat[name]}, {value}" if name in flat else value
    return flat
