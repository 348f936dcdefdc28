"""What a reader without the right to see addresses gets instead of them.

Addresses and recipients' names keep their first letter, numbers their country and last two digits, postal addresses
their last line. Free text, which may hold anything, is left out: a message's text, a provider's own words. Subjects,
reasons, codes and customers' names stay.
"""

import re
from typing import Any

import msgspec
import phonenumbers

from adapters.keys.ring import ERASED

_EMAIL = re.compile(r"\S+@\S+")
_HIDDEN = "***"
_ADDRESSES = ("recipient", "last_recipient")


def masked(body: bytes | str) -> bytes:
    """An answer's JSON, whole or one row of it, without addresses."""
    return msgspec.json.encode(_without_addresses(msgspec.json.decode(body)))


def _without_addresses(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_addresses(item) for item in value]
    if isinstance(value, dict):
        return {key: _field(key, inner) for key, inner in value.items()}
    return value


def _field(key: str, value: Any) -> Any:
    if key in _ADDRESSES and isinstance(value, str):
        return mask_address(value)
    if key == "recipients" and isinstance(value, list):
        return [_recipient(one) for one in value]
    if key == "message" and isinstance(value, dict):
        return value | {"text": None}
    if key == "detail":
        return None
    return _without_addresses(value)


def _recipient(one: dict[str, Any]) -> dict[str, Any]:
    address, name = one.get("address"), one.get("name")
    return one | {
        "address": mask_address(address) if address else address,
        "name": _first_letter(name) if name else name,
    }


def mask_address(address: str) -> str:
    """j***@payer.example, +32*****78, or *** and the last line of a postal address."""
    if address == ERASED:
        return address
    if _EMAIL.fullmatch(address):
        local, _, domain = address.rpartition("@")
        return f"{_first_letter(local)}@{domain}"
    if address.startswith("+"):
        return _masked_number(address)
    *lines, last = re.split(r"\s*[,\n]\s*", address.strip())
    return f"{_HIDDEN}, {last}" if lines else _HIDDEN


def _masked_number(number: str) -> str:
    try:
        country = f"+{phonenumbers.parse(number).country_code}"
    except phonenumbers.NumberParseException:
        return _HIDDEN
    return f"{country}*****{number[-2:]}"


def _first_letter(text: str) -> str:
    """Of a single letter nothing: it would be all there is."""
    if text == ERASED:
        return text
    return (text[0] if len(text) > 1 else "") + _HIDDEN
