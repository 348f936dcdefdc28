"""sendtrail projection: what it prints, and the exit status that a script goes by."""

from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from api.cli import app, progress
from consumers.projecting import NAMES
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.rebuilding import LOCK
from tests.consumers.parted import set_out
from tests.consumers.read_models import ReadModels, read_models
from tests.consumers.rebuilt import MASTER_KEY, sent

Run = Callable[..., Result]


@pytest.fixture
def models(database_url: str) -> Iterator[ReadModels]:
    with read_models(database_url) as found:
        found.record(*(sent(found, number) for number in range(3)))
        found.projector().run_once()
        yield found


@pytest.fixture
def run(models: ReadModels) -> Run:
    environment = {"SENDTRAIL_DATABASE_URL": models.url, "SENDTRAIL_MASTER_KEY": MASTER_KEY}

    def call(*words: str) -> Result:
        return CliRunner().invoke(app, ["projection", *words], env=environment)

    return call


def test_status(run: Run) -> None:
    said = run("status").output.splitlines()
    assert [line.split() for line in said[1:]] == [[name, "12", "12", "0"] for name in NAMES]


def test_status_of_a_backlog_in_parts(run: Run, models: ReadModels) -> None:
    models.record(*(sent(models, number) for number in range(3, 6)))
    set_out(models, 2)
    said = run("status").output.splitlines()
    assert [line.split() for line in said[1:3]] == [[name, "12", "24", "12"] for name in NAMES]
    assert said[3] == "catching up to 24 in 2 parts, which are at 12, 12"


@pytest.mark.parametrize("words", [[], ["attempt_log"]])
def test_a_rebuild_says_what_it_does(run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """Plain lines, as no person looks on."""
    monkeypatch.setattr(progress, "EVERY", 0)
    done = run("rebuild", *words, "--processes", "1")
    lines = done.output.splitlines()
    assert done.exit_code == 0
    assert lines[0] == f"building {', '.join(words or NAMES)} beside the live tables, up to 12"
    assert any(line.startswith("100 % built, 12 events") for line in lines)
    assert lines[-1] == "exchanged: the read models stand at 12"


def test_a_comparison_goes_well(run: Run) -> None:
    done = run("rebuild", "--verify", "--processes", "1")
    assert done.exit_code == 0
    assert done.output.splitlines()[-1] == "the live tables are the same, row for row, at position 12"


def test_a_comparison_names_rows_and_columns_but_no_value(run: Run, models: ReadModels) -> None:
    row = models.rows()["attempt"][0]
    models.change(f"UPDATE read.attempt SET search_recipient = 'x@payer.example' WHERE attempt_id = '{row[0]}'")
    for words, said in (((), "are"), (("--swap",), ", exchanged now, were")):
        done = run("rebuild", "attempt_log", "--verify", *words, "--processes", "1")
        assert done.exit_code == 1
        assert f"attempt {row[0]} {row[2]} differs in search_recipient" in done.output
        assert f"the live tables{said if words else ' are'} not what the events say at position 12" in done.output
        assert "payer" not in done.output
    assert run("rebuild", "attempt_log", "--verify", "--processes", "1").exit_code == 0


def test_what_is_refused(run: Run, models: ReadModels) -> None:
    assert "without --verify the tables are exchanged anyway" in run("rebuild", "--swap").output
    assert "'nothing' is not one of" in run("rebuild", "nothing").output
    with models.holding(LOCK):
        refused = run("rebuild", "--processes", "1")
    assert isinstance(refused.exception, RebuildError)


def test_the_help_helps(run: Run) -> None:
    said = run("rebuild", "--help").output
    for words in ("--verify", "--swap", "--processes", "one a core", "readers never see a table", "goes on from there"):
        assert words in " ".join(said.split()), words
