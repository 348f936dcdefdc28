"""Life-cycle messages of the French reform."""

from datetime import UTC, date, datetime

import pyfrctc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.port import Outgoing, ProviderReport, RawAnswer, Refused, UnreadableError
from adapters.providers.registry import provider
from domain.reports import BuyerResponse
from domain.status import Status, natural
from domain.values import Actor
from tests.adapters.providers.kit import NOON, connection, request
from tests.adapters.providers.kit_france import (
    BUYER,
    NUMBER,
    SELLER,
    acknowledgement,
    detail,
    message,
    moment,
    reference,
    said,
)

CDV = provider("france-cdv")


def read(body: bytes) -> list[ProviderReport]:
    return CDV.reports(request(body, {}))


def only(body: bytes) -> ProviderReport:
    (found,) = read(body)
    return found


@pytest.mark.parametrize(
    ("code", "status", "reason", "answer"),
    [
        ("200", Status.SENT, None, None),
        ("201", Status.SENT, None, None),
        ("202", Status.DELIVERED, None, None),
        ("203", Status.DELIVERED, None, None),
        ("204", Status.READ, None, BuyerResponse.IN_PROCESS),
        ("205", Status.READ, None, BuyerResponse.ACCEPTED),
        ("206", Status.READ, None, BuyerResponse.CONDITIONALLY_ACCEPTED),
        ("207", Status.READ, "under_query", BuyerResponse.UNDER_QUERY),
        ("208", Status.READ, "under_query", BuyerResponse.UNDER_QUERY),
        ("210", Status.READ, "buyer_refused", BuyerResponse.REJECTED),
        ("211", Status.READ, None, BuyerResponse.PAID),
        ("212", Status.READ, None, BuyerResponse.PAID),
        ("213", Status.REJECTED, "validation", None),
        ("214", Status.READ, None, BuyerResponse.IN_PROCESS),
        ("221", Status.FAILED, "wrong_addressee", None),
        ("501", Status.REJECTED, "validation", None),
    ],
)
def test_every_code_that_counts(code: str, status: Status, reason: str | None, answer: BuyerResponse | None) -> None:
    told = only(said(code, label="Étiquette"))
    assert (told.status, told.reason, told.buyer_response, told.ignored) == (status, reason, answer, False)
    assert told.provider_event == f"{code} Étiquette"
    assert told.occurred_at == NOON
    assert told.message_id == f"invoice:{SELLER}:fa-2026-0017"


@pytest.mark.parametrize(
    "code", ["209", "220", "224", "225", "226", "227", "228", "250", "300", "400", "500", "600", "601", "999"]
)
def test_codes_that_say_nothing_of_the_delivery(code: str) -> None:
    told = only(said(code))
    assert (told.status, told.ignored, told.provider_event) == (None, True, code)


def test_who_said_it() -> None:
    assert only(said("205")).actor is Actor.RECIPIENT
    assert only(said("212")).actor is Actor.US  # the seller declares what it was paid
    assert only(said("213")).actor is Actor.PROVIDER


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("REJ_SEMAN", "validation"),
        ("REJ_COH", "validation"),
        ("REJ_UNI", "duplicate"),
        ("DOUBLON", "duplicate"),
        ("ADR_ERR", "invalid_recipient"),
        ("REJ_ADR", "invalid_recipient"),
        ("DEST_INC", "not_registered"),
        ("MADE_UP", "validation"),
    ],
)
def test_why_a_platform_rejected(why: str, reason: str) -> None:
    told = only(said("213", details=detail(reason=why, words="motif")))
    assert (told.status, told.reason, told.diagnostic_code) == (Status.REJECTED, reason, why)


@pytest.mark.parametrize("why", ["IRR_TAILLE_F", "IRR_TAILLE_PJ"])
def test_what_is_too_large_to_be_received(why: str) -> None:
    assert only(said("501", details=detail(reason=why))).reason == "too_large"


def test_a_buyer_refuses_for_reasons_of_its_own() -> None:
    told = only(said("210", details=detail(reason="DOUBLON", words="Déjà reçue")))
    assert (told.reason, told.buyer_response) == ("buyer_refused", BuyerResponse.REJECTED)
    assert told.diagnostic == "DOUBLON: Déjà reçue"


def test_reasons_requested_actions_and_values_are_told() -> None:
    rate = (
        "<ram:SpecifiedDocumentCharacteristic><ram:ID>BT-152</ram:ID><ram:TypeCode>DIV</ram:TypeCode>"
        "<ram:Name>Taux</ram:Name><ram:ValuePercent>10.00</ram:ValuePercent></ram:SpecifiedDocumentCharacteristic>"
    )
    paid = (
        "<ram:SpecifiedDocumentCharacteristic><ram:TypeCode>MEN</ram:TypeCode>"
        '<ram:ValueAmount currencyID="EUR">1200.00</ram:ValueAmount>'
        f"<ram:ValueDateTime>{moment('20260114', '102')}</ram:ValueDateTime></ram:SpecifiedDocumentCharacteristic>"
    )
    note = "<ram:IncludedNote><ram:Content>Voir la commande</ram:Content></ram:IncludedNote>"
    first = detail(reason="TX_TVA_ERR", words="Taux erroné", action="NIN", asked="Rectifier", more=note + rate)
    second = detail(reason="CMD_ERR", more=paid)
    told = only(said("207", details=first + second))
    assert told.diagnostic
    assert told.diagnostic.splitlines() == [
        "TX_TVA_ERR: Taux erroné",
        "asks for NIN: Rectifier",
        "Voir la commande",
        "DIV BT-152: Taux, 10.00 %",
        "CMD_ERR",
        "MEN: 1200.00 EUR, 20260114",
    ]
    assert told.diagnostic_code == "TX_TVA_ERR CMD_ERR"


def test_several_invoices_are_several_reports() -> None:
    told = message(
        acknowledgement(reference("203"), reference("213", number="FA-2", seller="552032534")),
        acknowledgement(reference("205", number="FA-3"), at="20260116090000"),
    )
    found = read(told)
    assert [(r.message_id, r.status) for r in found] == [
        (f"invoice:{SELLER}:fa-2026-0017", Status.DELIVERED),
        ("invoice:552032534:fa-2", Status.REJECTED),
        (f"invoice:{SELLER}:fa-3", Status.READ),
    ]
    assert len({r.event_id for r in found}) == 3
    assert found[2].occurred_at == datetime(2026, 1, 16, 8, tzinfo=UTC)


def test_of_statuses_of_the_same_second_the_later_one_on_the_way_stands() -> None:
    ids = [only(said(code)).event_id for code in ("204", "205", "210", "211")]
    assert sorted(ids, key=natural) == ids


def test_a_repeated_message_has_the_same_ids_and_another_others() -> None:
    one = said("203")
    other = message(acknowledgement(reference("203")), name="message-2")
    assert only(one).event_id == only(one).event_id != only(other).event_id
    assert only(one).event_id != only(said("204")).event_id
    unnamed = message(acknowledgement(reference("203")), name=None)
    later = message(acknowledgement(reference("203")), name=None, created="20260115140000")
    assert only(unnamed).event_id == only(unnamed).event_id != only(later).event_id


@pytest.mark.parametrize(
    ("at", "form", "instant"),
    [
        ("20260115130000", "204", NOON),
        ("202601151300", "203", NOON),
        ("20260115", "102", datetime(2026, 1, 14, 23, tzinfo=UTC)),
        ("20260715130000", "204", datetime(2026, 7, 15, 11, tzinfo=UTC)),
        (None, "204", datetime(2026, 1, 15, 12, 5, tzinfo=UTC)),  # then the document's own
        ("soon", "204", datetime(2026, 1, 15, 12, 5, tzinfo=UTC)),
    ],
)
def test_times_are_french(at: str | None, form: str, instant: datetime) -> None:
    assert only(message(acknowledgement(reference("203"), at=at, form=form))).occurred_at == instant


def test_the_buyer_is_the_recipient() -> None:
    assert only(said()).recipient == f"0225:{BUYER}_AP"


def test_without_a_code_of_its_own_an_invoice_has_that_of_its_details() -> None:
    inner = detail(more="<ram:ProcessConditionCode>210</ram:ProcessConditionCode>")
    assert only(said(None, details=inner)).buyer_response is BuyerResponse.REJECTED
    assert only(said(None)).provider_event == "no status"


@pytest.mark.parametrize("number", ["FA 2026/17 é", "<&>", "N" * 250])
def test_any_number_finds_its_invoice(number: str) -> None:
    told = only(said("203", number=number))
    assert told.message_id
    assert len(told.message_id) <= 255


def test_what_is_no_life_cycle_message() -> None:
    strange = said().replace(b"CrossDomainAcknowledgementAndResponse:100", b"CrossIndustryInvoice:100")
    for body in (strange, said()[:-5], b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + said().partition(b"?>")[2]):
        with pytest.raises(UnreadableError):
            read(body)


def test_a_message_may_come_in_any_prefixes_and_encodings() -> None:
    plain = only(said("205", label="Approuvée"))
    assert only(said("205", label="Approuvée").replace(b"ram:", b"r:").replace(b"xmlns:ram", b"xmlns:r")) == plain
    latin = said("205", label="Approuvée").decode().replace("UTF-8", "ISO-8859-1").encode("latin-1")
    assert only(latin) == plain
    assert only(b"\xef\xbb\xbf" + said("205", label="Approuvée")) == plain


def test_an_answer_is_read_as_what_comes_in() -> None:
    assert CDV.read_answer(RawAnswer(200, {}, said("205"))) == read(said("205"))


def test_nothing_is_sent_over_it() -> None:
    assert not CDV.sends
    answer = CDV.send(Outgoing(attempt_id="a", number=1, recipients=[]), connection("france-cdv", {}), None)  # type: ignore[arg-type]
    assert isinstance(answer, Refused)


def written(*, prefixed: bool) -> bytes:
    """As pyfrctc writes one; it checks it against the official XML schema."""
    told = {
        "MDT-2": "REGULATED",
        "MDT-3": "urn.cpro.gouv.fr:1p0:CDV:invoice",
        "MDT-4": "FA-2026-0017_207_1",
        "MDT-8": datetime(2026, 1, 15, 13, 5),  # noqa: DTZ001 - it writes French local time
        "MDT-21": "WK",
        "MDT-38": {"0002": BUYER},
        "MDT-39": "ACHETEUR",
        "MDT-40": "BY",
        "MDT-57": {"0002": SELLER},
        "MDT-58": "VENDEUR",
        "MDT-59": "SE",
        "MDT-73": f"{SELLER}_STATUTS",
        "MDT-73-1": "0225",
        "MDT-74": False,
        "MDT-77": 23,
        "MDT-78": datetime(2026, 1, 15, 13, 0),  # noqa: DTZ001
        "MDT-87": NUMBER,
        "MDT-91": "380",
        "MDT-100": date(2026, 1, 10),
        "MDT-105": "207",
        "MDT-106": "En litige",
        "MDT-129": {"0002": SELLER},
        "MDG-37": [{"MDT-113": "QTE_ERR", "MDT-114": "Quantité", "MDT-121": "CNF", "MDT-122": "Avoir", "MDT-126": "8"}],
    }
    content: bytes = pyfrctc.generate_cdar(told, prefixed_namespaces=prefixed)
    return content


@pytest.mark.parametrize("prefixed", [True, False])
def test_what_another_program_writes_is_understood(prefixed: bool) -> None:
    told = only(written(prefixed=prefixed))
    assert (told.status, told.buyer_response, told.occurred_at) == (Status.READ, BuyerResponse.UNDER_QUERY, NOON)
    assert told.message_id == f"invoice:{SELLER}:fa-2026-0017"
    assert told.recipient == f"0002:{BUYER}"
    assert told.diagnostic == "QTE_ERR: Quantité\nasks for CNF: Avoir\n8"


@given(
    code=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="<>&")),
    number=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    at=st.text(st.sampled_from("0123456789 -"), max_size=16),
)
def test_whatever_is_in_a_message_can_be_kept(code: str, number: str, at: str) -> None:
    body = message(acknowledgement(reference(code or None, number=number), at=at.replace("<", "")))
    try:
        found = read(body)
    except UnreadableError:
        return
    for one in found:
        assert 0 < len(one.event_id) <= 255
        assert 0 < len(one.provider_event) <= 255
        assert one.message_id is None or 0 < len(one.message_id) <= 255
        assert (one.status is None) <= one.ignored
