"""One customer's key: seals personal values, opens them, and tells equal ones apart."""

import hmac
import os
from binascii import b2a_base64
from dataclasses import dataclass
from functools import cached_property

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

    def open_bytes(self, sealed: bytes) -> bytes:
        """Raises TamperedError."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], self._bound)
        except (InvalidTag, ValueError):
            raise TamperedError(f"a value under customer key {self.id} does not open") from None

    def fingerprint(self, plain: str) -> str:
        """Tells equal values apart without opening them; worthless once the key is destroyed. 32 hex digits."""
        made = self._hmac.copy()
        made.update(plain.casefold().encode())
        return made.hexdigest()[:32]

    @cached_property
    def _hmac(self) -> hmac.HMAC:
        return hmac.new(self.secret, digestmod="sha256")


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
