"""What the documentation names is there, and what there is is named."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from api.cli import app
from domain.reasons import REASONS
from domain.status import LOOK

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> set[str]:
    """Every console command, as it is typed."""
    found = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        found |= {name} | {f"{name} {sub}" for sub in getattr(command, "commands", {})}
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    known = commands()
    for words in re.findall(r"`sendtrail ([a-z-]+(?: [a-z-]+)?)", page.read_text()):
        assert words in known or words.split()[0] in known, f"{page.name}: sendtrail {words}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_path_and_make_target_exists(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    for path in re.findall(r"`((?:api|adapters|consumers|domain|projections|tests|deploy|docs)/[\w/.-]+)`", text):
        assert (ROOT / path).exists(), f"{page.name}: {path}"


def test_every_reason_and_status_is_explained() -> None:
    text = (ROOT / "docs" / "statuses.md").read_text()
    for code, reason in REASONS.items():
        assert f"| `{code}` | {reason.title} |" in text
    for status in LOOK:
        assert f"| `{status}` |" in text
