"""What a use case refuses besides the domain's own rules. The docstring is the message, `code` the machine's word."""

import inspect
from typing import NamedTuple


class FieldError(NamedTuple):
    """What is wrong with one field of the request, named as in `recipients.0.address`."""

    field: str
    code: str
    message: str


class RequestError(Exception):
    """This cannot be done as asked; nothing was recorded."""

    code = "refused"

    def __init__(self, detail: str = "", *, fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail or inspect.getdoc(type(self)))
        self.fields = fields


class InvalidFieldError(RequestError):
    """The request has fields that cannot be used."""

    code = "validation"

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message, fields=(FieldError(field, code, message),))
        self.code = code


class SubjectNotFoundError(RequestError):
    """There is no such subject: put it first."""

    code = "subject_not_found"


class CommunicationNotFoundError(RequestError):
    """There is no such communication."""

    code = "communication_not_found"


class AttemptUnknownError(RequestError):
    """There is no such attempt."""

    code = "attempt_not_found"


class DocumentNotFoundError(RequestError):
    """There is no such document."""

    code = "document_not_found"


class ErasedError(RequestError):
    """The customer's personal data was erased, and this with it."""

    code = "erased"


class DocumentErasedError(ErasedError):
    """The document was erased with its customer's personal data."""


class DocumentLostError(RequestError):
    """The document's bytes are gone from the store."""

    code = "document_lost"


class DocumentTooLargeError(RequestError):
    """The document is larger than 5 MB."""

    code = "too_large"


class TooOldToAskError(RequestError):
    """It was sent too long ago: providers remember 25 days at most."""

    code = "too_old_to_ask"


class CannotAskError(RequestError):
    """The provider of this attempt cannot be asked."""

    code = "cannot_ask"


class TooLateToCancelError(RequestError):
    """The provider can no longer stop it."""

    code = "too_late_to_cancel"


class CannotCancelError(RequestError):
    """The provider refuses to be told to stop it."""

    code = "cannot_cancel"


class BeingSentError(RequestError):
    """A part of it is still being sent: cancel when that has ended."""

    code = "being_sent"


class NotSentYetError(RequestError):
    """Nothing was handed to a provider yet, so there is nothing to ask about."""

    code = "not_sent_yet"


class ProviderUnavailableError(RequestError):
    """The provider cannot be asked now: try again later."""

    code = "provider_unavailable"


class TryLaterError(RequestError):
    """Too much of this is going on already: try again in a moment."""

    code = "busy"
