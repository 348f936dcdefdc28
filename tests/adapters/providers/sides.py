"""Every provider that calls back, for the contract."""

from tests.adapters.providers.kit import SENDGRID, TWILIO, Side
from tests.adapters.providers.kit_france import FRENCH_SIDES
from tests.adapters.providers.kit_mailgun import MAILGUN
from tests.adapters.providers.kit_peppol import PEPPOL_SIDES
from tests.adapters.providers.kit_pingen import PINGEN
from tests.adapters.providers.kit_postmark import POSTMARK
from tests.adapters.providers.kit_resend import RESEND
from tests.adapters.providers.kit_ses import SES
from tests.adapters.providers.kit_standard_webhooks import STANDARD
from tests.adapters.providers.kit_webhook_only import WEBHOOK_SIDES

SIDES: tuple[Side, ...] = (
    SENDGRID,
    TWILIO,
    SES,
    POSTMARK,
    MAILGUN,
    RESEND,
    STANDARD,
    PINGEN,
    *PEPPOL_SIDES,
    *FRENCH_SIDES,
    *WEBHOOK_SIDES,
)
