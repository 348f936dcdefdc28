"""The use cases of sending: once, and again."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller
from adapters.database.session import Write
from adapters.keys.ring import CustomerKey
from adapters.providers.port import Connection
from api import planning, rendering
from api.errors import ErasedError, SubjectNotFoundError
from api.finding import communication_of
from api.http.schemas import ResendIn, SendIn, SubjectRef
from api.rendering import Rendered
from api.sealing import Sealer
from domain.communication import InvoiceCommunication
from domain.values import Cause, Channel, Order, Recipient
from projections.personal import collect

Command = Callable[[InvoiceCommunication | None], tuple[InvoiceCommunication, Rendered]]


class Done(NamedTuple):
    """A use case's answer: a JSON document, the position of what was recorded, and whose personal data is in it."""

    document: str
    position: int
    customers: frozenset[str] = frozenset()


Keep = Callable[[Done], Sequence[Write]]
"""Writes of the transaction that records what was done: its answer, kept for who asks again."""


async def send(
    installation: Installation,
    caller: Caller,
    asked: SendIn,
    attempt_id: str,
    key: str | None,
    keep: Keep | None = None,
) -> Done:
    """Record one attempt. Raises InvalidFieldError, SubjectNotFoundError, AttemptOpenError."""
    sealer, tenant = Sealer(installation, caller), caller.tenant_id

    def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication, Rendered]:
        planned = planning.plan(installation, tenant, asked, attempt_id, Cause.FIRST, key)
        communication = existing(found)
        apply(planned, communication, sealer)
        return communication, rendering.one_attempt(sealer, communication, attempt_id)

    place = subject_id(tenant, asked.subject)
    return done(
        await installation.communications.change_async(
            place, command, tenant=tenant, sealing=sealer, also=kept_by(keep)
        )
    )


def resend(
    installation: Installation,
    caller: Caller,
    original: UUID,
    asked: ResendIn,
    attempt_id: str,
    key: str | None,
    keep: Keep | None = None,
) -> Done:
    """Send an earlier attempt again. Raises AttemptUnknownError, TooOldError, AttemptOpenError, ErasedError."""
    place = communication_of(installation.database, caller.tenant_id, original)
    window = installation.tenants.get(caller.tenant_id).resend_window
    sealer = Sealer(installation, caller)

    def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication, Rendered]:
        communication = existing(found)
        if attempt_id not in communication.attempts:
            order = replace(_again(sealer, communication, original, asked, attempt_id), idempotency_key=key)
            communication.resend(order, installation.clock(), window)
        return communication, rendering.one_attempt(sealer, communication, attempt_id)

    return carried_out(sealer, place, command, keep)


def carried_out(sealer: Sealer, place: UUID, command: Command, keep: Keep | None = None) -> Done:
    """The answer of a command that rendered it. Raises what the command raises."""
    communications, tenant = sealer.installation.communications, sealer.tenant
    return done(communications.change(place, command, tenant=tenant, sealing=sealer, also=kept_by(keep)))


def done(recorded: tuple[Rendered, int]) -> Done:
    rendered, position = recorded
    return Done(rendering.with_fields(rendered.document, position=position), position, rendered.customers)


def kept_by(keep: Keep | None) -> Callable[[Rendered, int], Sequence[Write]] | None:
    return None if keep is None else lambda rendered, position: keep(done((rendered, position)))


def apply(planned: planning.Plan, communication: InvoiceCommunication, sealer: Sealer) -> None:
    """Open the attempt, unless it is there already. Raises AttemptOpenError."""
    if planned.attempt_id not in communication.attempts:
        communication.send(planning.order(planned, communication, sealer), sealer.now())


def existing(found: InvoiceCommunication | None) -> InvoiceCommunication:
    if found is None:
        raise SubjectNotFoundError
    return found


def subject_id(tenant: UUID, subject: SubjectRef) -> UUID:
    return InvoiceCommunication.create_id(tenant, subject.type, subject.external_id)


def _again(
    sealer: Sealer, communication: InvoiceCommunication, original: UUID, asked: ResendIn, attempt_id: str
) -> Order:
    """Recipients and connection as they were, unless others are named or the connection is gone."""
    earlier, under = communication.attempt(str(original)).order, sealer.key_of(communication)
    _refuse_erased(sealer, earlier)
    recipients, missing = _recipients(earlier, asked, under)
    connection = _connection(sealer, earlier)
    lacking = missing or (None if connection or earlier.channel is Channel.MANUAL else "no_connection")
    return Order(
        attempt_id=attempt_id,
        cause=Cause.RESEND,
        channel=earlier.channel,
        recipients=recipients,
        connection_id=str(connection.id) if connection else None,
        provider=connection.provider if connection else None,
        previous_attempt_id=str(original),
        requested_by=sealer.person(asked.requested_by, under),
        needs_action="manual_channel" if earlier.channel is Channel.MANUAL else lacking,
    )


def _recipients(earlier: Order, asked: ResendIn, under: CustomerKey) -> tuple[list[Recipient], str | None]:
    """And the reason code where somebody cannot be reached."""
    if asked.recipients is None:
        known = [planning.Addressee(r.hash, None, r.role) for r in earlier.recipients]
        return earlier.recipients, planning.missing_contact(earlier.channel, known)
    found = planning.addressees(earlier.channel, asked.recipients)
    return planning.recipients(found, under), planning.missing_contact(earlier.channel, found)


def _connection(sealer: Sealer, earlier: Order) -> Connection | None:
    connections = sealer.installation.connections
    same = connections.get(UUID(earlier.connection_id)) if earlier.connection_id else None
    if same is not None or earlier.channel is Channel.MANUAL:
        return same
    return connections.default(sealer.tenant, earlier.channel)


def _refuse_erased(sealer: Sealer, earlier: Order) -> None:
    used = {p.key for p in collect(earlier)} | {d.key for d in earlier.documents}
    if None in sealer.installation.keys.keys(used, sealer.tenant, anew=True).values():
        raise ErasedError
