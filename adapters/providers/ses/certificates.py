"""The certificates that SNS signs with, fetched once each from Amazon's own host."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import httpx
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.providers.port import MisconfiguredError
from adapters.providers.ses.envelope import is_certificate

log = logging.getLogger(__name__)
TIMEOUT = 5.0
LARGEST = 64 * 1024  # bytes
KEPT = 32
PAUSE = 30.0
"""Seconds after a failure for which the same address is not asked again."""

Fetch = Callable[[str], bytes]


class UnavailableError(MisconfiguredError):
    """The signing certificate cannot be had now, so nobody can say whether the request is authentic."""


def fetch(url: str) -> bytes:
    """Raises httpx.HTTPError."""
    with (
        httpx.Client(timeout=TIMEOUT, follow_redirects=False) as http,
        http.stream("GET", url) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise httpx.HTTPStatusError(f"HTTP {answer.status_code}", request=answer.request, response=answer)
        content = b""
        for part in answer.iter_bytes():
            content += part
            if len(content) > LARGEST:
                raise httpx.DecodingError("too large for a certificate", request=answer.request)
        return content


class Certificates:
    """A bounded cache, safe to share between threads. The address names the certificate, so it never changes."""

    def __init__(self, get: Fetch = fetch, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._get = get
        self._monotonic = monotonic
        self._kept: OrderedDict[str, rsa.RSAPublicKey | float] = OrderedDict()
        self._lock = threading.Lock()

    def key(self, url: str) -> rsa.RSAPublicKey:
        """Raises UnavailableError; ValueError for an address that is not Amazon's."""
        if not is_certificate(url):
            raise ValueError("not an address of Amazon SNS")
        with self._lock:
            found = self._kept.get(url)
        if isinstance(found, rsa.RSAPublicKey):
            return found
        if found is not None and self._monotonic() < found:
            raise UnavailableError("the signing certificate could not be fetched a moment ago")
        return self._fetched(url)

    def _fetched(self, url: str) -> rsa.RSAPublicKey:
        try:
            key = public_key(self._get(url))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            self._keep(url, self._monotonic() + PAUSE)
            log.warning("the signing certificate of SNS cannot be fetched: %s", type(error).__name__)
            raise UnavailableError("the signing certificate cannot be fetched") from None
        self._keep(url, key)
        return key

    def _keep(self, url: str, what: "rsa.RSAPublicKey | float") -> None:
        with self._lock:
            self._kept[url] = what
            self._kept.move_to_end(url)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


def public_key(pem: bytes) -> rsa.RSAPublicKey:
    """Of a certificate. Its dates are not judged: Amazon serves what it signs with. Raises ValueError."""
    try:
        key = x509.load_pem_x509_certificate(pem).public_key()
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not an RSA key")
    return key
