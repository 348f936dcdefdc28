"""Both webhook logs as one kind of thing, for the contract that they share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from psycopg_pool import ConnectionPool

from adapters.providers.port import RawRequest
from adapters.settings import Settings
from adapters.webhook_log.frames import decode_frame
from adapters.webhook_log.kafka import KafkaLog
from adapters.webhook_log.kafka_client import KafkaSettings
from adapters.webhook_log.kafka_reader import KafkaReader
from adapters.webhook_log.kafka_topic import ensure_topic
from adapters.webhook_log.opening import kafka_settings
from adapters.webhook_log.port import LoggedRequest, LogReader, LogUnavailableError, WebhookLog
from adapters.webhook_log.postgres import PostgresLog
from adapters.webhook_log.postgres_reader import PostgresReader
from tests.support.eventually import eventually
from tests.support.installation import START
from tests.support.ports import free_port
from tests.support.webhook_log import put


class Stand:
    """Where readers stand, as the database would keep it."""

    def __init__(self) -> None:
        self.stored: dict[str, int] = {}

    def __call__(self, names: Sequence[str]) -> Mapping[str, int]:
        return {name: self.stored[name] for name in names if name in self.stored}


class LogUnderTest(NamedTuple):
    log: WebhookLog
    new_reader: Callable[[Stand], LogReader]
    unreachable: WebhookLog
    unreachable_reader: Callable[[], LogReader]


class Reading:
    """A reader, all that it handed out, and the position before each batch. It stores how far it is in `stand`."""

    def __init__(self, reader: LogReader, stand: Stand | None = None) -> None:
        self.reader = reader
        self.stand = stand or Stand()
        self.got: list[tuple[str, int, LoggedRequest]] = []
        self.afters: dict[str, list[tuple[int, int]]] = {}

    def poll(self, max_records: int = 100) -> None:
        for name, batch in self.reader.poll(0.2, max_records).items():
            self.afters.setdefault(name, []).append((batch.after, batch.records[-1].offset))
            self.stand.stored[name] = batch.records[-1].offset
            for record in batch.records:
                self.got += [(name, record.offset, logged) for logged in decode_frame(record.frame)]

    def bodies(self) -> list[bytes]:
        return [logged.request.body for _, _, logged in self.got]

    def until(self, count: int, max_records: int = 100) -> list[bytes]:
        """Poll until so many requests came; then once more, for what should not come."""

        def enough() -> bool:
            self.poll(max_records)
            return len(self.got) >= count

        eventually(enough, within=30)
        self.poll(max_records)
        return self.bodies()


def request(body: bytes, connection_id: UUID | None = None) -> LoggedRequest:
    headers = {"content-type": "application/json", "x-signature": "\u00e9=="}
    url = "https://example.test/v1/webhooks/x?a=1&b=%C3%A9"
    return LoggedRequest(connection_id or uuid4(), RawRequest(url, headers, body, START))


def appended(log: WebhookLog, logged: LoggedRequest) -> bool:
    try:
        put(log, [logged])
    except LogUnavailableError:
        return False
    return True


def in_file(folder: Path, *lines: str, servers: str = "127.0.0.1:9") -> KafkaSettings:
    """Settings whose options of the client are these lines of a file."""
    file = folder / "kafka.properties"
    file.write_text("\n".join(lines))
    return kafka_settings(Settings(kafka=servers, webhook_topic=f"webhooks-{uuid4().hex[:12]}", kafka_options=file))


@contextmanager
def postgres_log(pool: "ConnectionPool[Any]", url: str) -> Iterator[LogUnderTest]:
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    with ExitStack() as opened:
        broken: ConnectionPool[Any] = ConnectionPool(nowhere, min_size=0, max_size=1, timeout=0.5, open=False)
        opened.enter_context(broken)

        def new_reader(stand: Stand) -> LogReader:
            reader = PostgresReader(url, stand)
            opened.callback(reader.close)
            return reader

        log, unreachable = PostgresLog(pool, lambda: START), PostgresLog(broken, lambda: START)
        opened.callback(log.close)
        yield LogUnderTest(log, new_reader, unreachable, lambda: PostgresReader(nowhere, Stand()))


@contextmanager
def kafka_log(bootstrap: str) -> Iterator[LogUnderTest]:
    topic, group = f"webhooks-{uuid4().hex[:12]}", f"group-{uuid4().hex[:12]}"
    settings = KafkaSettings(bootstrap, topic)
    nowhere = KafkaSettings(f"127.0.0.1:{free_port()}", topic)
    assert ensure_topic(settings, 4, 62, replication=1)
    with ExitStack() as opened:

        def new_reader(stand: Stand) -> LogReader:
            reader = KafkaReader(settings, stand, group)
            opened.callback(reader.close)
            return reader

        log, unreachable = KafkaLog(settings), KafkaLog(nowhere)
        opened.callback(log.close)
        yield LogUnderTest(log, new_reader, unreachable, lambda: KafkaReader(nowhere, Stand()))
