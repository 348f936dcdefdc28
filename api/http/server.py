"""The HTTP server."""

import socket
from typing import Any

import uvicorn


class Server(uvicorn.Server):
    """Serves the application object itself. Ends the live streams first: by themselves they never end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app: Any = self.config.app
        app.state.read_side.live.close()
        await super().shutdown(sockets)
