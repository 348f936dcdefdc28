"""What a rule refuses, and why. The docstring is the message; `code` is the machine's word for it."""

import inspect


class CommunicationError(Exception):
    """The communication does not allow this."""

    code = "refused"

    def __init__(self, detail: str = "") -> None:
        says = inspect.getdoc(type(self)) or ""
        super().__init__(f"{says} {detail}".strip())


class AttemptOpenError(CommunicationError):
    """An attempt on this channel to one of these recipients is still waiting or being sent."""

    code = "attempt_open"


class AttemptNotFoundError(CommunicationError):
    """This communication has no such attempt."""

    code = "attempt_not_found"


class TooOldError(CommunicationError):
    """The attempt was asked for too long ago to be sent again."""

    code = "too_old"


class NotManualError(CommunicationError):
    """Only an attempt that needs action can be marked as sent."""

    code = "not_needs_action"


class AlreadyEndedError(CommunicationError):
    """The attempt has already left us and cannot be cancelled or skipped."""

    code = "already_sent"


class DispatchRefusedError(CommunicationError):
    """The attempt is not waiting to be sent."""

    code = "not_due"


class UnprovenError(CommunicationError):
    """Nothing counts as sent without a provider's message id or a named person."""

    code = "unproven"


class MalformedOrderError(CommunicationError):
    """What was asked for contradicts itself."""

    code = "malformed_order"
