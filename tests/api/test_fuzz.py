"""Whatever is sent, the answer is a success or a problem that is the caller's: never 500."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.values import Channel
from tests.api.service import Tenant, order

ID = "5f0e8a34-2f0c-4a8e-8a50-0f5f6a1c9b77"
EXAMPLES = 40
RELAXED = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
text = st.text(st.characters(codec="utf-8"), max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | text
visible = st.characters(min_codepoint=33, max_codepoint=255, exclude_categories=["Cc"])
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=12
)
addresses = st.one_of(text, st.emails(), st.sampled_from(["+32470123456", "0208:0123", "Main St 1\n1000 Brussels", ""]))
people = st.fixed_dictionaries({}, optional={"id": text | anything, "name": text | anything})
roles = st.sampled_from(["to", "cc", "x"])
subjects = st.fixed_dictionaries(
    {"type": st.sampled_from(["invoice", "other"]) | anything, "external_id": text | st.just("4711")}
)
sends = st.fixed_dictionaries(
    {"subject": subjects | st.just(order()["subject"]), "channel": st.sampled_from(list(Channel))},
    optional={
        "recipients": st.lists(
            st.fixed_dictionaries({}, optional={"address": addresses, "name": text, "role": roles}), max_size=4
        )
        | anything,
        "documents": st.sampled_from(["pdf", "ubl", "pdf_ubl"]) | anything,
        "message": st.fixed_dictionaries({}, optional={"subject": text, "text": text}) | anything,
        "language": text | anything,
        "scheduled_at": text | st.datetimes().map(lambda d: d.isoformat() + "Z") | anything,
        "connection_id": st.uuids().map(str) | anything,
        "requested_by": people | anything,
    },
)  # fmt: skip
_SAID = ("number", "label", "url", "category", "document_status", "total", "currency", "issued_on", "customer")
said = st.fixed_dictionaries({}, optional=dict.fromkeys(_SAID, text | anything))
marks = st.fixed_dictionaries({"subject": subjects, "sent_at": text | st.datetimes().map(str), "how": text})


@pytest.fixture
def put(acme: Tenant) -> Tenant:
    acme.put()
    acme.connect()
    return acme


def check(answer: httpx.Response) -> None:
    assert answer.status_code < 500, f"{answer.request.method} {answer.request.url} {answer.request.content!r}"
    if not answer.is_success:
        found = answer.json()
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (found["status"], set(found)) == (
            answer.status_code,
            {"type", "title", "status", "detail", "code", "errors"},
        )


def post(tenant: Tenant, path: str, body: Any, method: str = "POST") -> None:
    content = json.dumps(body).encode("utf-8", "surrogatepass")
    check(tenant.http.request(method, path, content=content, headers={"Content-Type": "application/json"}))


@given(body=sends | anything)
@RELAXED
def test_sends(put: Tenant, body: Any) -> None:
    post(put, "/v1/attempts", body)


@given(items=st.lists(sends | anything, max_size=4) | anything)
@RELAXED
def test_bulks(put: Tenant, items: Any) -> None:
    post(put, "/v1/attempts:bulk", {"items": items})


@given(items=st.lists(marks | anything, max_size=3), by=people | anything)
@RELAXED
def test_marks(put: Tenant, items: Any, by: Any) -> None:
    post(put, "/v1/communications:mark_sent", {"items": items, "requested_by": by})


@given(body=said | anything, kind=st.sampled_from(["invoice", "other", "x"]), external_id=text.filter(bool))
@RELAXED
def test_subjects(put: Tenant, body: Any, kind: str, external_id: str) -> None:
    path = f"/v1/subjects/{kind}/{quote(external_id, safe='')}"
    post(put, path, body, "PUT")
    check(put.http.get(path))


@given(
    body=anything,
    path=st.sampled_from([f"/v1/attempts/{ID}/resend", f"/v1/communications/{ID}/ignore", "/v1/attempts"]),
)
@RELAXED
def test_other_bodies(put: Tenant, body: Any, path: str) -> None:
    post(put, path, body)


@given(content=st.binary(max_size=200), path=st.sampled_from(["/v1/attempts", "/v1/attempts:bulk"]))
@RELAXED
def test_bytes(put: Tenant, content: bytes, path: str) -> None:
    check(put.http.post(path, content=content, headers={"Content-Type": "application/json"}))


@given(content=st.binary(max_size=200), filename=text, kind=text | st.sampled_from(["pdf", "ubl"]))
@RELAXED
def test_files(put: Tenant, content: bytes, filename: str, kind: str) -> None:
    files = {"file": (filename, b"%PDF-1.7" + content + b"%%EOF")}
    check(put.http.post("/v1/subjects/invoice/4711/documents", files=files, data={"format": kind}))


@given(parts=st.lists(text, max_size=4), query=st.dictionaries(text, text, max_size=3))
@RELAXED
def test_addresses(put: Tenant, parts: list[str], query: dict[str, str]) -> None:
    path = "/v1/" + "/".join(quote(part, safe="") for part in parts)
    for method in ("GET", "POST", "DELETE"):
        check(put.http.request(method, path, params=query))


@given(
    key=st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_categories=["Cc"]), min_size=1, max_size=300)
)
@RELAXED
def test_keys(put: Tenant, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    check(put.http.post("/v1/attempts", json=order(channel="manual", address=None), headers=headers))
