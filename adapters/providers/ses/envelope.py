"""The SNS envelope: JSON with an SES event as text in `Message`, or a request to confirm the subscription.

Lambda spells three names otherwise (SigningCertUrl ...). With raw message delivery there is no envelope, and so
nothing that could be verified; what is kept of such requests can still be read.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from adapters.providers.port import UnreadableError
from adapters.providers.reading import load_json

Envelope = dict[str, Any]
NOTIFICATION, CONFIRMATION = "Notification", "SubscriptionConfirmation"
UNSUBSCRIBED = "UnsubscribeConfirmation"
SPELLINGS = {
    "SigningCertUrl": "SigningCertURL",
    "SubscribeUrl": "SubscribeURL",
    "UnsubscribeUrl": "UnsubscribeURL",
}
_HOST = re.compile(r"sns\.[a-zA-Z0-9-]{3,}\.amazonaws\.com(\.cn)?")


def envelope(body: bytes) -> Envelope:
    """Raises UnreadableError for what is no JSON object."""
    told = load_json(body)
    if not isinstance(told, dict):
        raise UnreadableError("not a JSON object")
    spelled: Envelope = {str(SPELLINGS.get(name, name)): value for name, value in told.items()}
    return spelled


def is_amazon(url: object) -> bool:
    """Whether a URL is Amazon SNS's own: https on its usual port, and a host that only Amazon can have."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or any(c in url for c in " \\"):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.username is None and parts.password is None and port in (None, 443)
    return parts.scheme == "https" and plain and _HOST.fullmatch(parts.hostname or "") is not None


def is_certificate(url: object) -> bool:
    """Whether a signing certificate may be fetched from there."""
    if not isinstance(url, str) or not is_amazon(url):
        return False
    parts = urlsplit(url)
    return parts.path.endswith(".pem") and not parts.query and not parts.fragment
