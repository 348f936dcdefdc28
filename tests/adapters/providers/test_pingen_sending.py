"""Sending letters through Pingen, over real HTTP."""

import httpx
import msgspec
import pytest

from adapters.providers.port import Attachment, Refused, Taken, TryLater, Unknown
from adapters.providers.registry import provider
from domain.status import Status
from domain.values import HandedMessage
from tests.adapters.providers.kit import ATTEMPT
from tests.adapters.providers.kit_pingen import LETTER, LETTERS, PDF, at, errors, outgoing, place, taken, token
from tests.adapters.providers.scripted import CUT, CUT_IN_ANSWER, HANG, Scripted, http, nobody

PINGEN = provider("pingen")
STORED = http(200)


def test_a_letter_as_it_is_documented(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), place(api), STORED, taken())
    assert PINGEN.send(outgoing(number=2), at(api), client) == Taken([HandedMessage(LETTER, 2)])
    asked, located, put, made = api.received
    assert (asked.path, asked.form["grant_type"], asked.form["scope"]) == (
        "/auth/access-tokens", "client_credentials", "letter",
    )  # fmt: skip
    assert (located.method, located.path, located.headers["authorization"]) == (
        "GET",
        "/file-upload",
        "Bearer bearer-1",
    )
    assert (put.method, put.target, put.body) == ("PUT", "/store/1?X-Signature=a%2Fb", PDF.content)
    assert "authorization" not in put.headers
    assert "content-type" not in put.headers
    assert (made.method, made.path) == ("POST", LETTERS)
    assert made.headers["content-type"] == "application/vnd.api+json"
    assert made.headers["idempotency-key"] == f"{ATTEMPT}-2"
    assert len(made.headers["idempotency-key"]) <= 64
    assert made.json == {
        "data": {
            "type": "letters",
            "attributes": {
                "file_original_name": f"{ATTEMPT}-2.pdf",
                "file_url": f"{api.url}/store/1?X-Signature=a%2Fb",
                "file_url_signature": "$2y$10$signed",
                "address_position": "left",
                "auto_send": True,
                "delivery_product": "cheap",
                "print_mode": "simplex",
                "print_spectrum": "grayscale",
            },
        }
    }


def test_what_a_connection_may_choose(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), place(api), STORED, taken())
    chosen = {
        "address_position": "right", "delivery_product": "postag_b", "print_mode": "duplex", "print_spectrum": "color",
    }  # fmt: skip
    PINGEN.send(outgoing(), at(api, **chosen), client)
    told = api.received[3].json["data"]["attributes"]
    assert {name: told[name] for name in chosen} == chosen


def test_a_token_is_asked_for_once_and_again_when_it_is_refused(api: Scripted, client: httpx.Client) -> None:
    here = at(api)
    api.answers(token(), place(api), STORED, taken(), place(api), STORED, http(401), token(), taken())
    assert isinstance(PINGEN.send(outgoing(), here, client), Taken)
    assert isinstance(PINGEN.send(outgoing(), here, client), Taken)
    paths = [r.path for r in api.received]
    assert paths.count("/auth/access-tokens") == 2
    assert len(paths) == 9


@pytest.mark.parametrize("number", [1, 2])
def test_every_recipient_has_a_key_and_a_file_of_its_own(number: int, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), place(api), STORED, taken())
    PINGEN.send(outgoing(number=number), at(api), client)
    made = api.received[3]
    told = made.json["data"]["attributes"]["file_original_name"]
    assert (made.headers["idempotency-key"], told) == (f"{ATTEMPT}-{number}", f"{ATTEMPT}-{number}.pdf")


@pytest.mark.parametrize("lost", [HANG, CUT, CUT_IN_ANSWER, http(500), http(503), http(408), http(502, b"<html>")])
def test_a_lost_answer_is_asked_for_again_under_the_same_key(lost: object, api: Scripted, client: httpx.Client) -> None:
    here = at(api)
    api.answers(token(), place(api), STORED, lost, place(api), STORED, taken())
    first = PINGEN.send(outgoing(), here, client)
    assert isinstance(first, TryLater)
    assert first.reason == "provider_outage"
    assert isinstance(PINGEN.send(outgoing(), here, client), Taken)
    made = [r for r in api.received if r.method == "POST" and r.path == LETTERS]
    assert len({r.headers["idempotency-key"] for r in made}) == 1 < len(made)


@pytest.mark.parametrize(
    "script",
    [
        [HANG], [http(500)],
        [token(), HANG], [token(), CUT], [token(), http(500)], [token(), http(200, b"<html>")],
        [token(), http(200, {"data": {"attributes": {"url": "http://127.0.0.1/x"}}})],
    ],
)  # fmt: skip
def test_before_the_file_is_stored_all_can_be_tried_again(
    script: list[object], api: Scripted, client: httpx.Client
) -> None:
    api.answers(*script)
    answer = PINGEN.send(outgoing(), at(api), client)
    assert isinstance(answer, TryLater)
    assert answer.reason == "provider_outage"


@pytest.mark.parametrize("stored", [HANG, CUT, http(403, b"<Error>expired</Error>"), http(500), http(307)])
def test_a_file_that_was_not_stored(stored: object, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), place(api), stored)
    assert isinstance(PINGEN.send(outgoing(), at(api), client), TryLater)
    assert api.received[-1].method == "PUT"


def test_nobody_there(client: httpx.Client) -> None:
    with nobody() as url:
        answer = PINGEN.send(outgoing(), at(Scripted(url)), client)
    assert isinstance(answer, TryLater)


@pytest.mark.parametrize("step", [1, 3])
def test_too_many_requests(step: int, api: Scripted, client: httpx.Client) -> None:
    steps = [token(), place(api), STORED, taken()]
    api.answers(*steps[:step], errors(429, "Too Many Requests", **{"Retry-After": "17", "x-ratelimit-remaining": "0"}))
    answer = PINGEN.send(outgoing(), at(api), client)
    assert isinstance(answer, TryLater)
    assert (answer.reason, answer.after) == ("rate_limited", 17.0)


@pytest.mark.parametrize(
    ("answer", "reason", "status"),
    [
        (errors(400, "Bad Request"), "validation", Status.REJECTED),
        (errors(422, "Invalid", "not sold", "/data/attributes/delivery_product"), "validation", Status.REJECTED),
        (errors(402, "Payment Required"), "account", Status.REJECTED),
        (errors(403, "Forbidden"), "authentication", Status.REJECTED),
        (errors(404, "Not Found"), "misconfigured", Status.FAILED),
        (errors(413, "Too large"), "too_large", Status.REJECTED),
    ],
)
def test_refusals(answer: bytes, reason: str, status: Status, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), place(api), STORED, answer)
    told = PINGEN.send(outgoing(), at(api), client)
    assert isinstance(told, Refused)
    assert (told.reason, told.status) == (reason, status)


def test_a_refusal_says_what_and_where(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), place(api), STORED, errors(422, "Invalid", "not sold", "/data/attributes/delivery_product"))
    told = PINGEN.send(outgoing(), at(api), client)
    assert isinstance(told, Refused)
    assert told.detail == "HTTP 422: Invalid: not sold (/data/attributes/delivery_product)"


@pytest.mark.parametrize(
    "answer", [errors(409, "Conflict"), errors(422, "Idempotency-Key was used with another payload"), http(201, {})]
)
def test_a_key_that_was_used_leaves_it_open_what_there_is(answer: bytes, api: Scripted, client: httpx.Client) -> None:
    """Then the letter is looked for by the name of its file."""
    api.answers(token(), place(api), STORED, answer)
    assert isinstance(PINGEN.send(outgoing(), at(api), client), Unknown)


@pytest.mark.parametrize("step", [0, 1, 3])
def test_credentials_that_are_refused(step: int, api: Scripted, client: httpx.Client) -> None:
    steps: list[object] = [token(), place(api), STORED]
    refusal = [http(401, {"error": "invalid_client"})] if step == 0 else [http(401), token(), http(401)]
    api.answers(*steps[:step], *refusal)
    answer = PINGEN.send(outgoing(), at(api), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "authentication"
    assert "s3cret" not in answer.detail


def test_a_file_that_is_too_large(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), place(api), http(413))
    answer = PINGEN.send(outgoing(), at(api), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "too_large"


@pytest.mark.parametrize("kind", ["application/xml", "text/plain"])
def test_nothing_to_print(kind: str, api: Scripted, client: httpx.Client) -> None:
    none = msgspec.structs.replace(outgoing(), attachments=[])
    for message in (none, outgoing(Attachment("a", kind, b"x"))):
        answer = PINGEN.send(message, at(api), client)
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.status) == ("document_missing", Status.FAILED)
    assert api.received == []


def test_the_pdf_among_other_documents(api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), place(api), STORED, taken())
    xml, pdf = Attachment("a.xml", "application/xml", b"<a/>"), Attachment("a", "Application/PDF; x=y", b"%PDF-2.0")
    assert isinstance(PINGEN.send(outgoing(xml, pdf), at(api), client), Taken)
    assert api.received[2].body == b"%PDF-2.0"


def test_several_pdfs_are_no_letter(api: Scripted, client: httpx.Client) -> None:
    answer = PINGEN.send(outgoing(PDF, PDF), at(api), client)
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.status, api.received) == ("validation", Status.FAILED, [])


@pytest.mark.parametrize("missing", ["client_id", "organisation_id"])
def test_a_setting_that_is_missing(missing: str, api: Scripted, client: httpx.Client) -> None:
    api.answers(token(), place(api), STORED, taken())
    answer = PINGEN.send(outgoing(), at(api, **{missing: ""}), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "misconfigured"
    assert missing in answer.detail
    assert all(r.path != LETTERS for r in api.received)


def test_nobody_to_send_to(api: Scripted, client: httpx.Client) -> None:
    answer = PINGEN.send(msgspec.structs.replace(outgoing(), recipients=[]), at(api), client)
    assert isinstance(answer, Refused)
    assert answer.reason == "missing_contact"
