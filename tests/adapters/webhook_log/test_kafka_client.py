"""Further options of the Kafka client, security above all; and what is logged of a broker that is away."""

import logging
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.webhook_log.kafka import KafkaLog
from adapters.webhook_log.kafka_client import KafkaSettings, OptionsError, options_in
from adapters.webhook_log.kafka_reader import KafkaReader
from adapters.webhook_log.kafka_topic import ensure_topic, identify
from adapters.webhook_log.opening import kafka_settings
from adapters.webhook_log.port import LogUnavailableError
from tests.adapters.webhook_log.logs import Reading, Stand, request
from tests.support.kafka_broker import PASSWORD, USER, KafkaBroker
from tests.support.ports import free_port
from tests.support.webhook_log import put


def in_file(folder: Path, *lines: str) -> KafkaSettings:
    file = folder / "kafka.properties"
    file.write_text("\n".join(lines))
    return kafka_settings(Settings(kafka="127.0.0.1:9", webhook_topic="webhooks", kafka_options=file))


def credentials(folder: Path, password: str) -> KafkaSettings:
    return in_file(
        folder,
        "# as the broker wants it",
        "security.protocol = SASL_PLAINTEXT",
        "",
        "sasl.mechanism=PLAIN",
        f"sasl.username={USER}",
        f"sasl.password={password}",
    )


@pytest.mark.real_kafka
def test_a_broker_that_asks_who_comes_is_told(tmp_path: Path, kafka_broker: KafkaBroker) -> None:
    settings = credentials(tmp_path, PASSWORD)._replace(servers=kafka_broker.asking)
    assert ensure_topic(settings, 4, 62, replication=1)
    log, sent = KafkaLog(settings), request(b"sealed")
    put(log, [sent])
    log.close()
    reading = Reading(KafkaReader(settings, Stand()))
    assert reading.until(1) == [b"sealed"]
    reading.reader.close()


@pytest.mark.real_kafka
def test_wrong_credentials_are_said_and_not_shown(
    tmp_path: Path, kafka_broker: KafkaBroker, caplog: pytest.LogCaptureFixture
) -> None:
    settings = credentials(tmp_path, "hunter2")._replace(servers=kafka_broker.asking)
    with pytest.raises(LogUnavailableError) as refused:
        identify(settings)
    with pytest.raises(LogUnavailableError) as not_appended:
        put(KafkaLog(settings), [request(b"x")])
    assert "_AUTHENTICATION" in caplog.text
    for shown in (caplog.text, str(refused.value), str(not_appended.value), repr(settings)):
        assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("sasl.passwort=hunter2", 'No such configuration property: "sasl.passwort"'),
        ("security.protocol=hunter2", 'Invalid value for configuration property "security.protocol"'),
        ("hunter2", "line 1 is not NAME=VALUE"),
    ],
)
def test_an_option_that_cannot_be_used_is_named_without_its_value(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(OptionsError, match=says) as refused:
        identify(in_file(tmp_path, line))
    assert "hunter2" not in str(refused.value)


def test_a_file_of_options_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OptionsError, match="No such file"):
        options_in(tmp_path / "none")


def test_a_broker_that_is_away_is_told_of_once(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is tried twenty times a second."""
    with pytest.raises(LogUnavailableError):
        identify(KafkaSettings(f"127.0.0.1:{free_port()}", "webhooks"))
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len([line for line in told if "Connection refused" in line]) == 1
    assert capfd.readouterr().err == ""
