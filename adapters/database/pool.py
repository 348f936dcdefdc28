"""Connections to PostgreSQL in one of Sendtrail's roles.

The login user is a member of the roles and takes one on as the connection opens. A pool tests each connection as it is
handed out, so a restarted PostgreSQL costs its users at most a wait; a dead network is noticed within about a minute.
"""

import select
from typing import Any, Literal

from psycopg import Connection, OperationalError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

Role = Literal["sendtrail_api", "sendtrail_worker", "sendtrail_owner"]

CHECKOUT_TIMEOUT = 10.0
"""Seconds that a caller waits for a free connection before psycopg_pool.PoolTimeout."""

_NETWORK: dict[str, str | int] = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_IDLE_IN_TRANSACTION = "60s"
"""A client that hangs inside a transaction holds up the event store's readers. Not the owner's: rebuilds take long."""


def conninfo(url: str, role: Role | None, application_name: str = "sendtrail", statement_timeout: str = "0") -> str:
    """The libpq string for `url` with the role taken on; what the URL itself says about network and name wins.

    `statement_timeout` is in PostgreSQL's words ("5s"; "0": none). Raises psycopg.ProgrammingError on a malformed URL.
    """
    given = {name: value for name, value in conninfo_to_dict(url).items() if value is not None}
    settings = {"statement_timeout": statement_timeout}
    if role:
        settings["role"] = role
    if role in ("sendtrail_api", "sendtrail_worker"):
        settings["idle_in_transaction_session_timeout"] = _IDLE_IN_TRANSACTION
    options = " ".join([str(given.pop("options", "")), *(f"-c {name}={value}" for name, value in settings.items())])
    return make_conninfo("", **{"application_name": application_name, **_NETWORK, **given, "options": options.strip()})


def connect(
    url: str, role: Role | None = None, *, autocommit: bool = False, application_name: str = "sendtrail"
) -> Connection[tuple[Any, ...]]:
    """One connection outside any pool; without a role it keeps the login user's own rights."""
    return Connection.connect(conninfo(url, role, application_name), autocommit=autocommit)


def sync_pool(
    url: str,
    role: Role,
    *,
    min_size: int = 1,
    max_size: int = 10,
    timeout: float = CHECKOUT_TIMEOUT,
    application_name: str = "sendtrail",
    statement_timeout: str = "0",
) -> ConnectionPool[Connection[tuple[Any, ...]]]:
    """A closed pool: `with sync_pool(...) as pool:` or `pool.open()` opens it.

    Its connections are in autocommit: one statement by itself costs one round trip.
    """

    def check(connection: "Connection[Any]") -> None:
        """Where one was lost, the others probably were too. Found one by one, each would be waited for twice as long
        as the one before: with five of them nobody had a connection within `timeout`.
        """
        try:
            _check(connection)
        except OperationalError:
            pool.check()
            raise

    pool = ConnectionPool(
        conninfo(url, role, application_name, statement_timeout),
        kwargs={"autocommit": True},
        min_size=min_size,
        max_size=max_size,
        timeout=timeout,
        open=False,
        check=check,
        name=application_name,
    )
    return pool


def _check(connection: "Connection[Any]") -> None:
    """A server that went away has said so, or closed its end: only then is a round trip worth it."""
    if _has_said_something(connection.fileno()):
        ConnectionPool.check_connection(connection)


def _has_said_something(socket: int) -> bool:
    polled = select.poll()
    polled.register(socket, select.POLLIN)
    return bool(polled.poll(0))
