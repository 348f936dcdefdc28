"""Subjects, as the owner system puts them."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from api import subjects
from api.http.auth import InstallationDep, MayRead, MaySend
from api.http.fields import Id
from api.http.openapi import SUBJECT, SUBJECT_WITH_COMMUNICATION, answers
from api.http.routes import answered, guarded_router
from api.http.schemas import SubjectIn, SubjectRef
from domain.values import SubjectType

ExternalId = Annotated[Id, Path(description="The owner system's id; may contain slashes.")]
PATH = "/v1/subjects/{type}/{external_id:path}"


def subjects_router() -> APIRouter:
    """Belongs behind the documents' router: an external id may have slashes."""
    router = guarded_router("Subjects")
    router.put(PATH, responses=answers(SUBJECT, 200, 422) | {201: {"description": "New."}})(put)
    router.get(PATH, responses=answers(SUBJECT_WITH_COMMUNICATION, 200, 404))(get)
    return router


async def put(
    type: SubjectType,  # noqa: A002 - the path's own word
    external_id: ExternalId,
    said: SubjectIn,
    installation: InstallationDep,
    caller: MaySend,
) -> Response:
    """Say all that is so about a subject now: 201 where it is new."""
    created, done = await subjects.put(installation, caller, SubjectRef(type=type, external_id=external_id), said)
    return answered(201 if created else 200, done).response(caller)


def get(
    type: SubjectType,  # noqa: A002 - the path's own word
    external_id: ExternalId,
    installation: InstallationDep,
    caller: MayRead,
) -> Response:
    """A subject with its communication as it is now; null where it was never sent."""
    return answered(200, subjects.get(installation, caller, SubjectRef(type=type, external_id=external_id))).response(
        caller
    )
