"""What tests of the rebuild share: it in the owner's role, on the events and read tables of `ReadModels`."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from psycopg import Connection
from psycopg_pool import ConnectionPool
from pydantic import SecretStr

from adapters.bootstrap import Installation
from adapters.clock import system_clock
from adapters.database.pool import conninfo
from adapters.database.session import Database
from adapters.keys.master import MasterKey
from adapters.settings import Settings
from consumers.rebuild.plan import Progress
from domain.communication import InvoiceCommunication
from domain.values import Message, Recipient, SubjectType
from tests.consumers.read_models import ReadModels
from tests.projections.told import at, handed, order

KEY = b"k" * 32
"""The master key of `ReadModels`, and as a setting."""
MASTER_KEY = base64.b64encode(KEY).decode()


class Heard:
    """An audience that remembers, and may be given something to do whenever it is spoken to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.progress: list[Progress] = []

    def says(self, line: str) -> None:
        self.lines.append(line)

    def shows(self, progress: Progress) -> None:
        self.progress.append(progress)


@contextmanager
def owning(url: str, **connections: Any) -> Iterator[Installation]:
    """The installation as `sendtrail projection rebuild` has it. `connections`: what psycopg opens them with."""
    settings = Settings(database_url=url, data_dir=Path("unused"), master_key=SecretStr(MASTER_KEY))
    info = conninfo(url, "sendtrail_owner")
    pool: ConnectionPool[Connection[Any]]
    check = ConnectionPool.check_connection if not connections else None
    with ConnectionPool(info, min_size=1, max_size=6, kwargs=connections, check=check, open=True) as pool:
        yield Installation(settings, system_clock, MasterKey(KEY), Database(pool, per_tenant=False))


def sent(models: ReadModels, number: int, customer: int = 0) -> InvoiceCommunication:
    """Four events."""
    key = models.key(customer)
    people = [Recipient(1, key.seal(f"ap{number}@payer.example"), f"h{number}", key.seal("Anna"))]
    asked = order(str(uuid4()), recipients=people, message=Message(key.seal(f"Invoice {number}")))
    return handed(InvoiceCommunication(models.tenant, SubjectType.INVOICE, f"INV-{number}", timestamp=at(-1)), asked)
