"""Whether an address is free, asked before anything is started for it."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.config.tenants import ConfigError


def require_free(host: str, port: int, option: str = "--port") -> None:
    """Raises ConfigError where nobody can listen on the address; port 0 is always free."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, *_, address in found:
            socket.create_server(address, family=family).close()
    except OSError as error:
        number = error.errno or 0
        why = os.strerror(number).lower() if number > 0 else error.strerror
        raise ConfigError(f"cannot listen on {host}:{port} ({why}): name another with {option}") from None


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One `sendtrail up` a folder, for as long as the block lasts or the process lives. Raises ConfigError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "up.lock").open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"Sendtrail is up in {folder} already: end it, or name another --data-dir") from None
        yield
