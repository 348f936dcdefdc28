"""What surrounds every request."""

import logging

import pytest

from tests.api.service import Tenant


def test_a_request_id_is_kept_or_made(acme: Tenant) -> None:
    kept = acme.http.get("/healthz", headers={"X-Request-Id": "trace-7"})
    assert kept.headers["X-Request-Id"] == "trace-7"
    made = {acme.http.get("/healthz").headers["X-Request-Id"] for _ in range(2)}
    assert len(made) == 2


@pytest.mark.parametrize("given", ["a b", "x" * 65, "a\tb", "é", '"'])
def test_a_strange_request_id_is_not_repeated(acme: Tenant, given: str) -> None:
    answer = acme.http.get("/healthz", headers={b"X-Request-Id": given.encode()})
    assert answer.headers["X-Request-Id"] != given


def test_answers_are_neither_stored_nor_framed_nor_guessed_at(acme: Tenant) -> None:
    for path in ("/healthz", "/v1/attempts", "/v1/nothing", "/openapi.json"):
        headers = acme.http.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"


def test_the_log_names_routes_and_keys_but_no_person(acme: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        acme.put("jan-janssens@home.example", customer={"id": "c-jan", "name": "Jan Janssens"})
        acme.http.get("/v1/attempts", params={"q": "janssens"})
        acme.sent(external_id="jan-janssens@home.example", address="jan@home.example")
    ours = [r.getMessage() for r in caplog.records if r.name.split(".")[0] in ("api", "adapters", "consumers")]
    assert any("PUT /v1/subjects/{type}/{external_id:path} 201" in line for line in ours)
    assert all("key=" in line and "key=-" not in line for line in ours if "POST /v1/attempts" in line)
    assert not [line for line in ours if "jan" in line.lower()]
