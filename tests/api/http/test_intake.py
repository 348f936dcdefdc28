"""The webhook intake over HTTP: what is verified is logged before it is answered, and nothing else is."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from adapters.bootstrap import Installation
from adapters.simulator.signing import new_private_key, twilio
from adapters.webhook_log.frames import decode_frame
from adapters.webhook_log.port import LoggedRequest, LogUnavailableError, Positions
from adapters.webhook_log.postgres import PostgresLog
from api.http import incoming
from api.http.intake import MOST_BYTES, Intake
from domain.values import Channel
from tests.consumers.hooks import ADDRESS, TOKEN, Hooks, add_twilio, hooks, signed
from tests.support.eventually import eventually_async
from tests.support.installation import START, installed

pytestmark = pytest.mark.anyio
PUBLIC = "https://mail.acme.example/sendtrail"


class BrokenLog:
    async def append(self, requests: Sequence[LoggedRequest]) -> None:
        raise LogUnavailableError(f"{len(requests)} requests refused")

    def lag(self, positions: Positions) -> dict[str, int]:
        return dict(positions([]))

    def close(self) -> None: ...


class ShortLog(PostgresLog):
    """Closes its connections after each append."""

    async def append(self, requests: Sequence[LoggedRequest]) -> None:
        try:
            await super().append(requests)
        finally:
            self.close()


class HeldLog(BrokenLog):
    """Fails once it is let go; `taken` requests came to it."""

    def __init__(self) -> None:
        self.entered, self.let_go = asyncio.Event(), asyncio.Event()
        self.calls = self.taken = 0

    async def append(self, requests: Sequence[LoggedRequest]) -> None:
        self.calls += 1
        self.taken += len(requests)
        self.entered.set()
        await asyncio.wait_for(self.let_go.wait(), 10)
        await super().append(requests)


async def all_in(app: Intake, held: HeldLog, count: int) -> bool:
    return app.log.waiting + held.taken == count


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Hooks]:
    with hooks(database_url, tmp_path) as found:
        yield found


@pytest.fixture
def api(world: Hooks, tmp_path: Path) -> Iterator[Installation]:
    with installed(world.url, tmp_path, "sendtrail_api", world.clock) as made:
        made.settings.public_url = PUBLIC + "/"
        yield made


def client(api: Installation, log: Any = None) -> httpx.AsyncClient:
    app = Intake(api, log or ShortLog(api.database.pool, api.clock))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://10.0.0.7:8080")


def logged(world: Hooks) -> list[LoggedRequest]:
    frames = world.rows("SELECT frame FROM work.webhook_log ORDER BY partition_no, log_offset")
    return [request for (frame,) in frames for request in decode_frame(frame)]


def path(connection: object) -> str:
    return f"/v1/webhooks/{connection}"


async def post(
    api: Installation, where: object, body: bytes, headers: dict[str, str], log: Any = None
) -> httpx.Response:
    async with client(api, log) as http:
        return await http.post(path(where), content=body, headers=headers)


async def called(api: Installation, connection: UUID, receive: Any) -> list[dict[str, Any]]:
    """What is sent in answer to a POST that comes in through `receive`."""
    answers: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path(connection), "raw_path": path(connection).encode(), "query_string": b"",
        "root_path": "", "headers": [(b"host", b"x")], "server": ("x", 80), "client": ("x", 1),
    }  # fmt: skip
    await Intake(api, ShortLog(api.database.pool, api.clock))(scope, receive, send)
    return answers


BODY = json.dumps([{"event": "delivered", "email": ADDRESS}]).encode() + b"\r\n"


async def test_a_signed_webhook_is_in_the_log_before_it_is_answered(world: Hooks, api: Installation) -> None:
    answer = await post(api, world.connection, BODY, signed(BODY))
    assert (answer.status_code, answer.content) == (204, b"")
    ((connection, request),) = logged(world)
    assert (connection, request.body, request.received_at) == (world.connection, BODY, START)
    assert request.url == f"{PUBLIC}/v1/webhooks/{world.connection}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-twilio-email-event-webhook-timestamp"]


@pytest.mark.parametrize("body", [b"", b"not json", b"\x00\xff", b"[]", b'{"wrong": "shape"}'])
async def test_it_never_looks_into_what_is_signed(world: Hooks, api: Installation, body: bytes) -> None:
    assert (await post(api, world.connection, body, signed(body))).status_code == 204
    assert [r.request.body for r in logged(world)] == [body]


async def test_the_same_request_again_is_taken_again(world: Hooks, api: Installation) -> None:
    """Whether it is a repetition is for the consumer to know; here both are evidence."""
    headers = signed(BODY)
    for _ in range(2):
        assert (await post(api, world.connection, BODY, headers)).status_code == 204
    assert len(logged(world)) == 2


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (BODY.replace(b"delivered", b"delivereD"), signed(BODY), 403, "signature_wrong"),
        (BODY.strip(), signed(BODY), 403, "signature_wrong"),
        (b"", signed(BODY), 403, "signature_wrong"),
        (BODY, signed(BODY, key=new_private_key()), 403, "signature_wrong"),
        (BODY, signed(BODY) | {"X-Twilio-Email-Event-Webhook-Timestamp": "1768467601"}, 403, "signature_wrong"),
        (BODY, signed(BODY) | {"X-Twilio-Email-Event-Webhook-Signature": "AAAA"}, 403, "signature_wrong"),
        (BODY, {}, 401, "signature_missing"),
        (BODY, {"Authorization": "Bearer something"}, 401, "signature_missing"),
    ],
)
async def test_nothing_unsigned_is_kept(
    world: Hooks, api: Installation, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await post(api, world.connection, body, headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert logged(world) == []


@pytest.mark.parametrize("where", [str(UUID(int=7)), "mail", "0", "x" * 36, "%00", "{" + "0" * 34 + "}", UUID(int=0)])
async def test_an_address_that_is_no_connection_is_not_found(world: Hooks, api: Installation, where: object) -> None:
    answer = await post(api, where, BODY, signed(BODY))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_connection")
    assert logged(world) == []


async def test_a_disabled_connection_is_not_found(world: Hooks, api: Installation) -> None:
    world.owner.connections.disable(world.connection, world.clock())
    assert (await post(api, world.connection, BODY, signed(BODY))).status_code == 404


async def test_another_connections_signature_does_not_count(world: Hooks, api: Installation) -> None:
    other = add_twilio(world.owner, world.tenant)
    assert (await post(api, other, BODY, signed(BODY))).status_code == 401


async def test_a_body_over_one_mebibyte_is_refused_before_it_is_read(world: Hooks, api: Installation) -> None:
    sent = 0

    async def ten_mebibytes() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(160):
            sent += 1
            yield bytes(64 * 1024)

    body = ten_mebibytes()

    async def receive() -> dict[str, Any]:
        part = await anext(body, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    answers = await called(api, world.connection, receive)
    assert answers[0]["status"] == 413
    assert sent == MOST_BYTES // (64 * 1024) + 1


async def test_a_body_that_does_not_come_in_is_not_waited_for(
    world: Hooks, api: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "PATIENCE", 0.01)

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    answers = await called(api, world.connection, never)
    assert answers[0]["status"] == 408
    assert (b"connection", b"close") in answers[0]["headers"]


async def test_a_client_that_leaves_before_the_end_is_not_answered(world: Hooks, api: Installation) -> None:
    coming: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b"[", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict[str, Any]:
        return next(coming)

    assert await called(api, world.connection, receive) == []
    assert logged(world) == []


@pytest.mark.parametrize("size", [MOST_BYTES + 1, 10 * MOST_BYTES])
async def test_a_length_that_is_too_large_is_refused_at_once(world: Hooks, api: Installation, size: int) -> None:
    answer = await post(api, world.connection, bytes(size), {})
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"


async def test_a_body_of_exactly_one_mebibyte_is_taken(world: Hooks, api: Installation) -> None:
    body = bytes(MOST_BYTES)
    assert (await post(api, world.connection, body, signed(body))).status_code == 204
    assert logged(world)[0].request.body == body


async def test_oversized_headers_and_addresses_are_refused(world: Hooks, api: Installation) -> None:
    assert (await post(api, world.connection, BODY, {"X": "y" * 40_000})).status_code == 431
    assert (await post(api, f"{world.connection}?{'q' * 9000}", BODY, {})).status_code == 414


async def test_a_log_that_is_away_is_never_answered_with_success(world: Hooks, api: Installation) -> None:
    answer = await post(api, world.connection, BODY, signed(BODY), BrokenLog())
    assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_what_waits_for_a_log_that_fails_is_refused_together(world: Hooks, api: Installation) -> None:
    """Nobody is told that a request is durable while it is not, and nobody is left waiting."""
    failing = HeldLog()
    bodies = [b"[%d]" % n for n in range(20)]
    app = Intake(api, failing)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://10.0.0.7:8080") as http:
        asking = [asyncio.create_task(http.post(path(world.connection), content=b, headers=signed(b))) for b in bodies]
        await asyncio.wait_for(failing.entered.wait(), 10)
        await eventually_async(lambda: all_in(app, failing, len(bodies)))
        assert not [task for task in asking if task.done()]
        failing.let_go.set()
        answers = await asyncio.gather(*asking)
    assert {a.status_code for a in answers} == {503}
    assert failing.calls < len(bodies)


async def test_a_connection_without_its_key_asks_the_provider_to_come_again(
    world: Hooks, api: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    bare = world.owner.connections.add(
        world.tenant, "bare", "twilio", Channel.SMS, world.clock(), settings={}, secrets={"other": "a-secret-value"}
    ).id
    answer = await post(api, bare, b"a=b", {"X-Twilio-Signature": "x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "misconfigured")
    assert "auth_token" in caplog.text
    assert "a-secret-value" not in caplog.text


@pytest.mark.parametrize("query", ["", "?attempt_id=5&x=%C3%A9%2F%20+", "?a=1&a=2"])
async def test_the_public_address_is_what_is_signed(world: Hooks, api: Installation, query: str) -> None:
    connection = add_twilio(world.owner, world.tenant)
    url = f"{PUBLIC}{path(connection)}{query}"
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    async with client(api) as http:
        for told, status in ((url, 204), (url.replace("mail.acme", "evil"), 403)):
            headers = {"X-Twilio-Signature": twilio(TOKEN, told, form), "Host": "mail.evil.example"}
            answer = await http.post(path(connection) + query, data=form, headers=headers)
            assert answer.status_code == status
    assert [r.request.url for r in logged(world)] == [url]


async def test_a_second_signature_header_hides_nothing(world: Hooks, api: Installation) -> None:
    good = list(signed(BODY).items())
    async with client(api) as http:
        for headers in ([*good, (good[0][0], "AAAA")], [(good[0][0], "AAAA"), *good]):
            assert (await http.post(path(world.connection), content=BODY, headers=headers)).status_code == 403


async def test_many_at_once_are_all_kept(world: Hooks, api: Installation) -> None:
    bodies = [b"[%d]" % n for n in range(60)]
    async with client(api) as http:
        answers = await asyncio.gather(
            *(http.post(path(world.connection), content=b, headers=signed(b)) for b in bodies)
        )
    assert {a.status_code for a in answers} == {204}
    assert sorted(r.request.body for r in logged(world)) == sorted(bodies)


async def test_logs_and_refusals_hold_no_personal_data(
    world: Hooks, api: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answers = [await post(api, world.connection, BODY, h) for h in (signed(BODY), {}, signed(b""))]
    answers.append(await post(api, f"{world.connection}?email={ADDRESS}", BODY, {}))
    assert ADDRESS not in "".join(a.text for a in answers)
    assert ADDRESS not in "".join(r.getMessage() for r in caplog.records if r.name.startswith(("api", "adapters")))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_an_address_can_be_tried_before_it_is_saved(world: Hooks, api: Installation, method: str) -> None:
    disabled = add_twilio(world.owner, world.tenant)
    world.owner.connections.disable(disabled, world.clock())
    async with client(api) as http:
        known = await http.request(method, path(world.connection))
        others = [await http.request(method, path(other)) for other in (uuid4(), "mail", disabled)]
    assert (known.status_code, known.content) == (204, b"")
    assert {other.status_code for other in others} == {404}
    assert logged(world) == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_other_methods_are_not_allowed(world: Hooks, api: Installation, method: str) -> None:
    async with client(api) as http:
        assert (await http.request(method, path(world.connection))).status_code == 405
