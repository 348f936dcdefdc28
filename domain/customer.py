"""Customer: what is decided about a person or company that is written to, whatever the subject."""

from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from domain.identity import customer_aggregate_id
from domain.values import Person


class Customer(Aggregate):
    """One customer of one tenant, under the id that the owner system gives it."""

    TOPIC = "Customer"

    class Created(Aggregate.Created):
        TOPIC = "Customer.Created"
        tenant_id: UUID
        customer_id: str

    class Erased(Aggregate.Event):
        """The keys that the customer's personal data was sealed under are destroyed."""

        TOPIC = "Customer.Erased"
        key_ids: list[str]
        person: Person | None

        def apply(self, aggregate: Any) -> None:
            aggregate.erased_at = self.timestamp
            aggregate.destroyed_keys.update(self.key_ids)

    @event(Created)
    def __init__(
        self,
        tenant_id: UUID,
        customer_id: str,
        timestamp: datetime,  # noqa: ARG002  (the library puts it into the event)
    ) -> None:
        self.tenant_id = tenant_id
        self.customer_id = customer_id
        self.erased_at: datetime | None = None
        self.destroyed_keys: set[str] = set()

    @staticmethod
    def create_id(tenant_id: UUID, customer_id: str) -> UUID:
        return customer_aggregate_id(tenant_id, customer_id)

    def erase(self, key_ids: list[str], person: Person | None, at: datetime) -> None:
        """Record which keys go. Again only for keys made since: who is written to after an erasure gets a new one."""
        new = [key for key in key_ids if key not in self.destroyed_keys]
        if new or self.erased_at is None:
            self.trigger_event(Customer.Erased, timestamp=at, key_ids=new, person=person)
