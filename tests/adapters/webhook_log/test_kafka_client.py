"""Options of the Kafka client that cannot be used, and what is logged of a broker that is away."""

import logging
from pathlib import Path

import pytest

from adapters.webhook_log.kafka_client import KafkaSettings, OptionsError, options_in
from adapters.webhook_log.kafka_topic import identify
from adapters.webhook_log.port import LogUnavailableError
from tests.adapters.webhook_log.logs import in_file
from tests.support.ports import free_port


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
