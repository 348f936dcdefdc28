"""Your own mailbox, against real SMTP servers: the message, encryption, login, configuration."""

import email.policy
import json
import warnings
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.port import (
    Attachment,
    Lookup,
    Outgoing,
    OutgoingRecipient,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    UnreadableError,
)
from adapters.providers.smtp import Smtp
from adapters.providers.smtp.mailbox import compose, mailbox
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import ATTEMPT, connection
from tests.adapters.providers.kit_smtp import ADA, AT, BOB, EVE, OUTGOING, parsed, send, to
from tests.adapters.providers.mail_servers import Post, certified, mail_server

# the message


def test_it_arrives_whole() -> None:
    post = Post()
    with mail_server(post) as port:
        answer = send(port)
    assert answer == Taken([HandedMessage(f"{ATTEMPT}.2@seller.example")])
    (envelope,) = post.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("bills@seller.example", [ADA, BOB, EVE])
    message = parsed(post)
    (sender,) = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Seller & Co", "bills@seller.example")
    assert (message["To"], message["Cc"], message["Bcc"]) == (f"Ada Bücher <{ADA}>", BOB, None)
    assert EVE not in message.as_string()
    assert message["Subject"] == "Invoice 7 – März"
    assert message["Message-ID"] == f"<{ATTEMPT}.2@seller.example>"
    assert message["Date"].datetime == AT
    body = message.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == OUTGOING.text
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("Rechnung März.pdf", "application/pdf")
    assert attached.get_content() == OUTGOING.attachments[0].content


def test_a_relay_is_told_the_attempt_in_the_header_that_it_echoes() -> None:
    post = Post()
    with mail_server(post) as port:
        send(port, attempt_header='X-MC-Metadata: {"attempt_id": "{}"}')
    assert json.loads(parsed(post)["X-MC-Metadata"]) == {"attempt_id": ATTEMPT}


@pytest.mark.parametrize("header", ["X-Tag", "X-Tag: none", "X Tag: {}", "X-Tag: {}\r\nBcc: eve@evil.example"])
def test_a_header_without_a_place_for_the_attempt_is_our_own_doing(header: str) -> None:
    answer = send(1, attempt_header=header)
    assert isinstance(answer, Refused)
    assert answer.reason == "misconfigured"


def test_it_is_seven_bit_text_with_crlf() -> None:
    """So that every server takes it as it is, however old."""
    sender = mailbox(connection("smtp", {}, host="h", from_email="bills@seller.example"))
    written = compose(OUTGOING, sender, {1: ADA, 2: BOB, 3: EVE}, AT)
    assert written.isascii()
    assert b"\n" not in written.replace(b"\r\n", b"")
    assert b"\r" not in written.replace(b"\r\n", b"")
    assert max(map(len, written.split(b"\r\n"))) <= 998


@given(subject=st.text(), name=st.text(), filename=st.text(), kind=st.text(), text=st.text())
def test_nobody_can_add_headers_or_break_it(subject: str, name: str, filename: str, kind: str, text: str) -> None:
    clean = [t.encode(errors="ignore").decode() for t in (subject, name, filename, kind, text)]
    outgoing = Outgoing(
        attempt_id=ATTEMPT,
        number=1,
        recipients=[OutgoingRecipient(1, ADA, clean[1])],
        subject=clean[0],
        text=clean[4],
        attachments=[Attachment(clean[2], clean[3], b"content")],
    )
    sender = mailbox(connection("smtp", {}, host="h", from_email="bills@seller.example", from_name=clean[1]))
    written = compose(outgoing, sender, {1: ADA}, AT)
    message = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(written)
    assert [n.lower() for n in message.keys()] == [  # noqa: SIM118
        "from", "to", "subject", "date", "message-id", "mime-version", "content-type",
    ]  # fmt: skip
    assert [a.addr_spec for a in message["To"].addresses] == [ADA]
    assert len(list(message.iter_attachments())) == 1


def test_a_line_break_in_a_header_is_a_space() -> None:
    post = Post()
    with mail_server(post) as port:
        send(port, msgspec.structs.replace(to(ADA), subject="Invoice\r\nBcc: x@evil.example\n\nbody"))
    assert parsed(post)["Subject"] == "Invoice Bcc: x@evil.example body"
    assert post.envelopes[0].rcpt_tos == [ADA]


def test_an_international_domain_travels_in_ascii() -> None:
    post = Post()
    with mail_server(post) as port:
        assert isinstance(send(port, to("ada@bücher.example")), Taken)
    assert post.envelopes[0].rcpt_tos == ["ada@xn--bcher-kva.example"]


def test_an_international_mailbox_needs_a_server_that_knows_them() -> None:
    post = Post()
    with mail_server(post, enable_SMTPUTF8=True) as port:
        assert isinstance(send(port, to("jörg@payer.example")), Taken)
    assert post.envelopes[0].rcpt_tos == ["jörg@payer.example"]
    assert parsed(post)["To"] == "jörg@payer.example"
    with mail_server(Post()) as port:
        answer = send(port, to("jörg@payer.example"))
    assert isinstance(answer, Refused)
    assert answer.reason == "invalid_recipient"


# encryption and login


def test_starttls_and_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = certified(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    post = Post()
    with mail_server(post, tls_context=context, authenticator=post.authenticate, auth_required=True) as port:
        assert isinstance(send(port, password="app-password", username="bills", security="starttls"), Taken)
        wrong = send(port, password="wrong", username="bills", security="starttls")
    assert set(post.logins) == {(b"bills", b"app-password"), (b"bills", b"wrong")}
    assert isinstance(wrong, Refused)
    assert (wrong.reason, wrong.status) == ("authentication", Status.REJECTED)
    assert "wrong" not in wrong.detail


def test_encrypted_from_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = certified(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    post = Post()
    with mail_server(post, encrypted=context) as port:
        assert isinstance(send(port, security="ssl"), Taken)
    assert len(post.envelopes) == 1


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_a_certificate_that_nobody_vouches_for(security: str, tmp_path: Path) -> None:
    context, _ = certified(tmp_path)
    post = Post()
    tls: dict[str, Any] = {"encrypted" if security == "ssl" else "tls_context": context}
    with mail_server(post, **tls) as port:
        answer = send(port, security=security, username="bills", password="app-password")
    assert isinstance(answer, TryLater)
    assert answer.reason == "provider_outage"
    assert not post.envelopes
    assert not post.logins


def test_no_password_goes_to_a_server_without_starttls() -> None:
    post = Post()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of the server's: it is told to do without TLS
        with mail_server(post, authenticator=post.authenticate, auth_require_tls=False) as port:
            answer = send(port, security="starttls", username="bills", password="app-password")
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status) == ("misconfigured", Status.FAILED)
    assert post.logins == []


def test_a_login_where_there_is_none() -> None:
    with mail_server(Post()) as port:
        answer = send(port, username="bills", password="app-password")
    assert isinstance(answer, Refused)
    assert answer.reason == "misconfigured"


# configuration


@pytest.mark.parametrize(
    "settings",
    [
        {"host": ""},
        {"from_email": "nobody"},
        {"from_email": ""},
        {"port": "smtp"},
        {"security": "maybe"},
        {"timeout_seconds": "long"},
        {"timeout_seconds": "inf"},
        {"timeout_seconds": 0},
        {"username": "bills"},
        {"port": 99999999},
        {"host": "a" * 70 + ".example"},
    ],
)
def test_what_the_connection_lacks_is_our_own_doing(settings: dict[str, Any]) -> None:
    answer = send(1, **settings)
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status) == ("misconfigured", Status.FAILED)


def test_it_cannot_be_asked(client: httpx.Client) -> None:
    assert Smtp().status(Lookup(ATTEMPT, "m"), connection("smtp", {}), client) == []
    with pytest.raises(UnreadableError):
        Smtp().read_answer(RawAnswer(250, {}, b""))
