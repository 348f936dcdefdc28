"""What SendGrid refuses a mail for: each problem names its field, with the index in lists."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

import msgspec

HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message."
ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\".]+")
MOST_RECIPIENTS = 1000
MOST_ARGUMENTS = 10_000  # bytes of custom_args

Problem = dict[str, str | None]


def listed(value: Any) -> list[Any]:
    """The list, or nothing where something else stands in its place."""
    return value if isinstance(value, list) else []


def problem(message: str, field: str | None = None) -> Problem:
    known = re.sub(r"\.\d+", "", field) if field else None
    return {"message": message, "field": field, "help": HELP + known if known else None}


def problems(mail: dict[str, Any]) -> list[Problem]:
    return [*_personalizations(mail), *_sender(mail), *_subject(mail), *_content(mail), *_attachments(mail)]


def _personalizations(mail: dict[str, Any]) -> Iterator[Problem]:
    personalizations = listed(mail.get("personalizations"))
    if not personalizations:
        yield problem(
            "The personalizations field is required and must have at least one personalization.", "personalizations"
        )
        return
    count = 0
    for index, one in enumerate(personalizations):
        field = f"personalizations.{index}"
        if not isinstance(one, dict):
            yield problem("Invalid type. Expected: object.", field)
            continue
        yield from _recipients(one, field)
        yield from _arguments(one.get("custom_args", {}), f"{field}.custom_args")
        count += sum(len(listed(one.get(kind))) for kind in ("to", "cc", "bcc"))
    if count > MOST_RECIPIENTS:
        yield problem("The number of recipients is over the limit of 1000.", "personalizations")
    yield from _arguments(mail.get("custom_args", {}), "custom_args")


def _recipients(one: dict[str, Any], field: str) -> Iterator[Problem]:
    if not isinstance(one.get("to"), list) or not one["to"]:
        text = "The to array is required for all personalization objects, and must have at least one email object."
        yield problem(text, f"{field}.to")
    seen: set[str] = set()
    for kind in ("to", "cc", "bcc"):
        for index, recipient in enumerate(listed(one.get(kind))):
            place = f"{field}.{kind}.{index}.email"
            if not _is_address(recipient):
                yield problem("Does not contain a valid address.", place)
            elif (address := recipient["email"].lower()) in seen:
                yield problem("Each email address in the personalization block should be unique.", place)
            else:
                seen.add(address)


def _arguments(arguments: Any, field: str) -> Iterator[Problem]:
    if not isinstance(arguments, dict):
        yield problem("Invalid type. Expected: object.", field)
        return
    for name, value in arguments.items():
        if not isinstance(value, str):
            yield problem("Invalid type. Expected: string.", f"{field}.{name}")
    if len(msgspec.json.encode(arguments)) > MOST_ARGUMENTS:
        yield problem("The custom arguments are over the limit of 10000 bytes.", field)


def _sender(mail: dict[str, Any]) -> Iterator[Problem]:
    if not isinstance(mail.get("from"), dict) or not mail["from"].get("email"):
        yield problem(
            "The from object must be provided for every email send and requires the email parameter.", "from.email"
        )
    elif not _is_address(mail["from"]):
        yield problem("The from email does not contain a valid address.", "from.email")
    if "reply_to" in mail and not _is_address(mail["reply_to"]):
        yield problem("The reply_to email does not contain a valid address.", "reply_to.email")


def _subject(mail: dict[str, Any]) -> Iterator[Problem]:
    each = [isinstance(one, dict) and one.get("subject") for one in listed(mail.get("personalizations"))]
    if not mail.get("subject") and not mail.get("template_id") and not (each and all(each)):
        text = "The subject is required, unless a template or every personalization defines one."
        yield problem(text, "subject")


def _content(mail: dict[str, Any]) -> Iterator[Problem]:
    blocks = listed(mail.get("content"))
    if not blocks:
        if not mail.get("template_id"):
            yield problem("Unless a valid template_id is provided, at least one content block is required.", "content")
        return
    for index, block in enumerate(blocks):
        for part in ("type", "value"):
            if not isinstance(block, dict) or not isinstance(block.get(part), str) or not block[part]:
                text = f"The content {part} must be a string at least one character in length."
                yield problem(text, f"content.{index}.{part}")
    kinds = [block.get("type") for block in blocks if isinstance(block, dict)]
    if "text/plain" in kinds[1:]:
        yield problem("If present, text/plain must be the first content block.", "content")


def _attachments(mail: dict[str, Any]) -> Iterator[Problem]:
    for index, attachment in enumerate(listed(mail.get("attachments"))):
        field = f"attachments.{index}"
        if not isinstance(attachment, dict) or not attachment.get("filename"):
            yield problem("The attachment filename is required.", f"{field}.filename")
        elif not _is_base64(attachment.get("content")):
            yield problem("The attachment content must be base64 encoded.", f"{field}.content")


def _is_address(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("email"), str) and bool(ADDRESS.fullmatch(value["email"]))


def _is_base64(value: Any) -> bool:
    try:
        return bool(value) and bool(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError, TypeError):
        return False
