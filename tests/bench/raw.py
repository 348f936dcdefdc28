"""The limit: the one-row commits that PostgreSQL does for a C client, with a table and indexes like the store's."""

import subprocess
import tempfile
from urllib.parse import parse_qs, unquote, urlsplit

from adapters.database.embedded import EmbeddedServer, binaries
from adapters.database.pool import connect
from tests.bench.clients import CLIENTS, SECONDS
from tests.bench.measuring import database

NAME = "raw one-row commits (pgbench)"
_TABLES = """
CREATE SCHEMA bench;
CREATE TABLE bench.raw (
    tenant_id uuid NOT NULL, id uuid NOT NULL, version bigint NOT NULL, topic text NOT NULL, state bytea NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (id, version)
);
CREATE UNIQUE INDEX ON bench.raw (position);
"""
_INSERT = (
    "INSERT INTO bench.raw (tenant_id, id, version, topic, state) VALUES ('6f1d7c0e-2f6b-5f0a-9a53-0b6a2f6f1c11',"
    " gen_random_uuid(), 1, 'InvoiceCommunication.SubjectRevised', convert_to(repeat('x', 400), 'UTF8'));"
)


def rate(server: EmbeddedServer) -> float:
    """pgbench prints `tps = N (without initial connection time)`."""
    with database(server) as url, tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        with connect(url, autocommit=True) as connection:
            connection.execute(_TABLES)
        script.write(_INSERT)
        script.flush()
        parts = urlsplit(url)
        host = unquote(parse_qs(parts.query)["host"][0])
        command = [
            str(binaries() / "pgbench"), "-h", host, "-U", parts.username or "", "-n", "-M", "prepared",
            "-c", str(CLIENTS), "-j", "2", "-T", str(int(SECONDS)), "-f", script.name, parts.path[1:],
        ]  # fmt: skip
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return next(float(line.split()[2]) for line in told.splitlines() if line.startswith("tps"))
