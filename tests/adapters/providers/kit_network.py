"""What is sent over the e-invoicing network, and the connections that it is sent over."""

from typing import Any

from adapters.providers.port import Attachment, Connection, Outgoing, OutgoingRecipient
from tests.adapters.providers.kit import ATTEMPT, TOKEN, connection
from tests.adapters.providers.kit_peppol import BUYER, invoice

PDF = Attachment("invoice.pdf", "application/pdf", b"%PDF-1.7 ...")


def ubl(document: bytes | None = None, content_type: str = "application/xml") -> Attachment:
    return Attachment("invoice.xml", content_type, invoice() if document is None else document)


def outgoing(*attachments: Attachment, to: str | None = BUYER, number: int = 1, attempt: str = ATTEMPT) -> Outgoing:
    people = [OutgoingRecipient(number, to)] if to is not None else []
    return Outgoing(attempt_id=attempt, number=1, recipients=people, attachments=list(attachments) or [PDF, ubl()])


def storecove(url: str, **settings: Any) -> Connection:
    given = {"api_url": f"{url}/api/v2", "legal_entity_id": "17"} | settings
    return connection("storecove", {"api_key": "key-1", "webhook_password": TOKEN}, **given)


def recommand(url: str, **settings: Any) -> Connection:
    given = {"api_url": f"{url}/api/v1", "api_key": "key_1", "company_id": "c_1"} | settings
    return connection("recommand", {"api_secret": "secret_1", "webhook_password": TOKEN}, **given)


def phoss_ap(url: str, **settings: Any) -> Connection:
    return connection("phoss_ap", {"token": "token-1", "webhook_password": TOKEN}, **{"api_url": url} | settings)
