"""The whole system as a user starts it: `sendtrail up` in a process of its own, beside a provider simulator."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil

from adapters.clock import FileClock, system_clock
from adapters.simulator.config import Config
from adapters.simulator.server import running
from domain.values import Channel
from tests.support.eventually import eventually
from tests.support.installation import MASTER_KEY, installed
from tests.support.ports import free_port

READY_WITHIN = 60.0


@dataclass
class System:
    """A running installation with one tenant, `acme`, whose e-mail and SMS go to the simulator."""

    process: "subprocess.Popen[bytes]"
    address: str
    simulator: str
    environment: Mapping[str, str]
    key: str = ""
    http: httpx.Client = field(default_factory=httpx.Client)

    def run(self, *words: str, check: bool = True) -> str:
        """What `sendtrail WORDS` prints."""
        done = subprocess.run(
            [sys.executable, "-m", "api.cli", *words],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=60,
        )
        if check and done.returncode:
            raise AssertionError(f"sendtrail {words[0]}: exit {done.returncode}\n{done.stderr}")
        return done.stdout + done.stderr

    def call(self, method: str, path: str, status: int = 0, **given: Any) -> Any:
        """The JSON answer, which must be a success, or `status` where one is given."""
        answer = self.http.request(method, path, **given)
        assert answer.status_code == status if status else answer.is_success, f"{answer.status_code} {answer.text}"
        return answer.json()

    def read(self, path: str, **params: Any) -> dict[str, Any] | None:
        """The JSON answer to a GET; None while the API is away or says no."""
        try:
            answer = self.http.get(path, params=params)
        except httpx.TransportError:
            return None
        found: dict[str, Any] = answer.json() if answer.is_success else {}
        return found or None

    def child(self, name: str) -> psutil.Process | None:
        """The running process of one kind: serve, consume, project, dispatch; None between two of them."""
        for process in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):
                if process.cmdline()[-1:] == [name]:
                    return process
        return None

    def kill(self, name: str) -> None:
        """kill -9 for one of its processes; the supervisor starts another."""
        victim = eventually(lambda: self.child(name), within=30)
        victim.send_signal(signal.SIGKILL)
        eventually(lambda: not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE)

    def pass_time(self, **by: float) -> None:
        """Move the clock of all its processes on, by timedelta's words."""
        clock = FileClock(Path(self.environment["SENDTRAIL_CLOCK_FILE"]))
        clock.set(clock() + timedelta(**by))

    def attempt(self, attempt_id: str, *statuses: str, within: float = 30) -> dict[str, Any]:
        """The attempt, once it shows one of these statuses."""

        def look() -> dict[str, Any] | None:
            found = self.read(f"/v1/attempts/{attempt_id}")
            return found if found and found["status"] in statuses else None

        return eventually(look, within=within)


@contextmanager
def system(database_url: str, folder: Path, kafka: str = "", config: Config | None = None) -> Iterator[System]:
    """Started, configured and ready; ended with SIGTERM, after which nothing of it may run."""
    port = free_port()
    environment = {
        **os.environ,
        "SENDTRAIL_DATABASE_URL": database_url,
        "SENDTRAIL_DATA_DIR": str(folder / "data"),
        "SENDTRAIL_MASTER_KEY": MASTER_KEY,
        "SENDTRAIL_PORT": str(port),
        "SENDTRAIL_KAFKA": kafka,
        "SENDTRAIL_CLOCK_FILE": str(folder / "clock"),
        "SENDTRAIL_WEBHOOK_TOPIC": f"webhooks-{uuid4().hex[:8]}",
    }
    FileClock(folder / "clock").set(system_clock())
    with (
        running(config or Config(delay=0.02, batch_wait=0.02, hang=2.0)) as simulator,
        (folder / "up.log").open("w") as log,
    ):
        process = subprocess.Popen([sys.executable, "-m", "api.cli", "up"], env=environment, stdout=log, stderr=log)
        found = System(process, f"http://127.0.0.1:{port}", simulator.url, environment)
        try:
            eventually(lambda: _ready(found), within=READY_WITHIN)
            _configure(found, database_url, folder)
            yield found
        finally:
            _end(found)


def _ready(found: System) -> bool:
    assert found.process.poll() is None, "`sendtrail up` ended"
    try:
        return httpx.get(f"{found.address}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _configure(found: System, database_url: str, folder: Path) -> None:
    """What `sendtrail tenant|key|connection add` do, without starting a process for each."""
    api_key, sid, token, mail = f"SG.{uuid4().hex}", f"AC{uuid4().hex}", uuid4().hex, uuid4()
    webhook = f"{found.address}/v1/webhooks/{mail}"
    public_key = _register(found, {"provider": "sendgrid", "key": api_key, "webhook_url": webhook})["public_key"]
    _register(found, {"provider": "twilio", "key": sid, "token": token})
    with installed(database_url, folder / "data", "sendtrail_owner") as owner:
        tenant, at = owner.tenants.add("acme", owner.clock()).id, owner.clock()
        found.key = owner.api_keys.add(tenant, "test", ["send", "read"], at)
        owner.connections.add(
            tenant, "mail", "sendgrid", Channel.EMAIL, at, connection_id=mail,
            settings={"from_email": "billing@acme.example", "api_url": found.simulator},
            secrets={"api_key": api_key, "public_key": public_key},
        )  # fmt: skip
        owner.connections.add(
            tenant, "sms", "twilio", Channel.SMS, at,
            settings={"account_sid": sid, "from_number": "+15005550006", "api_url": found.simulator},
            secrets={"auth_token": token},
        )  # fmt: skip
    headers = {"Authorization": f"Bearer {found.key}"}
    found.http = httpx.Client(base_url=found.address, headers=headers, timeout=30)


def _register(found: System, account: dict[str, str]) -> dict[str, str]:
    answer: dict[str, str] = httpx.post(f"{found.simulator}/_control/accounts", json=account).raise_for_status().json()
    return answer


def _end(found: System) -> None:
    children = psutil.Process(found.process.pid).children(recursive=True) if found.process.poll() is None else []
    found.process.terminate()
    try:
        found.process.wait(40)
    finally:
        left = [p for p in children if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
        for process in left:
            process.kill()
        found.http.close()
    assert not left, f"still running after the end: {[p.cmdline() for p in left]}"
