"""Ids that follow from names."""

import json
from datetime import timedelta, timezone
from uuid import UUID, uuid5

from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from domain.identity import COMMUNICATIONS, attempt_id_for, communication_id, customer_aggregate_id
from tests.domain.facts import TENANT, at
from tests.domain.story import given

OTHER = UUID("0e3b8a34-5a0f-4d57-9f0e-0c8f3a1f2b02")
EAST = timezone(timedelta(hours=5))


def test_ids_never_change() -> None:
    """Histories are found by them: a new value here orphans everything recorded so far."""
    assert communication_id(TENANT, "invoice", "INV-7") == UUID("66da460b-8a1f-5ad3-a7cf-f1d2cf01c245")
    assert customer_aggregate_id(TENANT, "c-1") == UUID("f4a6dc12-42e1-5605-9312-5c23130ec04a")
    assert attempt_id_for(TENANT, "key", at(0), 3) == UUID("3b6cdb9a-2130-5086-9248-fa689b4604da")


@hypothesis_given(st.uuids(), st.text(), st.text())
def test_they_are_version_5_of_the_compact_json(tenant: UUID, kind: str, external_id: str) -> None:
    name = json.dumps([str(tenant), kind, external_id], separators=(",", ":"), ensure_ascii=False)
    assert communication_id(tenant, kind, external_id) == uuid5(COMMUNICATIONS, name)


def test_the_aggregate_has_the_id_of_its_subject() -> None:
    assert given().communication.id == communication_id(TENANT, "invoice", "INV-7")


def test_no_joining_character_makes_two_subjects_one() -> None:
    assert communication_id(TENANT, "other", "a:b") != communication_id(TENANT, "other:a", "b")
    assert communication_id(TENANT, "other", 'a","b') != communication_id(TENANT, 'other","a', "b")
    assert communication_id(TENANT, "invoice", "1") != communication_id(OTHER, "invoice", "1")


def test_each_item_of_a_request_has_its_own() -> None:
    assert len({attempt_id_for(TENANT, "key", at(0), index) for index in range(5)}) == 5
    assert attempt_id_for(TENANT, "key", at(0)) == attempt_id_for(TENANT, "key", at(0).astimezone(EAST), 0)
    assert attempt_id_for(TENANT, "key", at(0)) != attempt_id_for(OTHER, "key", at(0))


def test_a_key_that_is_used_anew_names_others() -> None:
    assert attempt_id_for(TENANT, "key", at(0)) != attempt_id_for(TENANT, "key", at(1))
