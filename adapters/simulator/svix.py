"""Standard Webhooks as Svix sends them: id, time and body, signed with the account's secret."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

SECRET = "whsec_"


def new_secret() -> str:
    return SECRET + base64.b64encode(secrets.token_bytes(24)).decode()


def headers(secret: str, name: str, at: datetime, body: bytes, family: str = "svix") -> dict[str, str]:
    """`name` is the webhook's id, the same on every repetition."""
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(SECRET))
    told = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(told).decode()
    return {f"{family}-id": name, f"{family}-timestamp": stamp, f"{family}-signature": signature}
