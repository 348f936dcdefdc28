"""What the owner system says about a subject, and what was sent about it."""

from typing import NamedTuple

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller
from adapters.keys import customer_ref
from adapters.keys.ring import CustomerKey
from api import rendering
from api.errors import SubjectNotFoundError
from api.http.schemas import CustomerIn, SubjectIn, SubjectRef
from api.rendering import Rendered, with_fields
from api.sealing import Sealer
from api.sending import Done, done, subject_id
from domain.communication import InvoiceCommunication
from domain.values import CustomerRef, Personal, SubjectDetails


class Put(NamedTuple):
    created: bool
    done: Done


async def put(installation: Installation, caller: Caller, subject: SubjectRef, said: SubjectIn) -> Put:
    """Everything that the owner system says now replaces what it said before; saying the same again changes nothing."""
    named = said.customer if said.customer and said.customer.name else None
    sealer = Sealer(installation, caller, customer_ref(named.id, "", "") if named else None)
    tenant = caller.tenant_id

    def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication, tuple[Rendered, bool]]:
        communication = found or InvoiceCommunication(
            tenant_id=tenant, subject_type=subject.type, external_id=subject.external_id, timestamp=sealer.now()
        )
        communication.revise_subject(_details(sealer, communication, said), sealer.now())
        document = rendering.subject(installation.keys, tenant, communication)
        return communication, (rendering.rendered(communication, document), found is None)

    place = subject_id(tenant, subject)
    (rendered, created), position = await installation.communications.change_async(
        place, command, tenant=tenant, sealing=sealer if named else None
    )
    return Put(created, done((rendered, position)))


def get(installation: Installation, caller: Caller, subject: SubjectRef) -> Done:
    """The subject and its communication, null where nothing was ever sent. Raises SubjectNotFoundError."""
    place, tenant = subject_id(caller.tenant_id, subject), caller.tenant_id
    loaded = installation.communications.load([place], tenant)
    communication: InvoiceCommunication | None = loaded.found.get(place)
    if communication is None:
        raise SubjectNotFoundError
    position, keys = loaded.positions[place], installation.keys
    row = rendering.overview_row(keys, tenant, communication, position) if communication.attempts else "null"
    return Done(with_fields(rendering.subject(keys, tenant, communication), communication=row), position)


def _details(sealer: Sealer, communication: InvoiceCommunication, said: SubjectIn) -> SubjectDetails:
    customer = _customer(sealer, communication, said.customer) if said.customer else None
    return SubjectDetails(**said.model_dump(exclude={"customer"}), customer=customer)


def _customer(sealer: Sealer, communication: InvoiceCommunication, said: CustomerIn) -> CustomerRef:
    """A name that is said again keeps its sealed form, so that nothing seems to have changed."""
    if said.name is None:
        return CustomerRef(said.id)
    known = communication.details.customer
    key = sealer.key(customer_ref(said.id, communication.subject_type, communication.external_id))
    if known is not None and known.id == said.id and _says(sealer, key, known.name, said.name):
        return known
    return CustomerRef(said.id, key.seal(said.name))


def _says(sealer: Sealer, key: CustomerKey, sealed: Personal | None, plain: str) -> bool:
    """Who is named again after an erasure is named anew."""
    return sealed is not None and sealed.key == key.id and sealer.says(sealed, plain)
