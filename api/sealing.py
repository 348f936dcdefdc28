"""Seals what a request says under the customers' keys, asking for each key once."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller
from adapters.database.prepared import Steps
from adapters.keys import customer_ref
from adapters.keys.ring import CustomerKey
from api.http.schemas import PersonIn
from domain.communication import InvoiceCommunication
from domain.values import Person, Personal


def ref_of(communication: InvoiceCommunication) -> str:
    """Under whose key its personal values are: the customer's, or its own where it has none."""
    customer = communication.details.customer
    return customer_ref(customer.id if customer else None, communication.subject_type, communication.external_id)


class Sealer:
    """For one request of one caller. `customer`: whose key is wanted, where not that of the subject as it is."""

    def __init__(self, installation: Installation, caller: Caller, customer: str | None = None) -> None:
        self.installation = installation
        self.customer = customer
        self.caller = caller
        self._keys: dict[str, CustomerKey] = {}

    @property
    def tenant(self) -> UUID:
        return self.caller.tenant_id

    def key(self, ref: str) -> CustomerKey:
        """A customer's key, or that of a subject which has no customer."""
        if ref not in self._keys:
            self.take(self._look_up([ref]))
        return self._keys[ref]

    def key_of(self, communication: InvoiceCommunication) -> CustomerKey:
        return self.key(ref_of(communication))

    def fetch(self, communications: Iterable[InvoiceCommunication]) -> None:
        """Ask for the keys of all of them at once."""
        self.take(self._look_up({ref_of(communication) for communication in communications} - self._keys.keys()))

    # for commands that are carried out together: adapters.store.batch.Sealing

    def wanted(self, found: InvoiceCommunication | None) -> Iterable[str]:
        if self.customer is not None:
            return [self.customer]
        return [ref_of(found)] if found is not None else []

    def looking_up(self, customer_refs: Iterable[str]) -> Steps[Mapping[str, CustomerKey]]:
        return self.installation.keys.asking(self.tenant, customer_refs, self.now())

    def take(self, keys: Mapping[str, CustomerKey]) -> None:
        self._keys.update(keys)

    def _look_up(self, customer_refs: Iterable[str]) -> Mapping[str, CustomerKey]:
        return self.installation.keys.customers(self.tenant, customer_refs, self.now())

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
