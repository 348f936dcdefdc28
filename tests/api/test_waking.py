"""A write is told to the projector at once."""

import pytest

from adapters.database.pool import connect
from api.waking import CHANNEL, Waker
from tests.api.service import Service


def test_a_write_is_told(own_service: Service) -> None:
    tenant = own_service.tenant()
    url = own_service.owner.settings.database_url
    with connect(url, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        tenant.put()
        assert list(listener.notifies(timeout=10, stop_after=1))


def test_what_changes_nothing_is_not(own_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = own_service.tenant()
    tenant.put()
    woken: list[bool] = []
    monkeypatch.setattr(own_service.app.state.waker, "wake", lambda: woken.append(True))
    tenant.http.get("/v1/subjects/invoice/4711")
    tenant.send(channel="fax")
    assert woken == []
    tenant.put(number="7")
    assert woken == [True]


def test_a_database_that_is_away_harms_nobody(own_service: Service) -> None:
    pool = own_service.installation.database.pool
    waker = Waker(pool)
    waker.start()
    pool.close()
    waker.wake()
    waker.stop()
    assert not waker._thread.is_alive()
