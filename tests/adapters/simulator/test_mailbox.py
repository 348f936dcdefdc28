"""The SMTP server, spoken to with the standard library."""

import logging
import smtplib
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.adapters.simulator.lab import Lab


def letter(*to: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = "billing@seller.example", ", ".join(to)
    mail["Subject"], mail["Message-ID"] = "Rechnung über 100 €", "<a-17@seller.example>"
    mail.set_content("Guten Tag,\nanbei die Rechnung.\n")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="invoice.pdf")
    return mail


def send(lab: Lab, *to: str) -> dict[str, tuple[int, bytes]]:
    """The recipients that were refused. Raises smtplib.SMTPException."""
    with smtplib.SMTP("127.0.0.1", lab.simulator.smtp_port, timeout=15) as server:
        return server.send_message(letter(*to))


def test_a_mail_is_kept_whole(lab: Lab) -> None:
    assert send(lab, "anna@buyer.example") == {}
    [message] = lab.messages(provider="smtp")
    assert (message["address"], message["sender"]) == ("anna@buyer.example", "billing@seller.example")
    assert message["subject"] == "Rechnung über 100 €"
    assert "anbei die Rechnung" in message["text"]
    assert message["reference"] == "<a-17@seller.example>"
    assert message["request"]["attachments"] == [{"filename": "invoice.pdf", "type": "application/pdf", "size": 8}]
    assert "Content-Disposition: attachment" in message["request"]["raw"]
    assert (message["taken"], message["answer"]) == (True, 250)
    assert lab.happened(message) == ["delivered"]


@pytest.mark.parametrize(
    ("local_part", "code", "enhanced"),
    [
        ("bounce", 550, b"5.1.1"),
        ("full+invoice", 552, b"5.2.2"),
        ("blocked", 550, b"5.7.1"),
        ("dropped", 550, b"5.7.1"),
        ("refused", 553, b"5.1.3"),
        ("deferred", 450, b"4.2.1"),
        ("ratelimited", 421, b"4.7.0"),
    ],
)
def test_a_recipient_that_is_refused(lab: Lab, local_part: str, code: int, enhanced: bytes) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(lab, f"{local_part}@buyer.example")
    [(given, text)] = refused.value.recipients.values()
    assert given == code
    assert text.startswith(enhanced)
    assert lab.messages() == []


def test_one_refused_recipient_does_not_keep_the_others_from_their_mail(lab: Lab) -> None:
    refused = send(lab, "anna@buyer.example", "bounce@buyer.example", "ben@buyer.example")
    assert set(refused) == {"bounce@buyer.example"}
    assert {message["address"] for message in lab.messages()} == {"anna@buyer.example", "ben@buyer.example"}


@pytest.mark.parametrize("local_part", ["deferred", "ratelimited"])
def test_a_greylisted_recipient_is_taken_after_the_waits(lab: Lab, local_part: str) -> None:
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(lab, f"{local_part}@buyer.example")
    assert send(lab, f"{local_part}@buyer.example") == {}


@pytest.mark.parametrize(("local_part", "taken"), [("outage", False), ("crash", True)])
def test_an_error_after_the_mail(lab: Lab, local_part: str, taken: bool) -> None:
    with pytest.raises(smtplib.SMTPDataError) as failed:
        send(lab, f"{local_part}@buyer.example")
    assert failed.value.smtp_code == 451
    [message] = lab.messages()
    assert message["taken"] is taken


@pytest.mark.parametrize(("local_part", "taken"), [("timeout", True), ("hidden", True), ("vanished", False)])
def test_a_connection_that_is_cut_after_the_mail(lab: Lab, local_part: str, taken: bool) -> None:
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(lab, f"{local_part}@buyer.example")
    [message] = lab.messages()
    assert (message["taken"], message["answer"]) == (taken, None)


def test_user_and_password_are_checked_once_an_account_is_known(open_lab: Callable[..., Lab]) -> None:
    lab = open_lab()

    def login(user: str, password: str) -> int:
        with smtplib.SMTP("127.0.0.1", lab.simulator.smtp_port, timeout=15) as server:
            try:
                return server.login(user, password)[0]
            except smtplib.SMTPAuthenticationError as error:
                return error.smtp_code

    assert login("anybody", "anything") == 235
    lab.control("POST", "/accounts", {"provider": "smtp", "key": "sendtrail", "token": "secret"})
    assert login("sendtrail", "secret") == 235
    assert login("sendtrail", "wrong") == 535


def test_a_mail_over_the_limit_is_refused(open_lab: Callable[..., Lab]) -> None:
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        send(open_lab(max_body=100), "anna@buyer.example")
    assert refused.value.smtp_code == 552


def test_a_rule_goes_for_mail_too(lab: Lab) -> None:
    lab.control("POST", "", {"rule": {"behaviour": "full", "times": 1}})
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(lab, "anna@buyer.example")
    assert send(lab, "anna@buyer.example") == {}


def test_no_address_and_no_text_reaches_a_log(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    send(lab, "anna@buyer.example")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(lab, "bounce@buyer.example")
    lab.mail("anna@buyer.example")
    lab.sms("+32470120429")
    lab.receiver.wait(1)
    told = [record.getMessage() for record in caplog.records if record.threadName == "simulator"]
    assert told, "the simulator logs something, at this level"
    assert not [text for text in told if "buyer" in text or "3247" in text or "Rechnung" in text]
