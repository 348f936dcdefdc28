"""Lists and counts, which are asked for most, pass in front of FastAPI: its way to a route takes longer than the route.

FastAPI knows the routes all the same: it tells of them in OpenAPI, and answers other methods.
"""

import logging

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.auth import may_read
from api.http.problems import Problem, problem_of
from api.http.reading import router

log = logging.getLogger(__name__)


class Lists:
    """Answers GET of the paths that it `takes`, in an application whose state the routes find in `app`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        routes = [route for route in router.routes if isinstance(route, APIRoute) and not route.param_convertors]
        self._routes = {route.path: route for route in routes}

    def takes(self, scope: Scope) -> bool:
        return scope["path"] in self._routes and scope["method"] == "GET"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"], scope["route"] = self.app, self._routes[scope["path"]]
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            response: Response = await request.scope["route"].endpoint(request, await may_read(request))
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            return _refused(problem, error)
        return response


def _refused(problem: Problem, error: Exception) -> Response:
    if problem is not error and problem.status_code == 503:
        log.warning("unavailable: %s", type(error).__name__)
    return problem.response()
