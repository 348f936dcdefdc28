"""Bodies are bounded before they are read."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from adapters.documents import LARGEST
from tests.api.service import Tenant

MIB = 1024 * 1024


def test_a_body_is_refused_by_its_length_alone(acme: Tenant) -> None:
    """The headers are all that is sent: an answer can only come from them."""
    assert _first_line(acme, str(MIB + 1)).startswith("HTTP/1.1 413 ")


def test_a_body_of_unknown_length_is_counted(acme: Tenant) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    answer = acme.http.post("/v1/attempts", content=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("path", ["/v1/attempts:bulk", "/v1/communications:mark_sent"])
def test_many_items_may_take_10_mib(acme: Tenant, path: str) -> None:
    headers = {"Content-Type": "application/json"}
    assert acme.http.post(path, content=b"{" + b" " * 9 * MIB, headers=headers).status_code == 400
    assert acme.http.post(path, content=b"{" + b" " * 10 * MIB, headers=headers).status_code == 413


def test_a_document_may_take_5_mib(acme: Tenant) -> None:
    acme.put()
    content = b"%PDF-1.7\n" + b"%" * (LARGEST - 20) + b"\n%%EOF"
    assert acme.post_file(content).status_code == 201
    assert acme.post_file(content + b"\n" * 20).json()["code"] == "too_large"
    answer = acme.post_file(content + b"\n" * MIB)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_the_wrong_kind_of_body(acme: Tenant) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        answer = acme.http.post("/v1/attempts", content=b"{}", headers={"Content-Type": content_type})
        assert (answer.status_code, answer.headers["Accept"]) == (415, "application/json")
    answer = acme.http.post("/v1/subjects/invoice/1/documents", json={})
    assert (answer.status_code, answer.headers["Accept"]) == (415, "multipart/form-data")


def test_a_charset_beside_the_kind_is_fine(acme: Tenant) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert acme.http.put("/v1/subjects/invoice/1", content=b"{}", headers=headers).status_code == 201


def test_a_length_that_is_no_number(acme: Tenant) -> None:
    assert _first_line(acme, "-1").startswith("HTTP/1.1 400 ")
    assert _first_line(acme, "1e9").startswith("HTTP/1.1 400 ")


def _first_line(acme: Tenant, length: str) -> str:
    """Of the answer to headers alone, with this Content-Length."""
    address = urlsplit(acme.service.url)
    head = [
        "POST /v1/attempts HTTP/1.1",
        "Host: x",
        f"Authorization: {acme.http.headers['Authorization']}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    ]
    with socket.create_connection((address.hostname, address.port or 0), timeout=10) as client:
        client.sendall("\r\n".join([*head, "", ""]).encode())
        return client.recv(1000).decode().partition("\r\n")[0]
