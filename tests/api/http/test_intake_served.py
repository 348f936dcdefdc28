"""The webhook intake as the whole application serves it: in front of the other routes, and counted like them."""

import logging
from uuid import uuid4

import httpx
import pytest

from adapters.simulator.signing import public_key
from api.http.intake import MOST_BYTES
from tests.api.service import Service
from tests.consumers.hooks import KEY, signed
from tests.support.eventually import eventually

BODY = b'[{"event": "delivered", "email": "ap@payer.example"}]'
ROUTE = "/v1/webhooks/{connection_id}"


def asked(http: httpx.Client, where: str) -> list[tuple[str, int]]:
    """Every way to call a webhook address, and how it was answered."""
    elsewhere = where[:-36] + str(uuid4())
    calls = [
        ("POST", where, BODY, signed(BODY)),
        ("POST", where, BODY, {}),
        ("POST", where, BODY, signed(b"another")),
        ("POST", where, bytes(MOST_BYTES + 1), {}),
        ("POST", elsewhere, BODY, signed(BODY)),
        ("GET", where, b"", {}),
        ("HEAD", elsewhere, b"", {}),
        ("PUT", where, BODY, {}),
    ]
    return [
        (m, http.request(m, url, content=content, headers=headers).status_code) for m, url, content, headers in calls
    ]


ANSWERS = [("POST", 204), ("POST", 401), ("POST", 403), ("POST", 413), ("POST", 404), ("GET", 204), ("HEAD", 404),
           ("PUT", 405)]  # fmt: skip


@pytest.fixture
def where(own_service: Service) -> str:
    connection = own_service.tenant().connect(secrets={"public_key": public_key(KEY)})
    return f"{own_service.url}/v1/webhooks/{connection}"


def test_every_answer_is_counted_under_the_route(own_service: Service, where: str) -> None:
    with httpx.Client() as http:
        assert asked(http, where) == ANSWERS
        all_of_them = f'sendtrail_http_request_seconds_count{{route="{ROUTE}"}} {len(ANSWERS)}\n'
        figures = eventually(lambda: (text := http.get(f"{own_service.url}/metrics").text) * (all_of_them in text))
    for method, status in ANSWERS:
        labels = f'method="{method}",route="{ROUTE}",status="{status}"'
        assert f"sendtrail_http_requests_total{{{labels}}} 1" in figures


def test_answers_carry_what_every_answer_carries(where: str) -> None:
    with httpx.Client() as http:
        answers = [http.post(where, content=BODY, headers=h | {"X-Request-Id": "trace-9"}) for h in (signed(BODY), {})]
    assert [answer.status_code for answer in answers] == [204, 401]
    for answer in answers:
        assert answer.headers["X-Request-Id"] == "trace-9"
        assert answer.headers["Cache-Control"] == "no-store"
    assert answers[1].headers["X-Content-Type-Options"] == "nosniff"


def test_the_methods_of_an_address_are_named(where: str) -> None:
    answer = httpx.delete(where)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"


def test_what_was_refused_is_in_the_log_and_what_was_taken_is_only_counted(
    where: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "api.access"), httpx.Client() as http:
        http.post(where, content=BODY, headers=signed(BODY))
        http.post(where, content=BODY)
        lines = eventually(lambda: [r.getMessage() for r in caplog.records if r.name == "api.access"])
    assert [line.split()[:3] for line in lines] == [["POST", ROUTE, "401"]]
