"""Your own mailbox, against real SMTP servers."""

import email.policy
import json
import warnings
from datetime import UTC, datetime
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
    Answer,
    Attachment,
    Lookup,
    Outgoing,
    OutgoingRecipient,
    RawAnswer,
    Refused,
    Taken,
    TryLater,
    Unknown,
    UnreadableError,
)
from adapters.providers.smtp import Smtp
from adapters.providers.smtp.mailbox import compose, mailbox
from adapters.providers.smtp.replies import Step, refusal
from domain.reasons import REASONS
from domain.status import Status
from domain.values import HandedMessage, Role
from tests.adapters.providers.kit import ATTEMPT, connection
from tests.adapters.providers.mail_servers import (
    CUT,
    HANG,
    Post,
    certificate,
    mail_server,
    scripted_mail_server,
)

AT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
ADA, BOB, EVE = "ada@payer.example", "bob@payer.example", "eve@seller.example"
OUTGOING = Outgoing(
    attempt_id=ATTEMPT,
    number=2,
    recipients=[
        OutgoingRecipient(1, ADA, "Ada Bücher"),
        OutgoingRecipient(2, BOB, None, Role.CC),
        OutgoingRecipient(3, EVE, None, Role.BCC),
    ],
    subject="Invoice 7 – März",
    text="Dear Ada,\n.\n..two dots\n" + "x" * 3000 + "\nGrüße 😀\n",
    attachments=[Attachment("Rechnung März.pdf", "application/pdf", b"%PDF-1.7\r\n.\r\n\x00\xff")],
)


def send(at: int, outgoing: Outgoing = OUTGOING, password: str = "", **settings: Any) -> Answer:
    """To the server at that port of this machine."""
    given = {"host": "127.0.0.1", "port": at, "security": "none", "from_email": "bills@seller.example"}
    told = given | {"from_name": "Seller & Co", "timeout_seconds": 1} | settings
    account = connection("smtp", {"password": password} if password else {}, **told)
    with httpx.Client() as http:
        return Smtp(lambda: AT).send(outgoing, account, http)


def to(*addresses: str) -> Outgoing:
    people = [OutgoingRecipient(number, address) for number, address in enumerate(addresses, 1)]
    return msgspec.structs.replace(OUTGOING, recipients=people, attachments=[], text="Hello")


def parsed(post: Post) -> EmailMessage:
    (envelope,) = post.envelopes
    assert isinstance(envelope.content, bytes)
    return BytesParser(EmailMessage, policy=email.policy.default).parsebytes(envelope.content)


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
    context, trusted = certificate(tmp_path)
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
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    post = Post()
    with mail_server(post, encrypted=context) as port:
        assert isinstance(send(port, security="ssl"), Taken)
    assert len(post.envelopes) == 1


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_a_certificate_that_nobody_vouches_for(security: str, tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
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


# recipients


def test_who_was_refused_is_told_while_the_others_have_it() -> None:
    post = Post(refuses={BOB: "550 5.1.1 no such user here", EVE: "450 4.2.0 greylisted"})
    with mail_server(post) as port:
        answer = send(port)
    assert answer == Taken(
        [HandedMessage(f"{ATTEMPT}.2@seller.example")],
        [
            (2, Refused("invalid_recipient", "550 5.1.1 no such user here", Status.REJECTED)),
            (3, Refused("soft_bounce", "450 4.2.0 greylisted", Status.FAILED)),
        ],
    )
    assert post.envelopes[0].rcpt_tos == [ADA]


@pytest.mark.parametrize(
    ("refuses", "expected"),
    [
        ({ADA: "550 5.1.1 no", BOB: "552 5.2.2 full"}, Refused("invalid_recipient", "550 5.1.1 no")),
        ({ADA: "552 5.2.2 full", BOB: "550 no"}, Refused("mailbox_full", "552 5.2.2 full", Status.FAILED)),
        ({ADA: "550 5.1.1 no", BOB: "450 4.7.1 later"}, TryLater("soft_bounce", "450 4.7.1 later")),
    ],
)
def test_where_all_are_refused_nothing_is_sent(refuses: dict[str, str], expected: Answer) -> None:
    post = Post(refuses=refuses)
    with mail_server(post) as port:
        assert send(port, to(ADA, BOB)) == expected
    assert post.envelopes == []


def test_an_address_that_is_none_does_not_stop_the_others() -> None:
    post = Post()
    with mail_server(post) as port:
        answer = send(port, to("not an address", BOB))
        nobody = send(port, to("not an address"))
    assert isinstance(answer, Taken)
    assert [(n, r.reason) for n, r in answer.refused] == [(1, "invalid_recipient")]
    assert isinstance(nobody, Refused)
    assert "not an address" not in nobody.detail
    assert isinstance(send(1, msgspec.structs.replace(OUTGOING, recipients=[])), Refused)


# refusals


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (Post(sender="550 5.7.1 not your address"), Refused("blocked", "550 5.7.1 not your address")),
        (Post(sender="553 not yours"), Refused("misconfigured", "553 not yours", Status.FAILED)),
        (Post(sender="421 4.3.2 going down"), TryLater("provider_outage", "421 4.3.2 going down")),
        (Post(data="554 5.7.1 looks like spam"), Refused("blocked", "554 5.7.1 looks like spam")),
        (Post(data="550 cannot be"), Refused("content_rejected", "550 cannot be")),
        (Post(data="552 5.3.4 too big"), Refused("too_large", "552 5.3.4 too big")),
        (Post(data="451 4.3.0 try again"), TryLater("soft_bounce", "451 4.3.0 try again")),
        (Post(data="452 4.2.2 full"), TryLater("mailbox_full", "452 4.2.2 full")),
    ],
)
def test_the_server_refuses(server: Post, expected: Answer) -> None:
    with mail_server(server) as port:
        assert send(port, to(ADA)) == expected


def test_a_server_with_a_size_limit_is_not_sent_more() -> None:
    post = Post()
    with mail_server(post, data_size_limit=100) as port:
        answer = send(port)
    assert isinstance(answer, Refused)
    assert answer.reason == "too_large"
    assert post.envelopes == []


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("code", [400, 421, 450, 500, 503, 530, 535, 550, 552, 554, 559, 599])
@pytest.mark.parametrize("words", [b"", b"5.1.1 no", b"4.2.2", b"5.7.8 login", b"\xff", b"9.9.9", b"5.7.26 dmarc"])
def test_every_refusal_has_a_reason_that_people_can_read(step: Step, code: int, words: bytes) -> None:
    told = refusal(step, code, words)
    assert told.reason in REASONS
    assert isinstance(told, TryLater) == (code < 500)


# connections that break

TO_DATA = ("220 mx.example", "250 mx.example", "250 OK", "250 OK")


@pytest.mark.parametrize(
    "replies",
    [
        (CUT,),
        (HANG,),
        ("421 busy", CUT),
        ("554 no service", CUT),
        ("220 mx.example", CUT),
        ("220 mx.example", "250 mx.example", HANG),
        (*TO_DATA[:3], CUT),
        (*TO_DATA, CUT),
        (*TO_DATA, HANG),
    ],
)
def test_before_the_content_nothing_was_taken(replies: tuple[str, ...]) -> None:
    with scripted_mail_server(*replies) as port:
        answer = send(port, to(ADA))
    assert isinstance(answer, TryLater)
    assert answer.reason == "provider_outage"


@pytest.mark.parametrize("ends", [CUT, HANG])
def test_after_the_content_nobody_knows(ends: str) -> None:
    with scripted_mail_server(*TO_DATA, "354 go on", ends) as port:
        assert isinstance(send(port, to(ADA)), Unknown)


def test_once_it_is_taken_a_rude_good_bye_changes_nothing() -> None:
    with scripted_mail_server(*TO_DATA, "354 go on", "250 queued", CUT) as port:
        assert isinstance(send(port, to(ADA)), Taken)


def test_nobody_there() -> None:
    with scripted_mail_server(CUT) as port:
        pass
    answer = send(port, to(ADA))
    assert isinstance(answer, TryLater)


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
