"""The installation's master key: seals customer keys, connection secrets and first answers."""

import base64
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12


class SealError(Exception):
    """A sealed value cannot be opened."""


class MasterKeyError(SealError):
    """The master key is missing or not the one that this database was sealed with."""


class TamperedError(SealError):
    """The sealed value was changed, or belongs elsewhere."""


class MasterKey:
    """AES-256-GCM under 32 bytes; `context` binds a sealed value to its place, so it cannot be moved to another."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise MasterKeyError("the master key must be 32 bytes, base64-encoded")
        self._cipher = AESGCM(key)
        self.fingerprint = hashlib.sha256(b"sendtrail master key" + key).hexdigest()[:16]

    def seal(self, plain: bytes, context: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises TamperedError."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], context)
        except (InvalidTag, ValueError):
            raise TamperedError("a value sealed under the master key does not open") from None


def read_master_key(given: str | None, file: Path, *, create: bool = False) -> MasterKey:
    """The key given as base64, else the file's; made (mode 0600) only if `create`. Raises MasterKeyError."""
    if not given and not file.exists():
        if not create:
            raise MasterKeyError(f"set SENDTRAIL_MASTER_KEY, or put the key into {file}")
        file.parent.mkdir(parents=True, exist_ok=True)
        _write_new(file)
    try:
        return MasterKey(base64.b64decode(given or file.read_text().strip(), validate=True))
    except ValueError:
        raise MasterKeyError("the master key is not base64") from None


def _write_new(file: Path) -> None:
    """Whoever is first makes it; a key is never replaced, or all that it sealed would be lost."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as out:
        out.write(base64.b64encode(os.urandom(32)).decode())
