"""What must hold before a send is recorded."""

from collections.abc import Iterable

from msgspec.structs import replace

from domain import errors
from domain.attempt import Attempt
from domain.values import Cause, Order, Recipient


def check_order(order: Order, *, resend: bool) -> None:
    """Raises MalformedOrderError."""
    if (order.cause is Cause.RESEND) is not resend:
        raise errors.MalformedOrderError("A resend, and nothing else, has the cause 'resend'.")
    if [r.number for r in order.recipients] != list(range(1, len(order.recipients) + 1)):
        raise errors.MalformedOrderError("Recipients, copies too, are numbered 1, 2, 3 in one row.")


def refuse_if_open(attempts: Iterable[Attempt], order: Order) -> None:
    """A double click. Raises AttemptOpenError."""
    for attempt in attempts:
        same_channel = attempt.order.channel is order.channel
        if same_channel and attempt.is_open and _meet(attempt.unsent(), order.recipients):
            raise errors.AttemptOpenError


def as_resend(order: Order, original: Order) -> Order:
    """What the order leaves open is as it was: the same documents and the same rendered message go out again."""
    formats = order.formats or original.formats
    return replace(
        order,
        formats=formats,
        documents=order.documents or [d for d in original.documents if not formats or d.format in formats],
        message=order.message or original.message,
        template=order.template or original.template,
        language=order.language or original.language,
    )


def _meet(some: Iterable[Recipient], others: Iterable[Recipient]) -> bool:
    """Whether they share a recipient; without any addresses they are the same one."""
    mine, theirs = _hashes(some), _hashes(others)
    return bool(mine & theirs) if mine or theirs else True


def _hashes(recipients: Iterable[Recipient]) -> set[str]:
    return {r.hash for r in recipients if r.hash}
