"""What Twilio refuses a message for, with its error codes."""

import re
from urllib.parse import urlsplit

import msgspec

NUMBER = re.compile(r"(?:[a-z]+:)?\+[1-9]\d{6,14}")
SENDER = re.compile(r"(?:[a-z]+:)?\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}")
MOST_TEXT = 1600


class Refusal(msgspec.Struct, frozen=True):
    code: int
    message: str


def refusal(form: dict[str, str]) -> Refusal | None:
    return _recipient(form) or _sender(form) or _text(form) or _callback(form)


def _recipient(form: dict[str, str]) -> Refusal | None:
    if not form.get("To"):
        return Refusal(21604, "A 'To' phone number is required.")
    return None if NUMBER.fullmatch(form["To"]) else Refusal(21211, "Invalid 'To' Phone Number")


def _sender(form: dict[str, str]) -> Refusal | None:
    if form.get("MessagingServiceSid"):
        return None
    if not form.get("From"):
        return Refusal(21603, "A 'From' phone number is required.")
    return None if SENDER.fullmatch(form["From"]) else Refusal(21212, "Invalid 'From' Number")


def _text(form: dict[str, str]) -> Refusal | None:
    if not form.get("Body"):
        return Refusal(21602, "Message body is required.")
    if len(form["Body"]) > MOST_TEXT:
        return Refusal(21617, "The concatenated message body exceeds the 1600 character limit")
    return None


def _callback(form: dict[str, str]) -> Refusal | None:
    url = form.get("StatusCallback")
    try:
        valid = not url or (urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname))
    except ValueError:
        valid = False
    return None if valid else Refusal(21609, "Invalid 'StatusCallback' URL")
