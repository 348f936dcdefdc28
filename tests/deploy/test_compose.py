"""No container engine is needed: what the files name must be there, and what must not be in them is not."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from adapters.settings import Settings
from api.cli import app

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "sendtrail"}
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_there_is_a_container_for_each_kind_of_process() -> None:
    assert set(OURS) == {"migrate", "serve", "consume", "project", "dispatch", "reconcile"}


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name: str) -> None:
    assert OURS[name]["command"] == [name]
    assert name in COMMANDS


def test_the_images_own_command_exists() -> None:
    command = re.search(r'^CMD \["(\w+)"\]$', (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert command
    assert command[1] in COMMANDS


@pytest.mark.parametrize("name", OURS)
def test_every_setting_is_one_that_sendtrail_knows(name: str) -> None:
    given = {key.removesuffix("_FILE") for key in OURS[name]["environment"]}
    known = {f"SENDTRAIL_{field.upper()}" for field in Settings.model_fields} | {"PGPASSWORD"}
    assert given <= known


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_comes_back_and_says_whether_it_is_well(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] in ("unless-stopped", "on-failure")
    assert name == "serve" or "test" in service["healthcheck"] or service["healthcheck"] == {"disable": True}
    assert "HEALTHCHECK" in (DEPLOY / "Dockerfile").read_text()


@pytest.mark.parametrize("name", OURS)
def test_processes_start_after_what_they_need_and_have_no_more_rights_than_that(name: str) -> None:
    service = OURS[name]
    assert {"postgres", "kafka"} <= set(service["depends_on"])
    assert name == "migrate" or service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


def test_secrets_come_from_files_that_the_script_makes_and_nothing_has_a_password_of_its_own() -> None:
    made = re.findall(r"^make_secret (\w+)$", (DEPLOY / "make-secrets").read_text(), re.MULTILINE)
    assert {name: secret["file"] for name, secret in COMPOSE["secrets"].items()} == {
        name: f"./secrets/{name}" for name in made
    }
    for service in SERVICES.values():
        assert set(service.get("secrets", [])) <= set(made)
        for key, value in service["environment"].items():
            if re.search("PASSWORD|KEY", key):
                assert key.endswith("_FILE"), key
                assert Path(value).name in made


def test_data_is_kept_in_named_volumes() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service["volumes"]}
    assert {name for name in used if not name.startswith("./")} == set(COMPOSE["volumes"])
    assert all((DEPLOY / name).exists() for name in used if name.startswith("./"))
