"""Your own mailbox, against real SMTP servers: who is refused, by whom, and what breaks off."""

import msgspec
import pytest

from adapters.providers.port import (
    Answer,
    Refused,
    Taken,
    TryLater,
    Unknown,
)
from adapters.providers.smtp.replies import Step, refusal
from domain.reasons import REASONS
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import ATTEMPT
from tests.adapters.providers.kit_smtp import ADA, BOB, EVE, OUTGOING, send, to
from tests.adapters.providers.mail_servers import (
    CUT,
    HANG,
    Post,
    mail_server,
    scripted_mail_server,
)

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
