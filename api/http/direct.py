"""What is asked most, lists and counts, and single sends, passes in front of FastAPI: its way to a route takes longer
than the route.

FastAPI knows the routes all the same: it tells of them in OpenAPI, and answers other methods.
"""

from collections.abc import Sequence
from functools import partial

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http import attempts, reading
from api.http.auth import may_read
from api.http.problems import answer_to
from api.http.routes import Handle, guarded


class Direct:
    """Answers what it `takes`, in an application whose state the routes find in `app`."""

    def __init__(self, app: ASGIApp, sending: Sequence[BaseRoute]) -> None:
        self.app = app
        reads = [route for route in reading.router.routes if isinstance(route, APIRoute) and not route.param_convertors]
        self._routes: dict[tuple[str, str], tuple[APIRoute, Handle]] = {
            ("GET", route.path): (route, partial(_read, route)) for route in reads
        }
        for route in sending:
            if isinstance(route, APIRoute) and route.path == attempts.PATH:
                self._routes["POST", route.path] = route, partial(guarded, attempts.send_directly)

    def takes(self, scope: Scope) -> bool:
        return (scope["method"], scope["path"]) in self._routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self.app
        scope["route"], handle = self._routes[scope["method"], scope["path"]]
        try:
            response = await handle(Request(scope, receive))
        except Exception as error:
            told = answer_to(error)
            if told is None:
                raise
            response = told
        await response(scope, receive, send)


async def _read(route: APIRoute, request: Request) -> Response:
    response: Response = await route.endpoint(request, await may_read(request))
    return response
