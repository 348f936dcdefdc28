"""GET: the overview and the log, their counts, and one communication or attempt with all that belongs to it."""

from typing import Any
from uuid import UUID

import msgspec
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from adapters.config.api_keys import Caller
from api import timeline
from api.errors import AttemptUnknownError, CommunicationNotFoundError, FieldError
from api.http import asked, reading_docs
from api.http.auth import MayRead
from api.http.masking import masked
from api.http.paging import CursorError, to_cursor, to_place
from api.http.parameters import CURSOR, FILTERS, LIMIT, NEVER_SENT, PAGE, WAIT_FOR
from api.http.read_side import read_side_of
from projections.queries import details
from projections.queries.filters import Filters
from projections.queries.lists import counts, page
from projections.queries.pieces import LOG, OVERVIEW, List, Page, Place

router = APIRouter(tags=["reading"])
_OVERVIEW = (*FILTERS, NEVER_SENT)
_LOG = FILTERS
_PAGED = (LIMIT, CURSOR, WAIT_FOR)


@router.get("/v1/communications", **reading_docs.overview(*_OVERVIEW, *_PAGED))
async def list_communications(request: Request, caller: MayRead) -> Response:
    """One row for everything sent about one subject, newest attempt first."""
    return await _list(OVERVIEW, asked.read(request.query_params, (*_OVERVIEW, *_PAGED)), caller, request)


@router.get("/v1/attempts", **reading_docs.log(*_LOG, *_PAGED))
async def list_attempts(request: Request, caller: MayRead) -> Response:
    """Every attempt to send, newest first."""
    return await _list(LOG, asked.read(request.query_params, (*_LOG, *_PAGED)), caller, request)


@router.get("/v1/communications:counts", **reading_docs.counts(*_OVERVIEW, WAIT_FOR))
async def count_communications(request: Request, caller: MayRead) -> Response:
    """The number in each status group, and of all, under the same filters. `status_group` itself changes nothing."""
    return await _counts(OVERVIEW, asked.read(request.query_params, (*_OVERVIEW, WAIT_FOR)), caller, request)


@router.get("/v1/attempts:counts", **reading_docs.counts(*_LOG, WAIT_FOR))
async def count_attempts(request: Request, caller: MayRead) -> Response:
    """The number in each status group, and of all, under the same filters. `status_group` itself changes nothing."""
    return await _counts(LOG, asked.read(request.query_params, (*_LOG, WAIT_FOR)), caller, request)


@router.get("/v1/communications/{communication_id}", **reading_docs.one_communication(WAIT_FOR))
async def get_communication(communication_id: str, request: Request, caller: MayRead) -> Response:
    """With its attempts, newest first, and its time line, earliest first; ignored or not."""
    values, side = asked.read(request.query_params, (WAIT_FOR,)), read_side_of(request)
    await side.projected.reach(values.get("wait_for"), side.wait_limit)
    if (wanted := _uuid(communication_id)) is not None:
        found = await details.communication(side.asking(caller.tenant_id), wanted)
        if found is not None:
            return _json((await _with_timeline(request, caller, found)).encode(), caller)
    raise CommunicationNotFoundError


@router.get("/v1/attempts/{attempt_id}", **reading_docs.one_attempt(WAIT_FOR))
async def get_attempt(attempt_id: str, request: Request, caller: MayRead) -> Response:
    """With its time line, earliest first."""
    values, side = asked.read(request.query_params, (WAIT_FOR,)), read_side_of(request)
    await side.projected.reach(values.get("wait_for"), side.wait_limit)
    if (wanted := _uuid(attempt_id)) is not None:
        found = await details.attempt(side.asking(caller.tenant_id), wanted)
        if found is not None:
            return _json((await _with_timeline(request, caller, found, wanted)).encode(), caller)
    raise AttemptUnknownError


async def _list(of: List, values: dict[str, Any], caller: Caller, request: Request) -> Response:
    filters, side = asked.filters_of(values, caller), read_side_of(request)
    after = _place(of, filters, values.get("cursor"))
    await side.projected.reach(values.get("wait_for"), side.wait_limit)
    found = await page(side.asking(caller.tenant_id), of, filters, after, values.get("limit", PAGE))
    return _json(_page(of, filters, found), caller)


async def _counts(of: List, values: dict[str, Any], caller: Caller, request: Request) -> Response:
    values.pop("status_group", None)
    filters, side = asked.filters_of(values, caller), read_side_of(request)
    await side.projected.reach(values.get("wait_for"), side.wait_limit)
    found = await counts(side.asking(caller.tenant_id), of, filters)
    return Response(msgspec.json.encode(found), media_type="application/json")


def _place(of: List, filters: Filters, cursor: str | None) -> Place | None:
    try:
        return to_place(of.table, filters, cursor) if cursor is not None else None
    except CursorError:
        message = "Must be `next_cursor` of a page of this list with the same filters."
        raise asked.refusal(FieldError("cursor", "invalid_cursor", message)) from None


def _page(of: List, filters: Filters, found: Page) -> bytes:
    """Put together from the rows' own JSON, which is not read again."""
    cursor = b'"%b"' % to_cursor(of.table, filters, found.last).encode() if found.last else b"null"
    more = b"true" if found.last else b"false"
    return b'{"data":[%b],"has_more":%b,"next_cursor":%b}' % (found.docs, more, cursor)


async def _with_timeline(request: Request, caller: Caller, row: details.Row, attempt_id: UUID | None = None) -> str:
    """Told up to the event that the row shows, so that the whole answer is of one moment."""
    where = (request.app.state.installation, caller.tenant_id, row.communication_id, row.position)
    return row.with_timeline(await run_in_threadpool(timeline.entries, *where, attempt_id))


def _json(body: bytes, caller: Caller) -> Response:
    return Response(body if caller.sees_addresses else masked(body), media_type="application/json")


def _uuid(text: str) -> UUID | None:
    """None for what cannot be an id, and so names nothing."""
    try:
        return UUID(text)
    except ValueError:
        return None
