"""Documents on disk, named by customer key and SHA-256, sealed under the key: an erasure makes them unreadable."""

import hashlib
import logging
import os
from pathlib import Path

from adapters.keys.ring import CustomerKey

log = logging.getLogger(__name__)
LARGEST = 5 * 1024 * 1024
"""Bytes of one document."""


class DocumentsUnavailableError(Exception):
    """Documents cannot be stored now."""

    code = "documents_unavailable"


class Documents:
    """A folder that all processes see. A file is complete or absent, never half."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, key: CustomerKey, content: bytes) -> str:
        """Keeps the bytes durably; returns their SHA-256 (hex). The same bytes again change nothing.

        Raises DocumentsUnavailableError where the disk is full or takes nothing.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(key.id, sha256)
        try:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                _write_whole(path, key.seal_bytes(content))
        except OSError as error:
            log.error("no document can be stored in %s: %s", self.folder, error.strerror)
            raise DocumentsUnavailableError("Documents cannot be stored now: try again later.") from None
        return sha256

    def get(self, key: CustomerKey, sha256: str) -> bytes:
        """Raises FileNotFoundError, TamperedError."""
        return key.open_bytes(self._path(key.id, sha256).read_bytes())

    def _path(self, key_id: str, sha256: str) -> Path:
        return self.folder / key_id / sha256[:2] / sha256


def _write_whole(path: Path, content: bytes) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with beside.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
