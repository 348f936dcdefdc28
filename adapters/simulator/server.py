"""The simulator as a web application, as a process, and inside another process."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import msgspec
import uvicorn
from starlette.applications import Starlette

from adapters.clock import Clock, system_clock
from adapters.simulator.config import Config
from adapters.simulator.control import Control
from adapters.simulator.mailbox import open_mailbox
from adapters.simulator.page import Page
from adapters.simulator.registry import attach
from adapters.simulator.web import CuttableProtocol
from adapters.simulator.world import World

log = logging.getLogger(__name__)

LAST_ANSWERS = 3  # seconds that requests under way may take when the simulator stops
READY = 15.0


class Running(msgspec.Struct, frozen=True):
    """Where it listens. `stop` may be called from any thread, more than once."""

    url: str
    smtp_port: int
    stop: Callable[[], None]


def build_app(config: Config | None = None, clock: Clock = system_clock) -> Starlette:
    """The HTTP side. Served by another server than `run`, a call that hangs is answered 504 instead of cut."""
    world = World(config or Config(), clock)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await world.close()

    sides = attach(world)
    routes = [route for side in sides for route in side.routes()] + Control(world).routes() + Page(world).routes()
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.world = world
    return app


def run(
    host: str = "127.0.0.1",
    port: int = 8025,
    smtp_port: int = 2525,
    clock: Clock = system_clock,
    config: Config | None = None,
    started: Callable[[Running], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Port 0 takes a free one; `started` is told. Raises OSError for a taken port."""

    def ready(running: Running) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.stop)
        log.info("The provider simulator listens on %s, SMTP on port %d", running.url, running.smtp_port)
        if started:
            started(running)

    asyncio.run(_serve(build_app(config, clock), host, port, smtp_port, ready))


@contextmanager
def running(
    config: Config | None = None,
    clock: Clock = system_clock,
    host: str = "127.0.0.1",
    port: int = 0,
    smtp_port: int = 0,
) -> Iterator[Running]:
    """The simulator in a thread of this process, for as long as the block lasts. Raises OSError for a taken port."""
    found: list[Running] = []
    failed: list[OSError] = []
    ready = threading.Event()

    def note(running: Running) -> None:
        found.append(running)
        ready.set()

    def serve() -> None:
        try:
            asyncio.run(_serve(build_app(config, clock), host, port, smtp_port, note))
        except OSError as error:
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=serve, name="simulator", daemon=True)
    thread.start()
    ready.wait(READY)
    if not found:
        raise failed[0] if failed else RuntimeError("the simulator did not start")
    try:
        yield found[0]
    finally:
        found[0].stop()
        thread.join(READY)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would raise them again after the shutdown, which kills the process."""
        yield


async def _serve(app: Starlette, host: str, port: int, smtp_port: int, ready: Callable[[Running], None]) -> None:
    world: World = app.state.world
    listener = _listen(host, port)
    try:
        mailbox = await open_mailbox(world, host, smtp_port)
    except OSError:
        listener.close()
        raise
    server = _Server(
        uvicorn.Config(
            app, http=CuttableProtocol, ws="none", lifespan="on", log_config=None, access_log=False,
            server_header=False, timeout_graceful_shutdown=LAST_ANSWERS,
        )
    )  # fmt: skip
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True
        if not loop.is_closed():
            loop.call_soon_threadsafe(world.background.hurry)

    name = f"[{host}]" if ":" in host else host
    ready(Running(f"http://{name}:{listener.getsockname()[1]}", mailbox.sockets[0].getsockname()[1], stop))
    try:
        await server.serve(sockets=[listener])
    finally:
        mailbox.close()


def _listen(host: str, port: int) -> socket.socket:
    """asyncio answers without delay (TCP_NODELAY) only on sockets that name their protocol."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    return listener
