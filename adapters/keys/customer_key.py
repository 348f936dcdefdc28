"""One customer's key: seals personal values, opens them, and tells equal ones apart."""

import os
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.keys.master import NONCE, TamperedError
from domain.values import Personal


class MissingKeyError(Exception):
    """The row of a customer key is gone: a fault to repair from a backup, never an erasure."""


@dataclass(frozen=True, repr=False)
class CustomerKey:
    """AES-256-GCM; the key's id is bound into what it seals."""

    id: str
    secret: bytes

    @cached_property
    def _cipher(self) -> AESGCM:
        """Made once a key: making it costs more than sealing a value."""
        return AESGCM(self.secret)

    @cached_property
    def _bound(self) -> bytes:
        return self.id.encode()

    def seal(self, plain: str) -> Personal:
        return Personal(self.id, b2a_base64(self.seal_bytes(plain.encode()), newline=False).decode())

    def seal_bytes(self, plain: bytes) -> bytes:
        nonce = _nonce()
        return nonce + self._cipher.encrypt(nonce, plain, self._bound)

    def open(self, value: Personal) -> str:
        """Raises TamperedError."""
        return self.open_bytes(a2b_base64(value.sealed)).decode()

    def open_bytes(self, sealed: bytes) -> bytes:
        """Raises TamperedError."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], self._bound)
        except (InvalidTag, ValueError):
            raise TamperedError(f"a value under customer key {self.id} does not open") from None

    def fingerprint(self, plain: str) -> str:
        """Tells equal values apart without opening them; worthless once the key is destroyed. 32 hex digits."""
        begun = self._halves
        inner, outer = begun[0].copy(), begun[1].copy()
        inner.update(plain.casefold().encode())
        outer.update(inner.digest())
        told: str = outer.hexdigest()
        return told[:32]

    @cached_property
    def _halves(self) -> tuple[Any, Any]:
        """HMAC-SHA-256 (RFC 2104) as far as the key alone decides it: to begin it takes twice as long as to end it."""
        block = self.secret.ljust(64, b"\0")
        return sha256(bytes(b ^ 0x36 for b in block)), sha256(bytes(b ^ 0x5C for b in block))


_NONCES = 64
_nonces: list[bytes] = []
os.register_at_fork(after_in_child=_nonces.clear)


def _nonce() -> bytes:
    """Used once and never again. Drawn many at a time: each system call lets other threads in, who may stay long."""
    try:
        return _nonces.pop()
    except IndexError:
        drawn = os.urandom(NONCE * _NONCES)
        _nonces.extend(drawn[at : at + NONCE] for at in range(NONCE, len(drawn), NONCE))
        return drawn[:NONCE]
