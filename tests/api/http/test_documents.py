"""Documents in and out."""

import hashlib
from pathlib import Path

import pytest

from api.documents import safe_name
from tests.api.service import PDF, UBL, Tenant

CREDIT_NOTE = UBL.replace(b"Invoice", b"CreditNote")
BILLION = b'<!DOCTYPE x [<!ENTITY a "b">]>' + UBL.partition(b"?>")[2]


def test_a_document_comes_back_as_it_went_in(acme: Tenant) -> None:
    acme.put()
    kept = acme.upload(filename="Invoice 4711.pdf")
    assert kept == {
        "id": kept["id"],
        "sha256": hashlib.sha256(PDF).hexdigest(),
        "size": len(PDF),
        "filename": "Invoice 4711.pdf",
        "format": "pdf",
        "position": kept["position"],
    }
    answer = acme.http.get(f"/v1/documents/{kept['id']}")
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["ETag"] == f'"{kept["sha256"]}"'
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="Invoice 4711.pdf"')


def test_a_known_copy_is_not_sent_again(acme: Tenant) -> None:
    acme.put()
    kept = acme.upload(UBL, kind="ubl")
    path, tag = f"/v1/documents/{kept['id']}", f'"{kept["sha256"]}"'
    assert acme.http.get(path).headers["Content-Type"] == "application/xml"
    again = acme.http.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert acme.http.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_same_bytes_are_the_same_document(acme: Tenant) -> None:
    acme.put()
    first = acme.upload()
    assert acme.upload(filename="other-name.pdf") == first
    other = acme.upload(PDF + b"\n")
    assert other["id"] != first["id"]
    back = acme.upload()
    assert back["id"] == first["id"]
    assert back["position"] > other["position"]


def test_attempts_that_waited_go(acme: Tenant) -> None:
    acme.put()
    acme.connect()
    attempt = acme.sent(documents="pdf_ubl")
    assert (attempt["status"], attempt["reason"], attempt["documents"]) == ("collecting", "document_missing", [])
    acme.upload()
    assert acme.subject()["communication"]["status"] == "collecting"
    acme.upload(UBL, kind="ubl")
    assert acme.subject()["communication"]["status"] == "queued"


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"", "pdf", "not_pdf"),
        (b"<html>", "pdf", "not_pdf"),
        (UBL, "pdf", "not_pdf"),
        (PDF[: len(PDF) // 2], "pdf", "not_pdf"),
        (PDF, "ubl", "not_ubl"),
        (b"", "ubl", "not_ubl"),
        (UBL[:-5], "ubl", "not_ubl"),
        (BILLION, "ubl", "not_ubl"),
        (b"<Invoice/>", "ubl", "not_ubl"),
        (UBL.replace(b"Invoice-2", b"Invoice-1"), "ubl", "not_ubl"),
        (UBL.replace(b'version="1.0"', b'version="1.0" encoding="ebcdic-xx"'), "ubl", "not_ubl"),
        (b"\xff\xfe\x00", "ubl", "not_ubl"),
    ],
)
def test_a_file_must_be_what_it_is_said_to_be(acme: Tenant, content: bytes, kind: str, code: str) -> None:
    acme.put()
    answer = acme.post_file(content, kind=kind)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["field"] == "file"


@pytest.mark.parametrize("content", [UBL, CREDIT_NOTE, b"\xef\xbb\xbf" + UBL, UBL.decode().encode("utf-16")])
def test_invoices_and_credit_notes_are_ubl(acme: Tenant, content: bytes) -> None:
    acme.put()
    assert acme.upload(content, kind="ubl")["format"] == "ubl"


def test_forms_that_are_not_the_form(acme: Tenant) -> None:
    acme.put()
    path = "/v1/subjects/invoice/4711/documents"
    file = ("a.pdf", PDF)
    for given, field in (
        ({"files": {"file": file}}, "format"),
        ({"files": {"file": file}, "data": {"format": "docx"}}, "format"),
        ({"files": {"file": file}, "data": {"format": "pdf", "colour": "red"}}, "colour"),
        ({"files": [("file", file), ("file", file)], "data": {"format": "pdf"}}, "file"),
        ({"files": {"other": file}, "data": {"format": "pdf"}}, "other"),
        ({"files": {"file": (None, PDF)}, "data": {"format": "pdf"}}, "file"),
    ):
        answer = acme.http.post(path, **given)
        assert answer.status_code == 422
        assert field in {one["field"] for one in answer.json()["errors"]}
    broken = acme.http.post(path, content=b"--x", headers={"Content-Type": "multipart/form-data; boundary=y"})
    assert broken.status_code in (400, 422)


def test_documents_belong_to_a_subject(acme: Tenant) -> None:
    answer = acme.post_file(PDF)
    assert (answer.status_code, answer.json()["code"]) == (404, "subject_not_found")


def test_an_unknown_document(acme: Tenant) -> None:
    answer = acme.http.get("/v1/documents/5f0e8a34-2f0c-4a8e-8a50-0f5f6a1c9b77")
    assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")


def test_a_disk_that_takes_nothing(acme: Tenant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is recorded, and it is worth trying again."""
    acme.put()
    (tmp_path / "file").touch()
    send = acme.http.post
    with monkeypatch.context() as patch:
        patch.setattr(acme.service.installation.documents, "folder", tmp_path / "file")
        answer = send("/v1/subjects/invoice/4711/documents", data={"format": "pdf"}, files={"file": ("a.pdf", PDF)})
    assert (answer.status_code, answer.json()["code"]) == (503, "documents_unavailable")
    assert answer.headers["Retry-After"]
    assert acme.sent(address="ap@payer.example")["documents"] == []
    assert acme.upload()["size"] == len(PDF)


def test_bytes_that_are_gone(acme: Tenant) -> None:
    acme.put()
    kept = acme.upload()
    for file in acme.service.installation.documents.folder.rglob(kept["sha256"]):
        file.unlink()
    answer = acme.http.get(f"/v1/documents/{kept['id']}")
    assert (answer.status_code, answer.json()["code"]) == (410, "document_lost")


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.pdf", "a.pdf"),
        ('a"b\r\nSet-Cookie: x.pdf', "a_b_Set-Cookie_ x.pdf"),
        ("exe\u202efdp.pdf", "exe_fdp.pdf"),
        ("...", ""),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("Rechnung für Öl.pdf", "Rechnung für Öl.pdf"),
    ],
)
def test_names_are_made_harmless(given: str, safe: str) -> None:
    assert safe_name(given) == safe


def test_a_name_that_is_not_ascii(acme: Tenant) -> None:
    acme.put()
    kept = acme.upload(filename="Übersicht €.pdf")
    answer = acme.http.get(f"/v1/documents/{kept['id']}")
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"_bersicht _.pdf\"; filename*=UTF-8''%C3%9Cbersicht%20%E2%82%AC.pdf"
    )


def test_a_file_without_a_usable_name_is_called_by_its_subject(acme: Tenant) -> None:
    acme.put(number="2026/42")
    assert acme.upload(filename="..")["filename"] == "2026_42.pdf"
