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


InstallationDep = Annotated[Installation, Depends(installation_of)]


def authenticate(request: Request) -> Caller:
    """Blocks for a look-up that is remembered for 5 s. Raises Problem 401."""
    caller = installation_of(request).api_keys.who(_secret(request))
    if caller is None:
        headers = {"WWW-Authenticate": f'{_CHALLENGE["WWW-Authenticate"]}, error="invalid_token"'}
        raise Problem(401, "invalid_key", "The API key is not known, or was revoked.", headers=headers)
    request.state.caller = caller
    return caller


def _secret(request: Request) -> str:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Problem(401, detail="Give an API key: Authorization: Bearer KEY.", headers=_CHALLENGE)
    return secret.strip()


async def identified(request: Request) -> Caller:
    """Only a key that was not seen for a while is worth a thread."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        known = installation_of(request).api_keys.remembered(_secret(request))
        if known is None:
            return await run_in_threadpool(authenticate, request)
        request.state.caller = known
    return known


def needs(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency that answers the caller, and refuses one whose key lacks the scope (403)."""

    async def admitted(request: Request, _: Annotated[object, Security(_documented)] = None) -> Caller:
        caller = await identified(request)
        if not caller.may(scope):
            detail = f"The API key lacks the scope '{scope.value}'."
            raise Problem(403, "missing_scope", detail, title="Missing scope")
        return caller

    return admitted


MaySend = Annotated[Caller, Depends(needs(Scope.SEND))]
MayRead = Annotated[Caller, Depends(needs(Scope.READ))]
MayAdmin = Annotated[Caller, Depends(needs(Scope.ADMIN))]
