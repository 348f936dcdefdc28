import base64

import httpx
import pytest

from adapters.providers.calls import exchange
from adapters.providers.oauth import Client, Exchanged, Tokens, obtained, unanswered
from adapters.providers.port import MisconfiguredError, RawAnswer, Refused, TryLater, Unknown
from tests.adapters.providers.kit import connection
from tests.adapters.providers.scripted import CUT, HANG, Scripted, http, nobody


class Watch:
    """A monotonic clock that stands still until told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def told(token: str = "t-1", **more: object) -> bytes:
    return http(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600} | more)


def client_of(api: Scripted, secret: str = "s3cret", scope: str = "openid") -> Client:
    return Client(f"{api.url}/token", "id-1", secret, scope)


def test_the_token_is_asked_for_as_the_standard_says(api: Scripted, client: httpx.Client) -> None:
    api.answers(told())
    assert Tokens().get(client_of(api), client) == "t-1"
    (asked,) = api.received
    assert (asked.method, asked.path) == ("POST", "/token")
    assert asked.form == {
        "grant_type": "client_credentials",
        "client_id": "id-1",
        "client_secret": "s3cret",
        "scope": "openid",
    }


def test_no_scope_is_named_where_none_is_wanted(api: Scripted, client: httpx.Client) -> None:
    api.answers(told())
    Tokens().get(client_of(api, scope=""), client)
    assert "scope" not in api.received[0].form


def test_a_token_serves_until_shortly_before_its_end(api: Scripted, client: httpx.Client) -> None:
    watch, api.script = Watch(), [told("t-1"), told("t-2")]
    tokens = Tokens(watch)
    assert tokens.get(client_of(api), client) == "t-1"
    watch.now += 3600 - 31
    assert tokens.get(client_of(api), client) == "t-1"
    watch.now += 2
    assert tokens.get(client_of(api), client) == "t-2"
    assert len(api.received) == 2


def test_id_and_secret_may_go_in_a_header(api: Scripted, client: httpx.Client) -> None:
    api.answers(told())
    Tokens().get(Client(f"{api.url}/token", "id:1", "s3 cr%t", "openid", basic=True), client)
    (asked,) = api.received
    assert asked.form == {"grant_type": "client_credentials", "scope": "openid"}
    scheme, _, encoded = asked.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded)) == ("Basic", b"id%3A1:s3+cr%25t")


@pytest.mark.parametrize(
    ("lasts", "good_for"),
    [("60", 53), (None, 53), ("soon", 53), (0, 0), (-5, 0), (10**9, 86000), (float("inf"), 86000)],
)
def test_whatever_the_life_is_said_to_be(lasts: object, good_for: float, api: Scripted, client: httpx.Client) -> None:
    watch, api.script = Watch(), [told("t-1", expires_in=lasts), told("t-2", expires_in=lasts)]
    tokens = Tokens(watch)
    tokens.get(client_of(api), client)
    watch.now += good_for
    assert tokens.get(client_of(api), client) == ("t-1" if good_for else "t-2")
    watch.now += 400
    assert tokens.get(client_of(api), client) == "t-2"


def test_who_asks_otherwise_gets_another_token(api: Scripted, client: httpx.Client) -> None:
    api.answers(told("t-1"), told("t-2"), told("t-3"))
    tokens = Tokens()
    ones = [client_of(api), client_of(api, secret="other"), client_of(api, scope="")]
    assert [tokens.get(one, client) for one in [*ones, *ones]] == ["t-1", "t-2", "t-3"] * 2


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (http(400, {"error": "invalid_client"}), Refused, "authentication"),
        (http(401), Refused, "authentication"),
        (http(403), Refused, "authentication"),
        (http(404), Refused, "misconfigured"),
        (http(302, headers={"Location": "https://elsewhere.example"}), Refused, "misconfigured"),
        (http(429, headers={"Retry-After": "7"}), TryLater, "rate_limited"),
        (http(500), TryLater, "provider_outage"),
        (http(503, b"<html>"), TryLater, "provider_outage"),
        (http(200, {"token": "t"}), Refused, "misconfigured"),
        (http(200, b"not json"), Refused, "misconfigured"),
        (http(200, {"access_token": "t\n1"}), Refused, "misconfigured"),
        (http(200, {"access_token": "é"}), Refused, "misconfigured"),
        (CUT, TryLater, "provider_outage"),
        (HANG, TryLater, "provider_outage"),
    ],
)
def test_without_a_token_nothing_was_sent(
    answer: object, kind: type, reason: str, api: Scripted, client: httpx.Client
) -> None:
    api.answers(answer)
    found = Tokens().get(client_of(api), client)
    assert isinstance(found, Refused | TryLater)
    assert (type(found), found.reason) == (kind, reason)
    assert "s3cret" not in found.detail


def test_a_platform_that_is_not_there(client: httpx.Client) -> None:
    with nobody() as url:
        assert isinstance(Tokens().get(Client(url, "id", "secret"), client), TryLater)


def calling(api: Scripted, client: httpx.Client, tokens: Tokens) -> Exchanged:
    return tokens.authorized(client_of(api), client, lambda h: exchange(client, "POST", f"{api.url}/call", headers=h))


def test_a_call_carries_the_token(api: Scripted, client: httpx.Client) -> None:
    api.answers(told(), http(200, {"ok": True}))
    answer = calling(api, client, Tokens())
    assert isinstance(answer, RawAnswer)
    assert api.received[1].headers["authorization"] == "Bearer t-1"


def test_a_token_that_is_refused_early_is_replaced_once(api: Scripted, client: httpx.Client) -> None:
    api.answers(told("t-1"), http(401), told("t-2"), http(200, {}))
    answer = calling(api, client, Tokens())
    assert isinstance(answer, RawAnswer)
    assert answer.status == 200
    assert [r.headers.get("authorization") for r in api.received] == [None, "Bearer t-1", None, "Bearer t-2"]


def test_a_call_that_is_refused_again_is_not_made_a_third_time(api: Scripted, client: httpx.Client) -> None:
    api.answers(told("t-1"), http(401), told("t-2"), http(401), told("t-3"), http(200, {}))
    answer = calling(api, client, Tokens())
    assert isinstance(answer, RawAnswer)
    assert answer.status == 401
    assert len(api.received) == 4


@pytest.mark.parametrize("lost", [CUT, HANG])
def test_a_call_whose_answer_is_lost_is_not_made_again(lost: object, api: Scripted, client: httpx.Client) -> None:
    api.answers(told(), lost)
    assert isinstance(calling(api, client, Tokens()), Unknown)
    assert len(api.received) == 2


def test_what_is_no_answer_to_a_question_is_raised() -> None:
    here = connection("choruspro", {})
    answer = RawAnswer(404, {}, b"")
    assert obtained(answer, here) is answer
    with pytest.raises(MisconfiguredError, match="no token"):
        obtained(Refused("authentication", "no token"), here)
    for passing in (TryLater("provider_outage", "away"), Unknown("lost")):
        with pytest.raises(httpx.HTTPError):
            obtained(passing, here)
    with pytest.raises(httpx.HTTPStatusError) as limited:
        obtained(TryLater("rate_limited", "slowly", 7.0), here)
    assert limited.value.response.headers["retry-after"] == "7"


def test_what_tells_nothing_says_when_to_come_again_and_not_where() -> None:
    headers = {"retry-after": "30", "content-encoding": "gzip", "set-cookie": "secret"}
    error = unanswered(RawAnswer(429, headers, b"secret"), "codeRetour 1")
    assert str(error) == "HTTP 429, codeRetour 1"
    assert dict(error.response.headers) == {"retry-after": "30"}
    assert error.response.content == b""
