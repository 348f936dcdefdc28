"""The HTTP server."""

import gc
import socket
from typing import Any

import uvicorn


class Server(uvicorn.Server):
    """Serves the application object itself. Ends the live streams first: by themselves they never end."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What the application is made of is looked through for cycles once and never again, and what comes later in
        # larger lots: 64 requests under way are some 10,000 objects, and make no cycles.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app: Any = self.config.app
        app.state.read_side.live.close()
        await super().shutdown(sockets)
