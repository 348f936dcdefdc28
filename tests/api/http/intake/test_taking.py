"""The webhook intake over HTTP: what is verified is logged before it is answered, and nothing else is."""

import logging
from uuid import UUID, uuid4

import pytest

from adapters.bootstrap import Installation
from adapters.simulator.signing import new_private_key, twilio
from domain.values import Channel
from tests.api.http.intake.calls import BODY, PUBLIC, client, logged, path, post
from tests.consumers.hooks import ADDRESS, TOKEN, Hooks, add_twilio, signed
from tests.support.installation import START

pytestmark = pytest.mark.anyio


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
