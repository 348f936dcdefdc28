"""Personal values are sealed under the customer's key, and can never be read once that is destroyed."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.bootstrap import Installation
from adapters.database.session import write
from adapters.keys.master import MasterKey, MasterKeyError, TamperedError, read_master_key
from adapters.keys.ring import ERASED, KeyRing, MissingKeyError
from domain.values import Personal
from tests.support.installation import START, TestClock, installed

TENANT, OTHER = uuid4(), uuid4()


@pytest.fixture
def worker(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installed(database_url, tmp_path, "sendtrail_worker", TestClock()) as found:
        yield found


def destroy(installation: Installation, customer: str) -> None:
    keys = installation.keys
    with installation.database.transaction() as connection:
        write(connection, [keys.destruction(keys.living(TENANT, customer), START)])


def test_a_sealed_value_opens_and_shows_nothing_by_itself(worker: Installation) -> None:
    key = worker.keys.customer(TENANT, "customer:7", START)
    sealed = key.seal("ap@payer.example")
    assert "payer" not in sealed.sealed
    assert worker.keys.open([sealed, None]) == {sealed: "ap@payer.example"}
    assert key.seal("ap@payer.example") != sealed


def test_a_customer_keeps_one_key_and_others_have_others(worker: Installation) -> None:
    first = worker.keys.customer(TENANT, "customer:7", START)
    assert worker.keys.customer(TENANT, "customer:7", START) == first
    assert worker.keys.customer(TENANT, "customer:8", START).id != first.id
    assert worker.keys.customer(OTHER, "customer:7", START).id != first.id


def test_a_fingerprint_tells_equal_values_apart_within_one_key_only(worker: Installation) -> None:
    one, other = (worker.keys.customer(TENANT, ref, START) for ref in ("customer:7", "customer:8"))
    assert one.fingerprint("AP@payer.example") == one.fingerprint("ap@payer.example")
    assert one.fingerprint("ap@payer.example") != other.fingerprint("ap@payer.example")


def test_after_an_erasure_the_value_reads_as_erased_and_a_new_key_is_made(worker: Installation) -> None:
    key = worker.keys.customer(TENANT, "customer:7", START)
    sealed = key.seal("ap@payer.example")
    destroy(worker, "customer:7")
    fresh = KeyRing(worker.database, worker.master)
    assert fresh.open([sealed]) == {sealed: ERASED}
    assert fresh.customer(TENANT, "customer:7", START).id != key.id


def test_a_remembered_key_is_forgotten_in_time(worker: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.keys.ring._SECONDS", -1.0)
    sealed = worker.keys.customer(TENANT, "customer:7", START).seal("ap@payer.example")
    assert worker.keys.open([sealed]) == {sealed: "ap@payer.example"}
    destroy(worker, "customer:7")
    assert worker.keys.open([sealed]) == {sealed: ERASED}


def test_a_key_that_was_never_there_is_a_fault_not_an_erasure(worker: Installation) -> None:
    with pytest.raises(MissingKeyError):
        worker.keys.open([Personal(str(uuid4()), "c2VhbGVk")])


def test_a_changed_value_does_not_open(worker: Installation) -> None:
    sealed = worker.keys.customer(TENANT, "customer:7", START).seal("ap@payer.example")
    changed = Personal(sealed.key, sealed.sealed[:-4] + ("AAA=" if sealed.sealed[-4:] != "AAA=" else "BBB="))
    with pytest.raises(TamperedError):
        worker.keys.open([changed])


def test_the_api_reaches_the_keys_of_its_own_tenant_only(
    worker: Installation, database_url: str, tmp_path: Path
) -> None:
    sealed = worker.keys.customer(OTHER, "customer:7", START).seal("ap@payer.example")
    with installed(database_url, tmp_path, "sendtrail_api", TestClock()) as api:
        with pytest.raises(MissingKeyError):
            api.keys.open([sealed], TENANT)
        assert api.keys.open([sealed], OTHER) == {sealed: "ap@payer.example"}


def test_the_master_key_is_made_once_and_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "master.key"
    with pytest.raises(MasterKeyError, match="SENDTRAIL_MASTER_KEY"):
        read_master_key(None, file)
    made = read_master_key(None, file, create=True)
    assert read_master_key(None, file, create=True).fingerprint == made.fingerprint
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("given", ["not base64!", "dG9vIHNob3J0"])
def test_a_malformed_master_key_is_refused(given: str, tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError):
        read_master_key(given, tmp_path / "none")


def test_a_value_sealed_for_one_place_does_not_open_in_another() -> None:
    master = MasterKey(bytes(32))
    sealed = master.seal(b"secret", b"here")
    assert master.open(sealed, b"here") == b"secret"
    with pytest.raises(TamperedError):
        master.open(sealed, b"there")
