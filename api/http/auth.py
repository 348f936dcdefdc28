"""Who calls: `Authorization: Bearer KEY`, and what the key may do."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller, Scope
from api.http.problems import Problem

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="sendtrail"'}
_documented = HTTPBearer(auto_error=False, scheme_name="api_key", description="An API key: `sendtrail key add`.")


def installation_of(request: Request) -> Installation:
    found: Installation = request.app.state.installation
    return found


async def _installation(request: Request) -> Installation:
    """A coroutine, because it would have to wait for a thread otherwise."""
    return installation_of(request)


InstallationDep = Annotated[Installation, Depends(_installation)]


async def authenticate(request: Request) -> Caller:
    """Raises Problem 401."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Problem(401, detail="Give an API key: Authorization: Bearer KEY.", headers=_CHALLENGE)
    keys = installation_of(request).api_keys
    known, caller = keys.remembered(secret.strip())
    if not known:
        caller = await run_in_threadpool(keys.who, secret.strip())
    if caller is None:
        headers = {"WWW-Authenticate": f'{_CHALLENGE["WWW-Authenticate"]}, error="invalid_token"'}
        raise Problem(401, "invalid_key", "The API key is not known, or was revoked.", headers=headers)
    request.state.caller = caller
    return caller


def needs(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency that answers the caller, and refuses one whose key lacks the scope (403)."""

    async def admitted(request: Request, _: Annotated[object, Security(_documented)] = None) -> Caller:
        caller: Caller = getattr(request.state, "caller", None) or await authenticate(request)
        if not caller.may(scope):
            detail = f"The API key lacks the scope '{scope.value}'."
            raise Problem(403, "missing_scope", detail, title="Missing scope")
        return caller

    return admitted


may_read, may_send = needs(Scope.READ), needs(Scope.SEND)
MaySend = Annotated[Caller, Depends(may_send)]
MayRead = Annotated[Caller, Depends(may_read)]
MayAdmin = Annotated[Caller, Depends(needs(Scope.ADMIN))]
