"""Every provider that calls back, for the contract."""

from tests.adapters.providers.kit import SENDGRID, TWILIO, Side

SIDES: tuple[Side, ...] = (
    SENDGRID,
    TWILIO,
)
