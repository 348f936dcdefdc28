"""Cancels an attempt: here while it waits, else at its provider where that can still stop it."""

from uuid import UUID

from adapters.config.api_keys import Caller
from adapters.providers.port import CallBackAnswer, CalledBack, CallsBack, Connection, Refused, TooLate
from adapters.providers.registry import PROVIDERS
from api import rendering
from api.asking import Asking
from api.errors import BeingSentError, CannotCancelError, ProviderUnavailableError, TooLateToCancelError
from api.finding import communication_of
from api.http.schemas import CancelIn
from api.rendering import Rendered
from api.sealing import Sealer
from api.sending import Done, done, existing
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.errors import AlreadyEndedError
from domain.status import Status

ENDED, ASKED_FOR = 200, 202
_OVER = (Status.FAILED, Status.REJECTED)


def cancel(asking: Asking, caller: Caller, attempt_id: UUID, asked: CancelIn) -> tuple[int, Done]:
    """ENDED: it never goes out. ASKED_FOR: its provider stops it, and reports that later.

    Raises AttemptUnknownError, AlreadyEndedError, BeingSentError, TooLateToCancelError, CannotCancelError,
    ProviderUnavailableError, TryLaterError.
    """
    installation, tenant = asking.installation, caller.tenant_id
    place = communication_of(installation.database, tenant, attempt_id)
    sealer = Sealer(installation, caller)

    def command(found: InvoiceCommunication | None) -> tuple[InvoiceCommunication, tuple[Rendered, Attempt | None]]:
        communication = existing(found)
        attempt = communication.attempt(str(attempt_id))
        left = attempt if attempt.has_left else None
        if left is None:
            person = sealer.person(asked.requested_by, sealer.key_of(communication))
            communication.cancel(str(attempt_id), person, sealer.now())
        return communication, (rendering.one_attempt(sealer, communication, str(attempt_id)), left)

    (rendered, left), position = installation.communications.change(place, command, tenant=tenant)
    if left:
        _call_back(asking, left)
    return (ASKED_FOR if left else ENDED), done((rendered, position))


def _call_back(asking: Asking, attempt: Attempt) -> None:
    """All of its messages, also after one that is too late: each that is stopped is one less."""
    named = attempt.order.connection_id
    connection = asking.installation.connections.get(UUID(named)) if named else None
    provider = PROVIDERS.get(connection.provider) if connection else None
    if connection is None or not isinstance(provider, CallsBack):
        raise AlreadyEndedError
    if attempt.is_open:
        raise BeingSentError
    messages = _under_way(attempt)
    if not messages:
        raise AlreadyEndedError
    with asking.turn():
        _judge([_answer(asking, provider, one, connection) for one in messages])


def _answer(asking: Asking, provider: CallsBack, message_id: str, connection: Connection) -> CallBackAnswer:
    return provider.call_back(message_id, connection, asking.asker.http)


def _under_way(attempt: Attempt) -> list[str]:
    """The ids of the messages that did not come to nothing already."""
    return [
        message.message_id
        for one in attempt.tries
        for message in one.messages
        if not (message.recipient and attempt.recipient_outcome(message.recipient).status in _OVER)
    ]


def _judge(answers: list[CallBackAnswer]) -> None:
    """Raises TooLateToCancelError, CannotCancelError, ProviderUnavailableError: what can be tried again comes first."""
    failed = [one for one in answers if not isinstance(one, CalledBack)]
    if not failed:
        return
    if any(not isinstance(one, TooLate | Refused) for one in failed):
        raise ProviderUnavailableError
    stopped = len(answers) - len(failed)
    counted = f"{stopped} of {len(answers)} were stopped. " if stopped else ""
    error = TooLateToCancelError if any(isinstance(one, TooLate) for one in failed) else CannotCancelError
    raise error(counted + failed[0].detail)
