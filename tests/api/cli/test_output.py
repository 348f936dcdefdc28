"""Tables: what is copied out of them is whole."""

import os
import subprocess
import sys

import pytest

IDS = ["5e3999f5-ae29-4c80-875d-3e033c089bde", "a name", "and many words more beside it " * 3]


@pytest.mark.parametrize("columns", [None, "60"], ids=["read by a program", "on a narrow terminal"])
def test_an_id_is_never_cut(columns: str | None) -> None:
    """`connection disable` takes what `connection list` shows."""
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    script = f"from api.cli.output import table; table(['id', 'name', 'words'], [{IDS}], empty='')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment | ({"COLUMNS": columns} if columns else {}), capture_output=True, text=True, check=True,
    )  # fmt: skip
    head, first, *more = done.stdout.splitlines()
    assert head.split() == ["id", "name", "words"]
    assert first.split("  ")[0] == IDS[0]
    assert bool(more) is (columns is not None)
