"""Addresses in one spelling per channel."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.providers import addresses
from adapters.providers.addresses import ascii_email, normalise
from adapters.providers.port import InvalidAddressError
from domain.values import Channel


@pytest.mark.parametrize(
    ("channel", "given_as", "stored"),
    [
        (Channel.EMAIL, " Ada.Payer+bills@Payer.EXAMPLE ", "Ada.Payer+bills@payer.example"),
        (Channel.EMAIL, "jörg@Bücher.example", "jörg@bücher.example"),
        (Channel.EMAIL, "ap@xn--bcher-kva.example", "ap@bücher.example"),
        (Channel.EMAIL, "ap@mail.corp.local", "ap@mail.corp.local"),
        (Channel.EMAIL, "ap@payer.test", "ap@payer.test"),
        (Channel.SMS, "+32 470 12 34 56", "+32470123456"),
        (Channel.SMS, "0032-470/12.34.56", "+32470123456"),
        (Channel.SMS, "+32 (0)470 12 34 56", "+32470123456"),
        (Channel.SMS, "+1 (501) 725-0604", "+15017250604"),
        (Channel.SMS, "+32\u00a0470\u00a012\u00a034\u00a056", "+32470123456"),
        (
            Channel.POST,
            " Ada Payer \r\n\r\n Main  Street 1,\n1000 Brussels \n",
            "Ada Payer, Main Street 1, 1000 Brussels",
        ),
        (Channel.POST, "Ada Payer, Main Street 1", "Ada Payer, Main Street 1"),
        (Channel.E_INVOICING, " 0208:0123456789 ", "0208:0123456789"),
        (Channel.E_INVOICING, "iso6523-actorid-upis::0208:0123456789", "iso6523-actorid-upis::0208:0123456789"),
        (Channel.MANUAL, " at the desk ", "at the desk"),
    ],
)
def test_one_spelling(channel: Channel, given_as: str, stored: str) -> None:
    assert normalise(channel, given_as) == stored
    assert normalise(channel, stored) == stored


@pytest.mark.parametrize(
    ("channel", "wrong"),
    [
        *[(channel, text) for channel in Channel for text in ("", "  ", "a\x00b@c.example", "x" * 1001)],
        *[
            (Channel.EMAIL, a)
            for a in ("ada", "ada@", "@b.example", "a@b", "a@localhost", "a b@c.example", "a@b..example")
        ],
        *[
            (Channel.EMAIL, a)
            for a in ("Ada <ada@b.example>", "a@b.example,c@d.example", "a@b.example\nBcc: x@y.example")
        ],
        (Channel.EMAIL, "x" * 65 + "@b.example"),
        *[(Channel.SMS, n) for n in ("0470 12 34 56", "+32", "+32 470", "+99912345678", "+3247012345678901234")],
        *[
            (Channel.SMS, n)
            for n in ("+1-800-FLOWERS", "+32 470 12 34 56 ext. 7", "whatsapp:+32470123456", "++32470123456")
        ],
        *[(Channel.E_INVOICING, p) for p in ("0208", "0208:", ":0123", "0208: 0123", "a b:c")],
        (Channel.POST, " \n , \n"),
    ],
)
def test_what_is_no_address(channel: Channel, wrong: str) -> None:
    with pytest.raises(InvalidAddressError) as refused:
        normalise(channel, wrong)
    assert not wrong.strip() or wrong not in str(refused.value)


@given(channel=st.sampled_from(Channel), text=st.text() | st.from_regex(r"\+?[0-9 ./()-]{1,20}", fullmatch=True))
def test_whatever_is_typed_is_an_address_or_refused(channel: Channel, text: str) -> None:
    try:
        stored = normalise(channel, text)
    except InvalidAddressError:
        return
    assert stored == stored.strip() != ""
    assert "\n" not in stored
    assert normalise(channel, stored) == stored


@given(st.emails())
def test_addresses_that_mail_servers_take_are_taken(address: str) -> None:
    """But for quoted local parts, which nobody's invoices go to."""
    assert ascii_email(address).isascii()
    assert normalise(Channel.EMAIL, address).rpartition("@")[0] == address.rpartition("@")[0]


def test_for_the_wire_the_domain_is_ascii() -> None:
    assert ascii_email("jörg@Bücher.example") == "jörg@xn--bcher-kva.example"


_PARTS = st.from_regex(r"[a-zA-Z0-9_+-]{1,40}", fullmatch=True)


@given(st.lists(_PARTS, min_size=1, max_size=3), st.lists(_PARTS, min_size=1, max_size=8))
@example(["Postmaster"], ["payer", "example"])
@example(["a"], ["xn--bcher-kva", "example"])
@example(["a"], ["payer", "example1"])
@example(["a" * 64], ["b"])
@example(["a" * 40, "b" * 24], ["payer", "example"])
@example(["a"], ["a-b", "c" * 31])
def test_what_is_plain_at_a_glance_is_what_the_library_says(local: list[str], domain: list[str]) -> None:
    address = f"{'.'.join(local)}@{'.'.join(domain)}"
    if addresses._PLAIN.fullmatch(address):
        assert addresses._validated(address).normalized == address
