"""Options that several commands share; each can also come from the environment."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from adapters.config.tenants import ConfigError
from adapters.database.embedded import EmbeddedServer
from adapters.settings import Settings

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="SENDTRAIL_DATABASE_URL",
        help="PostgreSQL to use. Without it: the embedded one in the data folder, which `sendtrail up` starts.",
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar="SENDTRAIL_DATA_DIR",
        help="Documents, the master key, the embedded PostgreSQL.",
        show_default="sendtrail-data",
    ),
]
Kafka = Annotated[
    str | None,
    typer.Option(
        "--kafka",
        envvar="SENDTRAIL_KAFKA",
        help="Kafka bootstrap servers (host:port,...) for the webhook log. Without it: a PostgreSQL table.",
    ),
]
Host = Annotated[
    str | None, typer.Option("--host", envvar="SENDTRAIL_HOST", help="Address to listen on.", show_default="127.0.0.1")
]
Port = Annotated[
    int | None,
    typer.Option("--port", envvar="SENDTRAIL_PORT", help="Port to listen on; 0: a free one.", show_default="8080"),
]
PublicUrl = Annotated[
    str | None,
    typer.Option(
        "--public-url",
        envvar="SENDTRAIL_PUBLIC_URL",
        help="Where providers reach this installation; part of what some of them sign.",
        show_default="http://HOST:PORT",
    ),
]
ClockFile = Annotated[
    Path | None,
    typer.Option(
        "--clock-file", envvar="SENDTRAIL_CLOCK_FILE", help="A file with seconds to add to the clock.", hidden=True
    ),
]
TenantName = Annotated[str, typer.Option("--tenant", envvar="SENDTRAIL_TENANT", help="The tenant, by name or id.")]


def settings(**given: Any) -> Settings:
    """The settings of the environment, with what the command line gave on top. Raises ConfigError."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        # Never the value itself: it may be a secret.
        wrong = [f"SENDTRAIL_{str(e['loc'][0]).upper()}: {e['msg'].lower()}" for e in error.errors(include_input=False)]
        raise ConfigError("; ".join(wrong)) from None


def located(found: Settings) -> Settings:
    """The settings with a database: the named one, else the embedded one if it runs. Raises ConfigError."""
    if found.database_url:
        return found
    server = EmbeddedServer(found.data_dir / "postgres")
    if not server.is_running():
        raise ConfigError(
            f"no PostgreSQL runs in {found.data_dir}: start `sendtrail up`, or name a database with --database-url"
        )
    return found.model_copy(update={"database_url": server.url()})


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Says of a file that a person named what is wrong with it. Raises ConfigError."""
    try:
        yield
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not text in UTF-8") from None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {(error.strerror or type(error).__name__).lower()}") from None
