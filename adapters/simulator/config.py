"""What the simulator is told: its accounts, its pace, its limits."""

import tomllib
from pathlib import Path

import msgspec


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer's account at a simulated provider.

    `key` is the API key (the access key id at SES, the server token at Postmark), the account SID (Twilio) or the user
    (SMTP); `token` the auth token or password, SES's secret access key, or what signs webhooks (Mailgun, Resend).
    `private_key` (PEM, P-256) signs webhooks where the provider signs with a key pair; empty: one is made.
    """

    provider: str
    key: str = ""
    token: str = ""
    webhook_url: str = ""
    private_key: str = ""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times are seconds of the real clock, so a shifted clock does not stretch them."""

    accounts: tuple[Account, ...] = ()
    delay: float = 0.2
    """Between what happens to a message: accepted, delivered, opened ..."""
    late: float = 10.0
    """Until what is late comes: late bounces, late webhooks. `POST /_control/hurry` ends the wait."""
    batch_wait: float = 0.1
    """How long events gather for one webhook, where the provider batches."""
    retries: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)
    """Waits before each further try of a webhook that was not answered 2xx; then it is given up."""
    callback_timeout: float = 10.0
    hang: float = 90.0
    """How long a call that is never answered is held before its connection is cut."""
    turned_away: int = 2
    """How often a rate-limited or greylisted recipient is refused before the message is taken."""
    retry_after: int = 1
    keep: int = 10_000
    """The most messages, and the most callbacks, that are kept; the oldest go first."""
    keep_bytes: int = 256 * 1024 * 1024
    max_body: int = 30 * 1024 * 1024


def load(path: Path) -> Config:
    """Read a .toml or .json file. Raises OSError, tomllib.TOMLDecodeError or msgspec.ValidationError."""
    if path.suffix == ".toml":
        return msgspec.convert(tomllib.loads(path.read_text()), Config)
    return msgspec.json.decode(path.read_bytes(), type=Config)
