"""Comparing what is shown with what the events say: it finds what was changed by hand, and names no value."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from adapters.bootstrap import Installation
from consumers.rebuild.comparing import Compared, Odd
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.rebuilding import Rebuilding
from domain.customer import Customer
from tests.adapters.database.test_schema import dump
from tests.consumers.read_models import ReadModels, read_models
from tests.consumers.rebuilt import sent
from tests.projections.told import at


@pytest.fixture
def models(database_url: str) -> Iterator[ReadModels]:
    with read_models(database_url) as found:
        found.record(*(sent(found, number) for number in range(8)))
        found.projector().run_once()
        yield found


def counts(found: Compared) -> dict[str, tuple[int, int, int, int]]:
    return {d.table: (d.rows, d.lacking, d.too_many, d.differing) for d in found.differences}


def first(found: Compared, table: str) -> list[Odd]:
    return [odd for d in found.differences if d.table == table for odd in d.first]


def test_nothing_differs_and_nothing_is_left(models: ReadModels, owner: Installation) -> None:
    live, schema = models.rows(), dump(models.url)
    found = Rebuilding(owner).verify()
    assert found.same
    assert found.position == 32
    assert counts(found)["attempt"] == (8, 0, 0, 0)
    assert models.rows() == live
    assert dump(models.url) == schema


def test_rows_that_were_tampered_with(models: ReadModels, owner: Installation) -> None:
    changed, lost = models.rows()["attempt"][:2]
    models.change(
        f"UPDATE read.attempt SET status = 'failed', doc = '{{}}' WHERE attempt_id = '{changed[0]}'",
        f"DELETE FROM read.attempt WHERE attempt_id = '{lost[0]}'",
        "UPDATE read.communication SET position = 0",
        "INSERT INTO read.key_use SELECT gen_random_uuid(), communication_id, tenant_id FROM read.attempt LIMIT 1",
    )
    tampered = models.rows()
    found = Rebuilding(owner).verify()
    assert not found.same
    assert counts(found)["attempt"] == (8, 1, 0, 1)
    assert counts(found)["key_use"] == (8, 0, 1, 0)
    assert counts(found)["communication"] == (8, 0, 0, 8)
    expected = {
        (str(changed[0]), str(changed[2])): ("differs", ["status", "doc"]),
        (str(lost[0]), str(lost[2])): ("lacks", []),
    }
    assert {tuple(odd.key): (odd.how, odd.columns) for odd in first(found, "attempt")} == expected
    assert len(first(found, "communication")) == 5
    assert "ap0@payer" not in str(found)
    assert models.rows() == tampered


def test_what_was_found_is_healed_where_that_is_asked_for(models: ReadModels, owner: Installation) -> None:
    live = models.rows()
    models.change("DELETE FROM read.communication")
    assert counts(Rebuilding(owner).verify(swap=True))["communication"] == (8, 8, 0, 0)
    assert models.rows() == live
    assert Rebuilding(owner).verify().same


def test_one_projection(models: ReadModels, owner: Installation) -> None:
    models.change("UPDATE read.attempt SET reason = 'x'", "UPDATE read.communication SET reason = 'x'")
    assert counts(Rebuilding(owner, ["attempt_log"]).verify()) == {"attempt": (8, 0, 0, 8)}


def test_an_erasure_that_the_projector_has_yet_to_see_is_no_difference(models: ReadModels, owner: Installation) -> None:
    """The key is gone at once; the live rows show the old values until the projector has come there."""
    customer = Customer(models.tenant, "c-0", timestamp=at(0))
    models.record(customer, sent(models, 20, customer=1))
    models.projector().run_once()
    models.erase(customer, [UUID(models.key(0).id)])
    models.change("UPDATE read.attempt SET reason = 'x'")
    found = Rebuilding(owner).verify()
    assert found.left_out == 8
    assert counts(found)["attempt"] == (9, 0, 0, 1)
    models.projector().run_once()
    assert Rebuilding(owner).verify().left_out == 0


def test_events_that_are_not_projected_yet_are_no_difference(models: ReadModels, owner: Installation) -> None:
    models.record(sent(models, 20))
    found = Rebuilding(owner).verify()
    assert found.same
    assert found.position == 32


def test_tables_at_different_places_cannot_be_compared(models: ReadModels, owner: Installation) -> None:
    models.change("UPDATE read.checkpoint SET position = 3 WHERE projection = 'overview'")
    with pytest.raises(RebuildError, match="without --verify"):
        Rebuilding(owner).verify()
