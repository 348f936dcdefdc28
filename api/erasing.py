"""Erasing a customer: their keys are destroyed, and with them every address, name, message and document."""

from uuid import UUID

from adapters.bootstrap import Installation
from adapters.database.queries import load
from adapters.database.session import statement
from adapters.keys import customer_ref
from adapters.store.communications import persist
from api.http.idempotency import forgotten
from domain.customer import Customer
from domain.values import Person

SQL = load(__file__)


def erase_customer(installation: Installation, tenant: UUID, customer_id: str, person: Person | None) -> int:
    """The number of keys destroyed; 0, and nothing is recorded, where nothing is kept about this customer.

    The history keeps who decided it. Other processes forget a key that they have used within 15 s.
    """

    def once() -> int:
        refs, key_ids = _keys(installation, tenant, customer_id)
        if not key_ids:
            return 0
        at, place = installation.clock(), Customer.create_id(tenant, customer_id)
        known = installation.communications.load([place], tenant).found.get(place)
        customer = known or Customer(tenant_id=tenant, customer_id=customer_id, timestamp=at)
        customer.erase([str(key_id) for key_id in key_ids], person, at)
        writes = [installation.keys.destruction(key_ids, at), forgotten(tenant, refs)]
        installation.communications.record([customer], tenant=tenant, writes=writes)
        return len(key_ids)

    count = persist(once)
    installation.keys.forget()
    return count


def _keys(installation: Installation, tenant: UUID, customer_id: str) -> tuple[list[str], list[UUID]]:
    given = {"ref": customer_ref(customer_id, "", ""), "tenant": tenant, "customer": customer_id}
    with installation.database.transaction(tenant) as connection:
        refs = [row[0] for row in connection.execute(statement(SQL["refs"]), given).fetchall()]
        rows = connection.execute(statement(SQL["living_keys"]), (tenant, refs)).fetchall()
    return refs, [row[0] for row in rows]
