"""A projector before a backlog: when it is taken in parts, to what end, and what stops it."""

from uuid import UUID

import pytest

from consumers.parts import leading
from domain.customer import Customer
from projections.errors import ProjectionError
from tests.consumers.parted import holds, leader, set_out, standing
from tests.consumers.read_models import ReadModels
from tests.consumers.rebuilt import sent
from tests.consumers.test_projector import same_as_rebuilt
from tests.projections.told import at


def test_a_large_backlog_is_taken_in_parts_and_what_came_meanwhile_after_it(
    models: ReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "LARGE", 100)
    customer = Customer(models.tenant, "c-0", timestamp=at(0))
    models.record(*(sent(models, number, number % 2) for number in range(150)), customer)
    models.erase(customer, [UUID(models.key(0).id)])
    models.record(*(sent(models, number, number % 2) for number in range(150, 300)))
    seen: list[list[int]] = []
    projector = leader(models)
    with models.reading() as connection:
        for _ in projector._stretch(connection, anew=True):
            if not seen:
                models.record(sent(models, 300))
            seen.append(standing(models))
    assert max(map(len, seen)) == 2
    assert standing(models) == []
    assert holds(models)
    assert models.one("SELECT count(*) FROM read.attempt") == 301
    same_as_rebuilt(models)


def test_a_little_backlog_is_not_worth_it(models: ReadModels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leading, "LARGE", 101)
    monkeypatch.setattr(leading, "Workers", None)
    models.record(*(sent(models, number) for number in range(25)))
    assert leader(models).run_once() == 100


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_an_unknown_event_ends_it_behind_everything_before_it(
    models: ReadModels, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    """In whose part it is, and whoever tries again: the others come to their ends, the checkpoint stays before it."""
    monkeypatch.setattr(leading, "LARGE", 100)
    models.record(*(sent(models, number) for number in range(100)))
    for number in range(3):
        columns = ([models.tenant], [UUID(int=number)], [1], ["InvoiceCommunication.Telepathy"], [b"{}"])
        with models.database.transaction() as connection:
            connection.execute(
                "SELECT events.append(%b::uuid[], %b::uuid[], %b::int8[], %b::text[], %b::bytea[])", columns
            )
    models.record(*(sent(models, number) for number in range(100, 200)))
    set_out(models, 3)
    for _ in range(2):
        with pytest.raises(ProjectionError, match=r"Telepathy, version 1 of .*, at position 40[123]"):
            leader(models, processes).run_once()
        assert {row[1] for row in models.rows()["checkpoint"]} == {400}
        assert models.one("SELECT count(*) FROM read.communication WHERE position <= 400") == 100
        assert holds(models)


def test_parts_that_another_number_of_processes_has_left(models: ReadModels) -> None:
    models.record(*(sent(models, number) for number in range(30)))
    set_out(models, 5)
    leader(models, 2).run_once()
    assert standing(models) == []
    assert holds(models)
    assert models.one("SELECT count(*) FROM read.communication") == 30
