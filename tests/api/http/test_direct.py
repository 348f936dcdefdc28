"""A send is answered in front of FastAPI as FastAPI would answer it, whatever is wrong with it."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.http.app import Application
from tests.api.service import Tenant, order

JSON = {"Content-Type": "application/json"}
GOOD = json.dumps(order()).encode()
_ODD: list[Any] = [
    None, 7, "x", [], [1], {}, {"body": 1, "query": 2}, order() | {"colour": 1}, order() | {"recipients": {}},
    order() | {"recipients": [7]}, order() | {"subject": "4711"}, order() | {"channel": "pigeon"},
    order() | {"scheduled_at": 5}, order() | {"message": {"text": "\x00"}}, order() | {"requested_by": {}},
    order() | {"connection_id": "x"}, order(address="not an address"), order("unknown"),
]  # fmt: skip
_WORDS = st.text(max_size=5) | st.sampled_from(["email", "ap@payer.example"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*order(), "body"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


def both(
    tenant: Tenant, body: bytes, headers: dict[str, str], query: str = "", http: httpx.Client | None = None
) -> list[httpx.Response]:
    """The answer as it is given, and as FastAPI gives it."""
    app = tenant.service.app
    assert isinstance(app, Application)
    takes, answers = app.takes, []
    try:
        for taken in (takes, lambda _: False):
            app.takes = taken
            answers.append((http or tenant.http).post(f"/v1/attempts{query}", content=body, headers=headers))
    finally:
        app.takes = takes
    return answers


def check_same(answers: list[httpx.Response]) -> None:
    direct, through = answers
    assert direct.status_code == through.status_code
    assert direct.json() == through.json()
    changing = {"date", "x-request-id"}
    assert {n: v for n, v in direct.headers.items() if n not in changing} == {
        n: v for n, v in through.headers.items() if n not in changing
    }


@pytest.mark.parametrize("body", [json.dumps(one).encode() for one in _ODD])
def test_a_body_that_is_not_right(acme: Tenant, body: bytes) -> None:
    acme.put()
    check_same(both(acme, body, JSON))


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": 1', b"nul", b"\xff\xfe", b"[" * 50_000, b'{"x": ' + b"9" * 5000 + b"}", b"NaN"]
)
def test_a_body_that_cannot_be_read(acme: Tenant, body: bytes) -> None:
    check_same(both(acme, body, JSON))


@given(_VALUES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_body(acme: Tenant, value: Any) -> None:
    check_same(both(acme, json.dumps(value).encode(), JSON))


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        (JSON | {"Idempotency-Key": ""}, ""),
        (JSON | {"Idempotency-Key": "x" * 256}, ""),
        (JSON | {"Authorization": ""}, ""),
        (JSON | {"Authorization": "Bearer st_unknown"}, ""),
        (JSON, "?a=1"),
        ({"Content-Type": "text/plain"}, ""),
    ],
)
def test_what_else_may_be_wrong(acme: Tenant, headers: dict[str, str], query: str) -> None:
    for body in (GOOD, b"{", b"{}"):
        check_same(both(acme, body, headers, query))


def test_a_key_that_may_not_send(acme: Tenant) -> None:
    reader = acme.client("read")
    for body in (GOOD, b"{", b"{}"):
        check_same(both(acme, body, JSON, http=reader))


def test_a_send_that_is_right(acme: Tenant) -> None:
    acme.put()
    direct, through = both(acme, GOOD, JSON | {"Idempotency-Key": "k-1"})
    assert (direct.status_code, through.status_code) == (202, 202)
    assert direct.content == through.content
    assert (direct.headers.get("Idempotent-Replayed"), through.headers["Idempotent-Replayed"]) == (None, "true")
