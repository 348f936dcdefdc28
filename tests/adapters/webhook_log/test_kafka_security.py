"""A real broker that speaks TLS, or asks who comes, or both; and what is said where one does not trust the other."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.webhook_log.kafka import KafkaLog
from adapters.webhook_log.kafka_client import KafkaSettings, OptionsError
from adapters.webhook_log.kafka_reader import KafkaReader
from adapters.webhook_log.kafka_topic import ensure_topic, identify
from adapters.webhook_log.port import LogUnavailableError
from tests.adapters.webhook_log.logs import Reading, Stand, in_file, request
from tests.support.certificates import certificate
from tests.support.kafka_broker import PASSWORD, USER, KafkaBroker
from tests.support.kafka_service import running_broker
from tests.support.webhook_log import put

pytestmark = pytest.mark.real_kafka
Way = Callable[[KafkaBroker, Path, str], KafkaSettings]
"""How a client with this password, and a file in this folder, comes to the broker."""


def plain(broker: KafkaBroker, folder: Path, password: str) -> KafkaSettings:
    lines = ["# as the broker wants it", "security.protocol = SASL_PLAINTEXT", "", "sasl.mechanism=PLAIN"]
    return in_file(folder, *lines, *credentials(password), servers=broker.asking)


def tls(broker: KafkaBroker, folder: Path, _password: str = "") -> KafkaSettings:
    lines = ["security.protocol=SSL", f"ssl.ca.location={broker.authority}"]
    return in_file(folder, *lines, servers=broker.tls)


def scram_over_tls(broker: KafkaBroker, folder: Path, password: str) -> KafkaSettings:
    lines = ["security.protocol=SASL_SSL", f"ssl.ca.location={broker.authority}", "sasl.mechanism=SCRAM-SHA-512"]
    return in_file(folder, *lines, *credentials(password), servers=broker.asking_tls)


def credentials(password: str) -> list[str]:
    return [f"sasl.username={USER}", f"sasl.password={password}"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with running_broker(tmp_path_factory.mktemp("secure-kafka")) as started:
        yield started


@pytest.mark.parametrize("way", [plain, tls, scram_over_tls])
def test_what_is_appended_comes_out(way: Way, tmp_path: Path, broker: KafkaBroker) -> None:
    settings = way(broker, tmp_path, PASSWORD)
    assert ensure_topic(settings, 4, 62, replication=1)
    log, sent = KafkaLog(settings), request(b"sealed")
    put(log, [sent])
    log.close()
    reading = Reading(KafkaReader(settings, Stand()))
    assert reading.until(1) == [b"sealed"]
    reading.reader.close()


def refused(settings: KafkaSettings) -> str:
    """What is said to whoever prepares the topic, appends and reads: to each of them, on a line of its own."""
    tries: list[Callable[[], object]] = [
        lambda: ensure_topic(settings, 4, 62),
        lambda: put(KafkaLog(settings), [request(b"x")]),
        lambda: KafkaReader(settings, Stand()),
    ]
    with ThreadPoolExecutor() as threads:
        running = [threads.submit(one) for one in tries]
    errors = [one.exception() for one in running]
    assert [type(error) for error in errors] == [LogUnavailableError] * len(tries)
    return "\n".join(map(str, errors))


@pytest.mark.parametrize("way", [plain, scram_over_tls])
def test_wrong_credentials_are_said_and_not_shown(
    way: Way, tmp_path: Path, broker: KafkaBroker, caplog: pytest.LogCaptureFixture
) -> None:
    settings = way(broker, tmp_path, "hunter2")
    said = refused(settings)
    assert said.count("Authentication failed") == 3
    assert "_AUTHENTICATION" in caplog.text
    assert "hunter2" not in caplog.text + said + repr(settings)


def another_authority(settings: KafkaSettings, folder: Path) -> KafkaSettings:
    return settings._replace(client={**settings.client, "ssl.ca.location": str(certificate(folder).chain)})


def another_name(settings: KafkaSettings, _folder: Path) -> KafkaSettings:
    return settings._replace(servers=settings.servers.replace("127.0.0.1", "localhost"))


@pytest.mark.parametrize("wrong", [another_authority, another_name])
@pytest.mark.parametrize("way", [tls, scram_over_tls])
def test_a_broker_that_is_not_trusted_is_said(
    way: Way,
    wrong: Callable[[KafkaSettings, Path], KafkaSettings],
    tmp_path: Path,
    broker: KafkaBroker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = refused(wrong(way(broker, tmp_path, PASSWORD), tmp_path))
    assert said.count("verify that ssl.ca.location is correctly configured") == 3
    assert PASSWORD not in caplog.text + said


def test_an_authority_that_is_not_there_is_said(tmp_path: Path) -> None:
    settings = in_file(tmp_path, "security.protocol=SSL", f"ssl.ca.location={tmp_path / 'none.pem'}")
    with pytest.raises(OptionsError, match=r"ssl\.ca\.location"):
        identify(settings)
    with pytest.raises(LogUnavailableError, match=r"ssl\.ca\.location"):
        put(KafkaLog(settings), [request(b"x")])
