"""Erasing a customer."""

from domain.customer import Customer
from domain.identity import customer_aggregate_id
from tests.domain.facts import PERSON, TENANT, at


def customer() -> Customer:
    made = Customer(TENANT, "c-1", timestamp=at(0))
    made.collect_events()
    return made


def test_a_customer_is_found_by_tenant_and_id() -> None:
    made = customer()
    assert (made.id, made.created_on) == (customer_aggregate_id(TENANT, "c-1"), at(0))


def test_an_erasure_names_the_keys_and_the_person() -> None:
    made = customer()
    made.erase(["key-1", "key-2"], PERSON, at(5))
    [erased] = made.collect_events()
    assert isinstance(erased, Customer.Erased)
    assert (erased.key_ids, erased.person, erased.timestamp) == (["key-1", "key-2"], PERSON, at(5))
    assert (made.erased_at, made.destroyed_keys) == (at(5), {"key-1", "key-2"})


def test_an_erasure_counts_even_if_there_was_nothing_to_destroy() -> None:
    made = customer()
    made.erase([], PERSON, at(5))
    assert made.erased_at == at(5)
    assert len(made.collect_events()) == 1


def test_again_only_for_keys_made_since() -> None:
    made = customer()
    made.erase(["key-1"], PERSON, at(5))
    made.erase(["key-1"], PERSON, at(6))
    made.erase([], None, at(6))
    made.erase(["key-1", "key-2"], None, at(7))
    assert [e.key_ids for e in made.collect_events()] == [["key-1"], ["key-2"]]  # type: ignore[attr-defined]
    assert made.erased_at == at(7)
