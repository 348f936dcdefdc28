"""Whether the process is alive, whether it can serve, and figures for Prometheus."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from psycopg import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from adapters.database.migrate import FOLDER
from adapters.database.queries import load
from adapters.database.session import statement
from api.http import metrics
from api.http.auth import InstallationDep
from api.http.metrics import Sample
from api.http.problems import Problem

SQL = load(__file__)
router = APIRouter(tags=["Health"])


@router.get("/healthz")
async def alive() -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
def ready(installation: InstallationDep) -> Response:
    """The database is there and its schema is this release's; how far each projection is behind, in events."""
    with installation.database.pool.connection() as connection:
        missing = _missing(connection)
        lag = {name: behind for name, _, behind in _rows(connection, "lag")}
    if missing:
        raise Problem(503, "not_migrated", f"Missing in the database: {', '.join(missing)}. Run sendtrail migrate.")
    return JSONResponse({"status": "ready", "lag": max(lag.values(), default=0), "projections": lag})


@router.get("/metrics", response_class=PlainTextResponse)
def figures(request: Request, installation: InstallationDep) -> Response:
    """Requests of this process; projections, backlogs and connections of the whole installation."""
    with installation.database.pool.connection() as connection:
        now = installation.clock()
        gauges = [*_projections(connection), *_backlog(connection, now), *_connections(connection, now)]
    counted: metrics.Metrics = request.app.state.metrics
    return Response(counted.text(gauges), media_type=metrics.MEDIA_TYPE)


def _missing(connection: "Connection[Any]") -> list[str]:
    applied = {name for (name,) in _rows(connection, "applied")}
    return sorted({path.name for path in FOLDER.glob("[0-9]*.sql")} - applied)


def _projections(connection: "Connection[Any]") -> Iterator[Sample]:
    rows = _rows(connection, "lag")
    for name, position, _ in rows:
        yield "sendtrail_projection_position", {"projection": name}, position
    for name, _, behind in rows:
        yield "sendtrail_projection_lag_events", {"projection": name}, behind


def _backlog(connection: "Connection[Any]", at: object) -> Iterator[Sample]:
    for name, number in _rows(connection, "backlog", (at,)):
        yield "sendtrail_backlog", {"of": name}, number


def _connections(connection: "Connection[Any]", at: object) -> Iterator[Sample]:
    """How many are sent over (closed), paused (open) or being tried, and how many need a person."""
    for provider, state, number in _rows(connection, "connection_states", (at,)):
        yield "sendtrail_connections", {"provider": provider, "breaker": state}, number
    for provider, warning, number in _rows(connection, "connection_warnings"):
        yield "sendtrail_connection_warnings", {"provider": provider, "warning": warning}, number


def _rows(connection: "Connection[Any]", name: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
    return connection.execute(statement(SQL[name]), values).fetchall()
