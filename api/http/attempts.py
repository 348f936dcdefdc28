"""Sending: once, many at once, again; cancelling; and asking the provider what became of it."""

from typing import Annotated

from fastapi import APIRouter, Body
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import bulk, cancelling, sending
from api.asking import Asking
from api.http.answers import Answer
from api.http.auth import InstallationDep, MaySend, installation_of, may_send
from api.http.bodies import read_json
from api.http.idempotency import Keep, OnceDep, once_for
from api.http.openapi import ATTEMPT, OUTCOMES, answers
from api.http.problems import validated
from api.http.routes import AttemptId, answered, as_answered, guarded_router
from api.http.schemas import BulkIn, CancelIn, ResendIn, SendIn

PATH = "/v1/attempts"


def attempts_router() -> APIRouter:
    router = guarded_router("Sending")
    router.post(PATH, status_code=202, responses=answers(ATTEMPT, 202, 404, 409, 422))(send)
    router.post("/v1/attempts:bulk", responses=answers(OUTCOMES, 200, 422))(send_all)
    router.post("/v1/attempts/{attempt_id}/resend", status_code=202, responses=answers(ATTEMPT, 202, 404, 409, 422))(
        resend
    )
    router.post("/v1/attempts/{attempt_id}/refresh", responses=answers(ATTEMPT, 200, 404, 409))(refresh)
    stopped = answers(ATTEMPT, 202) | answers(ATTEMPT, 200, 404, 409)
    router.post("/v1/attempts/{attempt_id}/cancel", responses=stopped)(cancel)
    return router


async def send(asked: SendIn, installation: InstallationDep, caller: MaySend, once: OnceDep) -> Response:
    """Ask for a subject to be sent once, over one channel.

    While such an attempt waits or is being sent, another to one of the same recipients is 409 `attempt_open`.
    Where nobody can be reached by machine, the attempt is recorded all the same and `needs_action`.
    """

    async def carry_out(keep: Keep | None) -> Answer:
        done = await sending.send(installation, caller, asked, once.ids(), once.key, as_answered(202, keep))
        return answered(202, done)

    return await once(carry_out)


async def send_directly(request: Request) -> Response:
    """What FastAPI does for `send`, in its order: the body is read, who calls is admitted, then the body is checked."""
    body, installation = await read_json(request), installation_of(request)
    caller = await may_send(request)
    once = await once_for(request, installation, caller, request.headers.get("idempotency-key"))
    return await send(validated(SendIn, body), installation, caller, once)


async def send_all(asked: BulkIn, installation: InstallationDep, caller: MaySend, once: OnceDep) -> Response:
    """Up to 1,000 sends; the answer has an outcome for each, in order: accepted, skipped or refused."""

    def carry_out(keep: Keep | None) -> Answer:
        return answered(200, bulk.send_all(installation, caller, asked, once.ids, as_answered(200, keep)))

    return await once(lambda keep: run_in_threadpool(carry_out, keep))


async def resend(
    attempt_id: AttemptId,
    installation: InstallationDep,
    caller: MaySend,
    once: OnceDep,
    asked: Annotated[ResendIn | None, Body()] = None,
) -> Response:
    """Send an attempt again, whatever became of it, with the same message and documents, as a new attempt."""
    wanted = asked or ResendIn()

    def carry_out(keep: Keep | None) -> Answer:
        kept = as_answered(202, keep)
        return answered(202, sending.resend(installation, caller, attempt_id, wanted, once.ids(), once.key, kept))

    return await once(lambda keep: run_in_threadpool(carry_out, keep))


def refresh(attempt_id: AttemptId, request: Request, caller: MaySend) -> Response:
    """Ask the provider now what became of an attempt, up to 25 days after it was shipped."""
    asking: Asking = request.app.state.asking
    return answered(200, asking.refresh(caller, attempt_id)).response(caller)


def cancel(
    attempt_id: AttemptId, request: Request, caller: MaySend, asked: Annotated[CancelIn | None, Body()] = None
) -> Response:
    """Stop an attempt that has not gone out.

    200: it was still here, and is `skipped`. 202: its provider has it and stops it; the attempt fails as `cancelled`
    once the provider says so. Where that is too late it is 409 `too_late_to_cancel`, or `already_sent`.
    """
    asking: Asking = request.app.state.asking
    status, done = cancelling.cancel(asking, caller, attempt_id, asked or CancelIn())
    return answered(status, done).response(caller)
