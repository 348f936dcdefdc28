"""Replay: every event once, in order, none of a slow writer missing; of one tenant where that is asked for."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from adapters.database.pool import connect
from adapters.store import replay as module
from adapters.store.reader import settled_head
from adapters.store.replay import replay, stored
from domain.communication import InvoiceCommunication
from tests.consumers.read_models import ReadModels, read_models
from tests.consumers.rebuilt import sent


@pytest.fixture
def models(database_url: str) -> Iterator[ReadModels]:
    with read_models(database_url) as found:
        yield found


def test_all_in_order_over_many_pages(models: ReadModels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    made = [sent(models, number) for number in range(4)]
    models.record(*made)
    with models.reading() as connection:
        found = list(replay(connection, 16))
        assert [one.position for one in found] == list(range(1, 17))
        assert {one.tenant_id for one in found} == {models.tenant}
        assert [one.position for one in replay(connection, 9, after=6)] == [7, 8, 9]
    again: dict[object, InvoiceCommunication] = {}
    for one in found:
        again[one.event.originator_id] = one.event.mutate(again.get(one.event.originator_id))
    assert {c.id: c.attempts for c in again.values()} == {c.id: c.attempts for c in made}


def test_one_tenant_alone(models: ReadModels) -> None:
    models.record(sent(models, 1))
    mine, models.tenant = models.tenant, uuid4()
    models.record(sent(models, 2))
    with models.reading() as connection:
        assert {row[1] for row in stored(connection, 8, tenant=mine)} == {mine}
        assert len(list(stored(connection, 8, tenant=mine))) == 4


def test_the_head_waits_for_a_slow_writer_and_not_for_one_that_gave_up(models: ReadModels) -> None:
    with connect(models.url, "sendtrail_worker") as gone:
        models.appended(gone, sent(models, 1))
        gone.rollback()
    models.record(sent(models, 2))
    with models.reading() as connection:
        assert settled_head(connection) == 8
        assert [row[0] for row in stored(connection, 8)] == [5, 6, 7, 8]
