"""The simulator as a process, and its settings."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import pytest

from adapters.simulator.config import Account, Config, load
from adapters.simulator.server import build_app, running
from adapters.simulator.signing import new_private_key, public_key

PROGRAM = """
from adapters.simulator.server import run
run(port=0, smtp_port=0, started=lambda running: print(running.url, running.smtp_port, flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_in_order(number: signal.Signals) -> None:
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=pipe, stderr=pipe, text=True)
    try:
        assert process.stdout is not None
        url, smtp_port = process.stdout.readline().split()
        assert httpx.get(f"{url}/_control", trust_env=False).status_code == 200
        socket.create_connection(("127.0.0.1", int(smtp_port)), 5).close()
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (0, "")
    finally:
        process.kill()
        process.communicate()


def test_a_taken_port_is_told() -> None:
    with running() as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), running(port=port):
            pass
        with pytest.raises(OSError, match="in use"), running(smtp_port=first.smtp_port):
            pass


ACCOUNT = Account(provider="sendgrid", key="SG.x")
AUTHORIZED = {"Authorization": "Bearer SG.x"}
MAIL = {
    "personalizations": [{"to": [{"email": "timeout@buyer.example"}]}],
    "from": {"email": "a@b.example"},
    "subject": "-",
    "content": [{"type": "text/plain", "value": "-"}],
}


def test_a_hanging_call_does_not_keep_the_simulator_from_stopping() -> None:
    with running(Config(accounts=(ACCOUNT,), hang=3600)) as simulator:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{simulator.url}/v3/mail/send", json=MAIL, headers=AUTHORIZED, timeout=0.3, trust_env=False)
        taken = httpx.get(f"{simulator.url}/_control/messages", trust_env=False).json()["messages"]
        assert [message["taken"] for message in taken] == [True]
    with pytest.raises(httpx.ConnectError):
        httpx.get(simulator.url, trust_env=False)


def test_another_server_that_cannot_cut_a_connection_answers_504() -> None:
    async def send() -> int:
        app = build_app(Config(accounts=(ACCOUNT,), hang=0.01))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator") as http:
            answer = await http.post("/v3/mail/send", json=MAIL, headers=AUTHORIZED)
        await app.state.world.close()
        return answer.status_code

    assert asyncio.run(send()) == 504


def test_a_mail_longer_than_it_says_is_refused() -> None:
    with running(Config(accounts=(ACCOUNT,), max_body=1000)) as simulator:
        chunks = (b"x" * 600 for _ in range(2))
        answer = httpx.post(f"{simulator.url}/v3/mail/send", content=chunks, headers=AUTHORIZED, trust_env=False)
        assert answer.status_code == 413


def test_the_application_has_its_clock_and_settings() -> None:
    world = build_app(Config(delay=7)).state.world
    assert world.config.delay == 7
    assert set(world.sides) >= {"sendgrid", "twilio"}


def test_settings_are_read_from_toml_and_json(tmp_path: Path) -> None:
    pem = new_private_key()
    account = {"provider": "sendgrid", "key": "SG.x", "webhook_url": "http://127.0.0.1:1/", "private_key": pem}
    as_json, as_toml = tmp_path / "simulator.json", tmp_path / "simulator.toml"
    as_json.write_text(json.dumps({"delay": 0.5, "accounts": [account]}))
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in account.items())
    as_toml.write_text(f"delay = 0.5\n[[accounts]]\n{lines}\n")
    assert load(as_json) == load(as_toml) == Config(delay=0.5, accounts=(Account(**account),))
    with running(load(as_json)) as simulator:
        told = httpx.get(f"{simulator.url}/_control/accounts", trust_env=False).json()["accounts"]
    assert [one["public_key"] for one in told] == [public_key(pem)]
    as_json.write_text('{"dealy": 1}')
    with pytest.raises(msgspec.ValidationError, match="dealy"):
        load(as_json)
