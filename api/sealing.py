"""Seals what a request says under the customers' keys, asking for each key once."""

from datetime import datetime
from uuid import UUID

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller
from adapters.keys import customer_ref
from adapters.keys.ring import CustomerKey
from api.http.schemas import PersonIn
from domain.communication import InvoiceCommunication
from domain.values import Person


class Sealer:
    """For one request of one caller."""

    def __init__(self, installation: Installation, caller: Caller) -> None:
        self.installation = installation
        self.caller = caller
        self._keys: dict[str, CustomerKey] = {}

    @property
    def tenant(self) -> UUID:
        return self.caller.tenant_id

    @property
    def customers(self) -> frozenset[str]:
        """Under whose keys something was sealed."""
        return frozenset(self._keys)

    def key(self, customer_id: str | None, subject_type: str, external_id: str) -> CustomerKey:
        """The key of the subject's customer, or the subject's own where it has none."""
        ref = customer_ref(customer_id, subject_type, external_id)
        if ref not in self._keys:
            self._keys[ref] = self.installation.keys.customer(self.tenant, ref, self.now())
        return self._keys[ref]

    def key_of(self, communication: InvoiceCommunication) -> CustomerKey:
        customer = communication.details.customer
        return self.key(customer.id if customer else None, communication.subject_type, communication.external_id)

    def person(self, said: PersonIn | None, key: CustomerKey) -> Person:
        """Who asked, as the caller says, beside the API key that said it."""
        name = key.seal(said.name) if said and said.name else None
        return Person(said.id if said else None, name, self.caller.key_id)

    def now(self) -> datetime:
        return self.installation.clock()
