"""Seals what a request says under the customers' keys, asking for each key once."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller
from adapters.keys import customer_ref
from adapters.keys.many import customer_keys
from adapters.keys.ring import CustomerKey
from api.http.schemas import PersonIn
from domain.communication import InvoiceCommunication
from domain.values import Person, Personal


def ref_of(communication: InvoiceCommunication) -> str:
    """Under whose key its personal values are: the customer's, or its own where it has none."""
    customer = communication.details.customer
    return customer_ref(customer.id if customer else None, communication.subject_type, communication.external_id)


class Sealer:
    """For one request of one caller."""

    def __init__(self, installation: Installation, caller: Caller) -> None:
        self.installation = installation
        self.caller = caller
        self._keys: dict[str, CustomerKey] = {}

    @property
    def tenant(self) -> UUID:
        return self.caller.tenant_id

    def key(self, ref: str) -> CustomerKey:
        """A customer's key, or that of a subject which has no customer."""
        if ref not in self._keys:
            self._keys[ref] = self.installation.keys.customer(self.tenant, ref, self.now())
        return self._keys[ref]

    def key_of(self, communication: InvoiceCommunication) -> CustomerKey:
        return self.key(ref_of(communication))

    def fetch(self, communications: Iterable[InvoiceCommunication]) -> None:
        """Ask for the keys of all of them at once."""
        refs = {ref_of(communication) for communication in communications} - self._keys.keys()
        installation = self.installation
        self._keys |= customer_keys(installation.database, installation.master, self.tenant, refs, self.now())

    def person(self, said: PersonIn | None, key: CustomerKey) -> Person:
        """Who asked, as the caller says, beside the API key that said it."""
        name = key.seal(said.name) if said and said.name else None
        return Person(said.id if said else None, name, self.caller.key_id)

    def says(self, known: Personal | str | None, plain: str) -> bool:
        """Sealed under a key that was destroyed it says nothing any more."""
        if isinstance(known, Personal):
            return self.installation.keys.open([known], self.tenant)[known] == plain
        return known == plain

    def now(self) -> datetime:
        return self.installation.clock()
