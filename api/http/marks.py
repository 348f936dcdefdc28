"""What people mark: sent by hand, ignored, restored; and the erasure of a customer."""

from typing import Annotated

from fastapi import APIRouter, Body, Path
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from api import marking
from api.erasing import erase_customer
from api.http.answers import Answer
from api.http.auth import InstallationDep, MayAdmin, MaySend
from api.http.fields import Id
from api.http.idempotency import Keep, OnceDep
from api.http.openapi import COMMUNICATION, ERASED, OUTCOMES, answers
from api.http.routes import CommunicationId, answered, as_answered, guarded_router
from api.http.schemas import EraseIn, MarkIn, MarkSentIn
from domain.values import Person


def marks_router() -> APIRouter:
    router = guarded_router("Marks")
    router.post("/v1/communications:mark_sent", responses=answers(OUTCOMES, 200, 422))(mark_sent)
    router.post("/v1/communications/{communication_id}/ignore", responses=answers(COMMUNICATION, 200, 404))(ignore)
    router.post("/v1/communications/{communication_id}/restore", responses=answers(COMMUNICATION, 200, 404))(restore)
    router.delete("/v1/customers/{customer_id:path}", responses=answers(ERASED, 200))(erase)
    return router


async def mark_sent(asked: MarkSentIn, installation: InstallationDep, caller: MaySend, once: OnceDep) -> Response:
    """Say that subjects went out by hand: each item opens a manual attempt, or ends the one that needed action."""

    def carry_out(keep: Keep | None) -> Answer:
        return answered(200, marking.mark_sent(installation, caller, asked, once.ids, as_answered(200, keep)))

    return await once(lambda keep: run_in_threadpool(carry_out, keep))


def ignore(
    communication_id: CommunicationId, asked: MarkIn, installation: InstallationDep, caller: MaySend
) -> Response:
    """Take a communication out of lists and counts, until it is restored or sent again."""
    return answered(200, marking.ignore(installation, caller, communication_id, asked)).response(caller)


def restore(
    communication_id: CommunicationId, asked: MarkIn, installation: InstallationDep, caller: MaySend
) -> Response:
    """Put it back."""
    return answered(200, marking.restore(installation, caller, communication_id, asked)).response(caller)


def erase(
    customer_id: Annotated[Id, Path(description="The owner system's id of the customer.")],
    installation: InstallationDep,
    caller: MayAdmin,
    asked: Annotated[EraseIn | None, Body()] = None,
) -> Response:
    """Destroy a customer's keys: names, addresses, messages and documents can never be read again."""
    said = asked.requested_by if asked else None
    person = Person(id=said.id if said else None, api_key=caller.key_id)
    count = erase_customer(installation, caller.tenant_id, customer_id, person)
    return JSONResponse({"customer_id": customer_id, "keys_destroyed": count})
