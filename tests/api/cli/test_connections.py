"""sendtrail connection list: how connections fare, and what needs a person."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from adapters.clock import FileClock
from adapters.providers.port import Taken, Unknown
from api.cli import app
from consumers.breaker import MOST_FAILURES, Breaker
from consumers.health import ConnectionHealth
from domain.values import Channel, HandedMessage
from tests.api.service import Service, Tenant
from tests.support.installation import MASTER_KEY, START, installed

List = Callable[[Tenant], str]


@pytest.fixture
def listing(own_service: Service, tmp_path: Path) -> List:
    FileClock(tmp_path / "clock").set(START)
    environment = {
        "SENDTRAIL_DATABASE_URL": own_service.owner.settings.database_url,
        "SENDTRAIL_MASTER_KEY": MASTER_KEY,
        "SENDTRAIL_CLOCK_FILE": str(tmp_path / "clock"),
    }

    def run(tenant: Tenant) -> str:
        FileClock(tmp_path / "clock").set(own_service.clock())
        done = CliRunner().invoke(app, ["connection", "list", "--tenant", str(tenant.id)], env=environment)
        assert done.exit_code == 0, done.output
        return done.output

    return run


def heard(service: Service, tenant: Tenant, *answers: Any) -> None:
    """What a dispatcher learns from the first connection's provider."""
    settings = service.owner.settings
    (connection,) = service.owner.connections.of_tenant(tenant.id)
    with installed(settings.database_url, settings.data_dir, "sendtrail_worker", service.clock) as worker:
        breaker = Breaker(ConnectionHealth(worker.database, worker.clock))
        for answer in answers:
            breaker.heard(connection, answer, service.clock())


def test_the_default_can_be_chosen_and_its_end_is_told(own_service: Service, listing: List) -> None:
    tenant = own_service.tenant()
    first, second = (tenant.connect(secrets={"api_key": "SG.x", "public_key": "abc"}) for _ in range(2))
    defaults = own_service.owner.connections.defaults
    assert defaults(tenant.id) == {second}
    environment = {
        "SENDTRAIL_DATABASE_URL": own_service.owner.settings.database_url,
        "SENDTRAIL_MASTER_KEY": MASTER_KEY,
    }
    run = CliRunner().invoke
    assert run(app, ["connection", "set", str(first), "--default"], env=environment).exit_code == 0
    assert defaults(tenant.id) == {first}
    (line,) = [line for line in listing(tenant).splitlines() if str(first) in line]
    assert line.split()[-3:] == ["yes", "off", "yes"]
    done = run(app, ["connection", "disable", str(first)], env=environment)
    assert "sendtrail connection set ID --default" in done.output
    assert "default" not in run(app, ["connection", "disable", str(second)], env=environment).output


def test_adding_one_says_what_goes_over_it_from_now_on(own_service: Service, tmp_path: Path) -> None:
    tenant = own_service.tenant()
    environment = {
        "SENDTRAIL_DATABASE_URL": own_service.owner.settings.database_url,
        "SENDTRAIL_MASTER_KEY": MASTER_KEY,
    }
    key = tmp_path / "key"
    key.write_text(" SG.x\n")

    def add(name: str, *more: str) -> tuple[str, str]:
        words = ["connection", "add", name, "--tenant", str(tenant.id), "--provider", "sendgrid", "--set"]
        words += ["from_email=a@b.example", "--secret", f"api_key=@{key}", "--secret", "public_key=x", *more]
        done = CliRunner().invoke(app, words, env=environment)
        assert done.exit_code == 0, done.output
        return done.stdout.strip(), done.stderr

    first, told = add("one")
    assert "sends by email that name no connection go over it now\n" in told
    _, told = add("two")
    assert f"go over it now, instead of 'one' (back: sendtrail connection set {first} --default)" in told
    _, told = add("three", "--no-default")
    assert "go over it" not in told
    made = own_service.owner.connections.get(UUID(first))
    assert made is not None
    assert made.secret("api_key") == "SG.x"


def test_a_connection_that_is_well_has_no_warning(own_service: Service, listing: List) -> None:
    tenant = own_service.tenant()
    tenant.connect(secrets={"api_key": "SG.x", "public_key": "abc"})
    shown = listing(tenant)
    assert "sendgrid" in shown
    assert "yes" in shown
    assert "!" not in shown
    assert "SG.x" not in shown


def test_a_paused_one_says_until_when_and_why(own_service: Service, listing: List) -> None:
    tenant = own_service.tenant()
    tenant.connect(secrets={"api_key": "SG.x", "public_key": "abc"})
    heard(own_service, tenant, *[Unknown("ReadTimeout")] * MOST_FAILURES)
    shown = listing(tenant)
    assert "paused until 09:01 UTC" in shown
    assert "failures in a row (no_answer)" in shown


def test_one_that_went_silent_and_one_without_a_key_are_pointed_out(own_service: Service, listing: List) -> None:
    tenant = own_service.tenant()
    tenant.connect(Channel.SMS, "twilio", settings={"account_sid": "AC1"}, secrets={"auth_token": "t"})
    heard(own_service, tenant, Taken([HandedMessage("m")]))
    own_service.clock.forward(hours=30)
    tenant.connect(secrets={"api_key": "SG.x"})
    shown = listing(tenant)
    assert "no webhook has come for 30 hours" in shown
    assert "wait (503) until you set public_key" in shown
    assert shown.count("!") == 2
