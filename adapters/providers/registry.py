"""All providers by name. A new one is its module and one line here."""

from adapters.providers.afnor import Afnor
from adapters.providers.brevo import Brevo
from adapters.providers.choruspro import ChorusPro
from adapters.providers.france_cdv import FranceCdv
from adapters.providers.mailersend import MailerSend
from adapters.providers.mailgun import Mailgun
from adapters.providers.mailjet import Mailjet
from adapters.providers.mailtrap import Mailtrap
from adapters.providers.mandrill import Mandrill
from adapters.providers.peppol import Peppol
from adapters.providers.phoss_ap import PhossAp
from adapters.providers.pingen import Pingen
from adapters.providers.port import Connection, Need, Provider, ProviderError, ProviderReport, RawRequest, ReadsSettings
from adapters.providers.postal import Postal
from adapters.providers.postmark import Postmark
from adapters.providers.recommand import Recommand
from adapters.providers.resend import Resend
from adapters.providers.sendgrid import SendGrid
from adapters.providers.ses import Ses
from adapters.providers.smtp import Smtp
from adapters.providers.sparkpost import SparkPost
from adapters.providers.standard_webhooks import StandardWebhooks
from adapters.providers.storecove import Storecove
from adapters.providers.twilio import Twilio
from adapters.providers.unisender_go import UnisenderGo

_ALL: tuple[Provider, ...] = (
    SendGrid(),
    Ses(),
    Postmark(),
    Mailgun(),
    Resend(),
    StandardWebhooks(),
    Brevo(),
    Mailjet(),
    SparkPost(),
    MailerSend(),
    Mailtrap(),
    Mandrill(),
    Postal(),
    UnisenderGo(),
    Twilio(),
    Pingen(),
    Smtp(),
    Storecove(),
    Recommand(),
    PhossAp(),
    Peppol(),
    ChorusPro(),
    Afnor(),
    FranceCdv(),
)

PROVIDERS: dict[str, Provider] = {one.name: one for one in _ALL}


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
    chosen = provider(connection.provider)
    if isinstance(chosen, ReadsSettings):
        return chosen.configured_reports(request, connection)
    return chosen.reports(request)


def needs_of(one: Provider) -> list[Need]:
    """What a connection is told; one that only reports may also name the connection that sends."""
    return one.needs if one.sends else [*one.needs, REPORTS_FOR]
