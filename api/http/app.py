"""The HTTP application, put together from its routers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import httpx
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.bootstrap import Installation
from adapters.webhook_log.opening import open_log
from api.asking import Asking
from api.http import health, reading, stream
from api.http.attempts import attempts_router
from api.http.bodies import BoundBodies
from api.http.claims import Claims
from api.http.direct import Direct
from api.http.documents import documents_router
from api.http.intake import PREFIX, Intake
from api.http.marks import marks_router
from api.http.metrics import Metrics
from api.http.observe import Observe
from api.http.openapi import described
from api.http.problems import add_problem_handlers
from api.http.read_side import read_side
from api.http.subjects import subjects_router
from api.waking import Waker

PROVIDER_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
"""Of a question to a provider while somebody waits."""


class Application(FastAPI):
    """FastAPI, but for webhooks, lists and sends, which it would more than double the time of."""

    intake: ASGIApp
    direct: ASGIApp
    takes: Callable[[Scope], bool]
    """Whether a request is one for `direct`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self.intake(scope, receive, send)
        elif scope["type"] == "http" and self.takes(scope):
            await self.direct(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def build_app(installation: Installation) -> Application:
    """`installation` has the API's role, and outlives the application."""
    app = Application(
        title="Sendtrail",
        version="1",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    app.state.installation = installation
    app.state.metrics = Metrics()
    app.state.claims = Claims(installation.database)
    app.state.waker = Waker(installation.database.pool)
    app.state.webhook_log = open_log(installation.settings, installation.database, installation.clock)
    app.add_middleware(BoundBodies)
    app.add_middleware(Observe, metrics=app.state.metrics)
    app.intake = Observe(Intake(installation, app.state.webhook_log), app.state.metrics, unlogged=HTTPStatus.NO_CONTENT)
    attempts = attempts_router()
    direct = Direct(app, attempts.routes)
    app.direct, app.takes = Observe(BoundBodies(direct), app.state.metrics), direct.takes
    add_problem_handlers(app)
    # The order counts: an external id may have slashes, so the documents' paths come before the subjects'. Routes are
    # tried in turn, so what is asked most often comes first.
    for router in (reading.router, documents_router(), subjects_router(), attempts, marks_router(),
                   stream.router, health.router):  # fmt: skip
        app.include_router(router)
    app.openapi = described(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    installation: Installation = app.state.installation
    # A thread for each connection but the waker's: more would only wait for one, and then give up.
    current_default_thread_limiter().total_tokens = max(installation.database.pool.max_size - 1, 1)
    with httpx.Client(timeout=PROVIDER_TIMEOUT) as http:
        app.state.asking = Asking(installation, http)
        app.state.waker.start()
        try:
            async with read_side(installation.settings.database_url) as side:
                app.state.read_side = side
                yield
        finally:
            app.state.waker.stop()
            app.state.webhook_log.close()
