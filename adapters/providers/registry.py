"""All providers by name. A new one is its module and one line here."""

from adapters.naming import classes
from adapters.providers.port import (
    Confirms,
    Connection,
    Need,
    Provider,
    ProviderError,
    ProviderReport,
    RawRequest,
    ReadsSettings,
)

_ALL = (
    "sendgrid.SendGrid",
    "ses.Ses",
    "postmark.Postmark",
    "mailgun.Mailgun",
    "resend.Resend",
    "standard_webhooks.StandardWebhooks",
    "brevo.Brevo",
    "mailjet.Mailjet",
    "sparkpost.SparkPost",
    "mailersend.MailerSend",
    "mailtrap.Mailtrap",
    "mandrill.Mandrill",
    "postal.Postal",
    "unisender_go.UnisenderGo",
    "twilio.Twilio",
    "pingen.Pingen",
    "smtp.Smtp",
    "storecove.Storecove",
    "recommand.Recommand",
    "phoss_ap.PhossAp",
    "peppol.Peppol",
    "choruspro.ChorusPro",
    "afnor.Afnor",
    "france_cdv.FranceCdv",
)

_made: list[Provider] = [make() for make in classes(__package__, _ALL)]
PROVIDERS: dict[str, Provider] = {one.name: one for one in _made}
READING_SETTINGS: dict[str, ReadsSettings] = {one.name: one for one in _made if isinstance(one, ReadsSettings)}
CONFIRMING: dict[str, Confirms] = {one.name: one for one in _made if isinstance(one, Confirms)}
"""Sorted out once: asking an object what it can do costs as much as reading a webhook."""

REPORTS_FOR = Need("reports_for", "the id of the connection that sends what it reports about", required=False)


class UnknownProviderError(ProviderError):
    """There is no provider of this name; the text lists those there are."""


def provider(name: str) -> Provider:
    """Raises UnknownProviderError."""
    try:
        return PROVIDERS[name]
    except KeyError:
        raise UnknownProviderError(f"no provider {name[:50]!r}; there are: {', '.join(sorted(PROVIDERS))}") from None


def reports_of(request: RawRequest, connection: Connection) -> list[ProviderReport]:
    """What a connection's webhook says. Raises UnreadableError, UnknownProviderError."""
    if (reading := READING_SETTINGS.get(connection.provider)) is not None:
        return reading.configured_reports(request, connection)
    return provider(connection.provider).reports(request)


def needs_of(one: Provider) -> list[Need]:
    """What a connection is told; one that only reports may also name the connection that sends."""
    return one.needs if one.sends else [*one.needs, REPORTS_FOR]
