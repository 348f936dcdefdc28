"""Addresses in the one spelling that is stored, compared and sent to. Nothing is looked up in a network."""

import re
from collections.abc import Callable

import email_validator
import phonenumbers
from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from adapters.providers.port import InvalidAddressError
from domain.values import Channel

# The library's documented switch. Companies use .local inside, demonstrations .test: what is reserved is not malformed.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NUMBER = re.compile(r"\+?[0-9 ()./\-\u00a0\u2011]+")
_PARTICIPANT = re.compile(r"[^\s:]+(?:::?[^\s:]+)+")
_PLAIN = re.compile(
    r"(?=.{1,254}\Z)(?=[^@]{1,64}@)[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9](-?[a-z0-9]){0,30}\.)+[a-z]{2,31}"
)
"""Local part and domain in lower case, without a hyphen behind another: that may stand for other letters."""
LONGEST = 1000


def normalise(channel: Channel, address: str) -> str:
    """E-mail with its domain in lower case, E.164, a postal address in one line, or a participant `scheme:id`.

    Raises InvalidAddressError.
    """
    if len(address) > LONGEST or _CONTROL.search(address):
        raise InvalidAddressError("it is too long or has control characters")
    return _BY_CHANNEL[channel](address.strip())


def ascii_email(address: str) -> str:
    """For the wire: the domain in its ASCII form; the local part only if it has one. Raises InvalidAddressError."""
    found = _validated(address)
    return f"{found.local_part}@{found.ascii_domain}"


def _email(address: str) -> str:
    """Most addresses are in the one spelling already, which is seen at a glance."""
    return address if _PLAIN.fullmatch(address) else _validated(address).normalized


def _validated(address: str) -> ValidatedEmail:
    try:
        return validate_email(address, check_deliverability=False, strict=True)
    except EmailNotValidError:
        raise InvalidAddressError("it is not an e-mail address") from None


def _sms(address: str) -> str:
    """E.164. Only length and country code are checked: number plans change faster than any list of them."""
    if not _NUMBER.fullmatch(address):
        raise InvalidAddressError("it is not a phone number")
    international = "+" + address[2:] if address.startswith("00") else address
    try:
        number = phonenumbers.parse(international, None)
    except phonenumbers.NumberParseException:
        raise InvalidAddressError("it is not an international phone number (+ and country code first)") from None
    if not phonenumbers.is_possible_number(number):
        raise InvalidAddressError("it is too short or too long for a phone number of its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _post(address: str) -> str:
    lines = (" ".join(line.split()).strip(" ,") for line in address.splitlines())
    return _filled(", ".join(line for line in lines if line))


def _participant(address: str) -> str:
    """As the network writes it, such as 0088:7300010000001."""
    if not _PARTICIPANT.fullmatch(address):
        raise InvalidAddressError("it is not a participant id (scheme:id)")
    return address


def _filled(address: str) -> str:
    if not address:
        raise InvalidAddressError("it is empty")
    return address


_BY_CHANNEL: dict[Channel, Callable[[str], str]] = {
    Channel.EMAIL: _email,
    Channel.SMS: _sms,
    Channel.POST: _post,
    Channel.E_INVOICING: _participant,
    Channel.MANUAL: lambda address: _filled(" ".join(address.split())),
}
