import pytest

from adapters.providers.e_invoice import Named, document, french_key, named
from adapters.providers.port import Attachment, Outgoing
from tests.adapters.providers.kit import ATTEMPT
from tests.adapters.providers.kit_france import NUMBER, SELLER, invoice

PDF = Attachment("invoice.pdf", "application/pdf", b"%PDF-")
XML = Attachment("invoice.xml", "application/xml; charset=utf-8", b"<Invoice/>")
TEXT_XML = Attachment("invoice.xml", "TEXT/XML", b"<Invoice/>")
CII = b"""<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100">
  <rsm:ExchangedDocument><ram:ID> FA-1 </ram:ID></rsm:ExchangedDocument>
  <rsm:SupplyChainTradeTransaction><ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty>
    <ram:GlobalID schemeID="0088">3123456789012</ram:GlobalID>
    <ram:SpecifiedLegalOrganization><ram:ID schemeID="0002">732829320</ram:ID></ram:SpecifiedLegalOrganization>
  </ram:SellerTradeParty></ram:ApplicableHeaderTradeAgreement></rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>"""


def with_files(*files: Attachment) -> Outgoing:
    return Outgoing(attempt_id=ATTEMPT, number=1, recipients=[], attachments=list(files))


def test_the_document_is_the_xml_among_the_attachments_unless_the_pdf_holds_it() -> None:
    assert document(with_files(PDF, XML)) is XML
    assert document(with_files(PDF, TEXT_XML)) is TEXT_XML
    assert document(with_files(XML, PDF), pdf=True) is PDF
    assert document(with_files(PDF)) is None
    assert document(with_files(XML), pdf=True) is None


def test_an_invoice_names_itself_and_its_seller() -> None:
    assert named(invoice()) == Named(NUMBER, SELLER)
    assert named(invoice(root="CreditNote")) == Named(NUMBER, SELLER)
    assert named(invoice(seller="")) == Named(NUMBER, None)
    assert named(CII) == Named("FA-1", "732829320")


@pytest.mark.parametrize("seller", ["73282932", "7328293200", "ABCDEFGHI", "73282932X"])
def test_only_nine_digits_are_a_register_number(seller: str) -> None:
    assert named(invoice(seller=seller)) == Named(NUMBER, None)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"<a>", b"<!DOCTYPE a><a/>", b"<Invoice/>", b"\xff\xff"])
def test_what_names_nothing(content: bytes) -> None:
    assert named(content) == Named(None)


def test_the_key_is_the_same_however_the_number_is_written() -> None:
    assert french_key(Named("FA 1", SELLER)) == french_key(Named(" fa  1\n", SELLER)) == "invoice:732829320:fa 1"
    assert french_key(Named("FA 1")) == "invoice:?:fa 1"
    assert french_key(Named(None, SELLER)) is None
    long = french_key(Named("N" * 255, SELLER))
    assert long
    assert len(long) <= 255
    assert long != french_key(Named("N" * 254, SELLER))
