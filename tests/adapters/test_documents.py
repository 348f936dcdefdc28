"""Documents are kept by their hash, sealed, complete or not at all."""

import hashlib
import os
from pathlib import Path

import pytest

from adapters.documents import Documents, DocumentsUnavailableError
from adapters.keys.master import TamperedError
from adapters.keys.ring import CustomerKey

KEY = CustomerKey("6b7a0c1e-54d5-4d3f-8d7b-2f1f6a1c9e11", bytes(range(32)))
PDF = b"%PDF-1.7 an invoice"


def test_what_was_put_comes_back_and_is_sealed_on_disk(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    sha256 = documents.put(KEY, PDF)
    assert sha256 == hashlib.sha256(PDF).hexdigest()
    assert documents.get(KEY, sha256) == PDF
    (stored,) = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert b"invoice" not in stored.read_bytes()


def test_the_same_bytes_again_change_nothing(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    sha256 = documents.put(KEY, PDF)
    (stored,) = [p for p in tmp_path.rglob("*") if p.is_file()]
    before = stored.read_bytes()
    assert documents.put(KEY, PDF) == sha256
    assert stored.read_bytes() == before


def test_a_disk_that_takes_nothing_is_said_in_one_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DocumentsUnavailableError):
        Documents(tmp_path / "file").put(KEY, PDF)
    assert "Not a directory" in caplog.text


def test_changed_bytes_are_noticed(tmp_path: Path) -> None:
    documents = Documents(tmp_path)
    sha256 = documents.put(KEY, PDF)
    (stored,) = [p for p in tmp_path.rglob("*") if p.is_file()]
    stored.write_bytes(stored.read_bytes()[:-1])
    with pytest.raises(TamperedError):
        documents.get(KEY, sha256)


def test_a_full_disk_leaves_no_half_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DocumentsUnavailableError):
        Documents(tmp_path).put(KEY, PDF)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
