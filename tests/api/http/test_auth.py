"""Who may call, and that a request without a key gets no further."""

from typing import Any

import httpx
import pytest

from api.http.app import build_app
from tests.api.service import Service, Tenant

_ID = "5f0e8a34-2f0c-4a8e-8a50-0f5f6a1c9b77"
ROUTES = [
    ("PUT", "/v1/subjects/invoice/1", "send"),
    ("GET", "/v1/subjects/invoice/1", "read"),
    ("POST", "/v1/subjects/invoice/1/documents", "send"),
    ("GET", f"/v1/documents/{_ID}", "read"),
    ("POST", "/v1/attempts", "send"),
    ("POST", "/v1/attempts:bulk", "send"),
    ("POST", f"/v1/attempts/{_ID}/resend", "send"),
    ("POST", f"/v1/attempts/{_ID}/refresh", "send"),
    ("POST", f"/v1/attempts/{_ID}/cancel", "send"),
    ("POST", "/v1/communications:mark_sent", "send"),
    ("POST", f"/v1/communications/{_ID}/ignore", "send"),
    ("POST", f"/v1/communications/{_ID}/restore", "send"),
    ("DELETE", "/v1/customers/c-1", "admin"),
    ("GET", "/v1/communications", "read"),
    ("GET", "/v1/communications:counts", "read"),
    ("GET", f"/v1/communications/{_ID}", "read"),
    ("GET", "/v1/attempts", "read"),
    ("GET", "/v1/attempts:counts", "read"),
    ("GET", f"/v1/attempts/{_ID}", "read"),
    ("GET", "/v1/stream", "read"),
]
WEBHOOKS = "/v1/webhooks/{connection_id}"
OPEN = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", WEBHOOKS), ("POST", WEBHOOKS)}
CALLS = pytest.mark.parametrize(("method", "path", "scope"), ROUTES)


@CALLS
@pytest.mark.parametrize("given", [{}, {"Authorization": "Basic c2VjcmV0"}, {"Authorization": "Bearer"},
                                   {"Authorization": "Bearer st_guessed"}])  # fmt: skip
def test_without_a_key_nothing_is_answered(
    service: Service, method: str, path: str, scope: str, given: dict[str, str]
) -> None:
    del scope
    answer = httpx.request(method, service.url + path, headers=given)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert answer.headers["Content-Type"] == "application/problem+json"


@CALLS
def test_a_key_without_the_scope_is_told_which(acme: Tenant, method: str, path: str, scope: str) -> None:
    others = {"send", "read", "audit"} - {scope}
    answer = acme.client(*others).request(method, path, **_good_body(path))
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
    assert f"'{scope}'" in answer.json()["detail"]


@CALLS
def test_admin_may_do_everything(acme: Tenant, method: str, path: str, scope: str) -> None:
    del scope
    with acme.client("admin").stream(method, path) as answer:
        assert answer.status_code not in (401, 403)


def test_every_route_is_in_the_table(service: Service) -> None:
    """So that a new one cannot be forgotten by the tests above."""
    paths = build_app(service.installation).openapi()["paths"]
    known = {(method, path.replace("invoice/1", "{type}/{external_id}").replace("c-1", "{customer_id}"))
             for method, path, _ in ROUTES}  # fmt: skip
    for path, operations in paths.items():
        for method in operations:
            plain = path
            for name in ("attempt_id", "communication_id", "document_id"):
                plain = plain.replace(f"{{{name}}}", _ID)
            assert (method.upper(), plain) in known | OPEN


def test_a_key_comes_before_the_body(service: Service) -> None:
    """An unknown caller is not told what is wrong with what it sent."""
    answer = httpx.post(f"{service.url}/v1/attempts", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 401


def test_a_revoked_key_ends(acme: Tenant) -> None:
    client = acme.client("read")
    assert client.get("/v1/subjects/invoice/1").status_code == 404
    (key_id, *_), *_ = acme.service.owner.api_keys.of_tenant(acme.id)
    acme.service.owner.api_keys.revoke(key_id, acme.service.clock())
    acme.service.installation.api_keys._owner.forget()
    assert client.get("/v1/subjects/invoice/1").status_code == 401


def _good_body(path: str) -> dict[str, Any]:
    if path.endswith("/documents"):
        return {"files": {"file": ("a.pdf", b"x")}, "data": {"format": "pdf"}}
    return {}
