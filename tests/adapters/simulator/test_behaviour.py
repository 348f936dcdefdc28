"""Which row of the tables an address finds."""

import pytest

from adapters.simulator.behaviour import NORMAL, TABLES, Channel, Telling, find, named
from adapters.simulator.registry import SIDES


@pytest.mark.parametrize(
    ("channel", "address", "name"),
    [
        (Channel.EMAIL, "bounce@buyer.example", "bounce"),
        (Channel.EMAIL, "BOUNCE+17@buyer.example", "bounce"),
        (Channel.EMAIL, "late-bounce@buyer.example", "late-bounce"),
        (Channel.EMAIL, "bounce.anna@buyer.example", "anything else"),
        (Channel.EMAIL, "anna@bounce.example", "anything else"),
        (Channel.EMAIL, "bounce", "anything else"),
        (Channel.PHONE, "+32 470 12 30 03", "3003"),
        (Channel.PHONE, "whatsapp:+32470123003", "3003"),
        (Channel.PHONE, "+32470123042", "anything else"),
        (Channel.PARTICIPANT, "0208:0123451006", "1006"),
        (Channel.PARTICIPANT, "9915:buyer-4004", "4004"),
        (Channel.PARTICIPANT, "0208:0123456789", "anything else"),
    ],
)
def test_an_address_finds_its_row(channel: Channel, address: str, name: str) -> None:
    assert find(channel, address).name == name


def test_rows_about_the_call_go_for_both_tables_and_rows_about_the_recipient_do_not() -> None:
    found = named(Channel.PHONE, "outage")
    assert found is not None
    assert found is TABLES[Channel.EMAIL]["outage"]
    assert named(Channel.PHONE, "bounce") is None
    assert named(Channel.EMAIL, "no-such") is None


def test_every_row_can_be_said_by_every_provider_of_its_channel() -> None:
    for side in SIDES:
        kind = getattr(side, "channel", None)
        assert kind in TABLES
        words = getattr(side, "words", {})
        for row in (*TABLES[kind].values(), NORMAL):
            assert {*row.happens, *row.later} <= set(words), row.name


def test_every_row_says_what_it_does_and_every_way_of_telling_is_used() -> None:
    rows = [row for table in TABLES.values() for row in table.values()]
    assert all(row.about for row in rows)
    assert {row.telling for row in rows} == set(Telling)
