"""sendtrail audit export: one JSON object a line, whole and in order, with nothing personal in clear."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from tests.consumers.read_models import ReadModels, read_models
from tests.consumers.rebuilt import MASTER_KEY, sent

Run = Callable[..., Result]


@pytest.fixture
def models(database_url: str) -> Iterator[ReadModels]:
    with read_models(database_url) as found:
        found.record(*(sent(found, number) for number in range(3)))
        yield found


@pytest.fixture
def run(models: ReadModels) -> Run:
    environment = {"SENDTRAIL_DATABASE_URL": models.url, "SENDTRAIL_MASTER_KEY": MASTER_KEY}

    def call(*words: str) -> Result:
        return CliRunner().invoke(app, ["audit", "export", *words], env=environment)

    return call


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_to_standard_output(run: Run, models: ReadModels) -> None:
    done = run()
    found = lines(done.stdout)
    assert [line["position"] for line in found] == list(range(1, 13))
    assert list(found[0]) == ["position", "tenant_id", "aggregate_id", "version", "topic", "state"]
    assert found[0]["tenant_id"] == str(models.tenant)
    assert [line["version"] for line in found[:4]] == [1, 2, 3, 4]
    assert found[0]["topic"] == "InvoiceCommunication.Created"
    assert {line["state"]["external_id"] for line in found if line["version"] == 1} == {"INV-0", "INV-1", "INV-2"}
    assert "payer.example" not in done.stdout
    assert done.stderr.splitlines()[-1] == "12 events, up to position 12"


def test_after_a_position_and_of_one_tenant(run: Run, models: ReadModels) -> None:
    models.change(f"INSERT INTO config.tenant VALUES ('{models.tenant}', 'acme', '1 day', now())")
    mine, models.tenant = models.tenant, uuid4()
    models.record(sent(models, 9))
    assert [line["position"] for line in lines(run("--after", "14").stdout)] == [15, 16]
    found = lines(run("--tenant", "acme", "--after", "4").stdout)
    assert {line["tenant_id"] for line in found} == {str(mine)}
    assert len(found) == 8


def test_to_a_file_that_is_never_written_over(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "history.ndjson"
    done = run("--output", str(file))
    assert done.stdout == ""
    assert "100%" in done.stderr
    assert len(lines(file.read_text())) == 12
    assert isinstance(run("--output", str(file)).exception, FileExistsError)
