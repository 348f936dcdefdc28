"""The suite's own tools: a wait that never fails, or a guard that never acts, would hide what they are for."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.eventually import eventually, eventually_async
from tests.support.ports import free_ports


def test_waiting_ends_with_the_first_true_answer() -> None:
    answers = iter([None, 0, "now", "later"])
    assert eventually(lambda: next(answers)) == "now"


def test_waiting_for_what_never_comes_fails_and_shows_the_last_answer() -> None:
    with pytest.raises(AssertionError, match=r"within 0\.05 s; last answer: \[\]"):
        eventually(list, within=0.05)


def test_waiting_asynchronously_does_the_same() -> None:
    async def never() -> bool:
        return False

    with pytest.raises(AssertionError, match="last answer: False"):
        asyncio.run(eventually_async(never, within=0.05))


@pytest.mark.parametrize(("ends", "acts"), [("os.kill(os.getpid(), 9)", True), ("pass", False)])
def test_a_guard_acts_when_the_test_run_is_killed_and_not_otherwise(tmp_path: Path, ends: str, acts: bool) -> None:
    acted = tmp_path / "acted"
    code = f"""
import os
from tests.support.guard import ends_with_us
with ends_with_us("touch {acted}"):
    {ends}
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    if acts:
        eventually(acted.exists)
    assert acted.exists() is acts


def test_free_ports_are_all_different() -> None:
    assert len(set(free_ports(20))) == 20
