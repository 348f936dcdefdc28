"""Starts everything in a folder of its own, tells the story, stays up until Ctrl-C, and leaves nothing running."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import typer

from adapters.bootstrap import Installation, install
from adapters.clock import FileClock
from adapters.config.api_keys import Scope
from adapters.settings import Settings
from api.cli.options import Port
from api.cli.output import console
from api.cli.process import LOG_LEVEL, set_up_logging, stop_event
from api.cli.supervisor import Supervisor
from api.cli.up import address, free_port, running
from api.demo.client import Client, wait_for
from api.demo.narrator import Narrator
from api.demo.story import FIRST_DAY, Story
from domain.values import Channel

HOST = "127.0.0.1"
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""The picture must not fetch anything: whoever looks at it has a fixed-width font."""


def demo(
    port: Port = 0,
    folder: Annotated[Path | None, typer.Option(help="Keep the data here; without it, it goes at the end.")] = None,
    stay: Annotated[bool, typer.Option(help="Stay up after the story, to try things out.")] = True,
    picture: Annotated[Path | None, typer.Option(help="Also draw what was said, as SVG.")] = None,
) -> None:
    """Run the whole system on this machine, with simulated providers, and tell a small story on it."""
    os.environ.setdefault(LOG_LEVEL, "WARNING")
    set_up_logging("demo")
    stop = stop_event()
    console.record = picture is not None
    with _folder(folder) as place:
        clock = FileClock(place / "clock")
        clock.set(FIRST_DAY)
        found = Settings(data_dir=place, clock_file=clock.path, host=HOST, port=port or 0)
        with running(found) as (settings, supervisor):
            simulator = _start_simulator(supervisor)
            with install(settings, "sendtrail_owner", pool_size=2) as installation:
                key = _configure(installation, simulator)
            with Narrator(address(settings), key, console) as narrator:
                Story(Client(address(settings), key), narrator, clock, console).tell()
            if picture is not None:
                picture.write_text(_FONTS.sub("", console.export_svg(title="make demo")))
            if stay:
                _invite(address(settings), simulator, key)
                supervisor.watch(stop)
                console.print("\nending ...")


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    place = Path(tempfile.mkdtemp(prefix="sendtrail-demo-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _start_simulator(supervisor: Supervisor) -> str:
    port = free_port(HOST)
    supervisor.start("simulate", "simulate", "--host", HOST, "--port", str(port), "--smtp-port", str(free_port(HOST)))
    simulator = f"http://{HOST}:{port}"
    wait_for(lambda: _answers(simulator), "the provider simulator")
    return simulator


def _answers(url: str) -> dict[str, Any] | None:
    try:
        return {} if httpx.get(url, timeout=2).status_code < 500 else None
    except httpx.TransportError:
        return None


def _configure(installation: Installation, simulator: str) -> str:
    """A tenant, its two connections, and an API key: what `sendtrail tenant|connection|key add` do."""
    at = installation.clock()
    tenant = installation.tenants.add("demo", at).id
    _connect_sendgrid(installation, tenant, simulator)
    _connect_twilio(installation, tenant, simulator)
    return installation.api_keys.add(tenant, "demo", [Scope.SEND, Scope.READ], at)


def _connect_sendgrid(installation: Installation, tenant: UUID, simulator: str) -> None:
    """The simulator signs its webhooks with a key pair of its own, as SendGrid does; we are told the public half."""
    connection_id, api_key = uuid4(), f"SG.{token_urlsafe(24)}"
    account = _register(simulator, "sendgrid", api_key, "", installation.settings.webhook_url(connection_id))
    installation.connections.add(
        tenant, "e-mail", "sendgrid", Channel.EMAIL, installation.clock(), connection_id=connection_id,
        settings={"api_url": simulator, "from_email": "billing@demo.example", "from_name": "Demo Ltd"},
        secrets={"api_key": api_key, "public_key": account["public_key"]},
    )  # fmt: skip


def _connect_twilio(installation: Installation, tenant: UUID, simulator: str) -> None:
    sid, token = f"AC{uuid4().hex}", token_urlsafe(24)
    _register(simulator, "twilio", sid, token, "")
    installation.connections.add(
        tenant, "sms", "twilio", Channel.SMS, installation.clock(),
        settings={"api_url": simulator, "account_sid": sid, "from_number": "+15005550006"},
        secrets={"auth_token": token},
    )  # fmt: skip


def _register(simulator: str, provider: str, key: str, token: str, webhook: str) -> dict[str, Any]:
    account = {"provider": provider, "key": key, "token": token, "webhook_url": webhook}
    answer = httpx.post(f"{simulator}/_control/accounts", json=account).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _invite(sendtrail: str, simulator: str, key: str) -> None:
    auth = f"-H 'Authorization: Bearer {key}'"
    order = (
        '{"subject": {"type": "invoice", "external_id": "12345"}, "channel": "email",'
        ' "recipients": [{"address": "full@customer.example"}]}'
    )
    console.print(f"\n[bold]Sendtrail is up at {sendtrail}[/bold]  (API description: {sendtrail}/openapi.json)")
    console.print(f"[bold]The simulated providers are at {simulator}[/bold]  (how they behave, by recipient)")
    console.print(f"API key: {key}\n\nTry:", highlight=False)
    for line in (
        f"curl -s {auth} {sendtrail}/v1/communications",
        f"curl -s {auth} '{sendtrail}/v1/attempts?status_group=failed'",
        f"curl -s {auth} -H 'Content-Type: application/json' {sendtrail}/v1/attempts -d '{order}'",
    ):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    console.print("\nCtrl-C ends everything.")
