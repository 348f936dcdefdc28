"""Any sender that follows Standard Webhooks, connected by configuration alone: its words and where they stand."""

from typing import ClassVar

from adapters.providers.port import Connection, MisconfiguredError, Need, ProviderReport, RawRequest, UnreadableError
from adapters.providers.standard_webhooks import mapping, signature, webhook
from adapters.providers.webhook_only import WebhookOnly


class StandardWebhooks(WebhookOnly):
    name: ClassVar[str] = "standard_webhooks"
    signs: ClassVar[bool] = True
    webhook_key: ClassVar[str | None] = "webhook_secret"
    needs: ClassVar[list[Need]] = [
        Need(
            "webhook_secret",
            "the endpoint's signing secret (whsec_...), or the sender's public key (whpk_...)",
            secret=True,
        ),
        Need("events", "THEIR.EVENT=our_word, ...; without it the last part of an event's name counts", required=False),
        *(
            Need(
                name,
                "where it stands in the JSON, such as data.to.0; several with commas",
                required=False,
                default=default,
            )
            for name, default in mapping.PATHS.items()
        ),
        Need("items_path", "where a list of events stands, if one webhook carries several", required=False),
    ]

    def verify(self, request: RawRequest, connection: Connection) -> None:
        """A mapping that makes no sense is noticed here, so that the sender comes back when it does."""
        mapping.mapped(connection.settings)
        signature.verify(request, connection)

    def reports(self, request: RawRequest) -> list[ProviderReport]:
        return webhook.reports(request, mapping.mapped({}))

    def configured_reports(self, request: RawRequest, connection: Connection) -> list[ProviderReport]:
        try:
            return webhook.reports(request, mapping.mapped(connection.settings))
        except MisconfiguredError as error:
            raise UnreadableError(str(error)) from None
