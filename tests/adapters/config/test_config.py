"""Tenants, keys and connections: added by the owner, seen by every role, secrets never in clear."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from adapters.bootstrap import Installation, install
from adapters.config.tenants import ConfigError
from adapters.keys.master import MasterKeyError
from domain.values import Channel
from tests.support.installation import START, TestClock, installed, settings_for


@pytest.fixture
def roles(database_url: str, tmp_path: Path) -> Iterator[tuple[Installation, Installation]]:
    """The owner's installation and the API's."""
    with ExitStack() as stack:
        yield (
            stack.enter_context(installed(database_url, tmp_path, "sendtrail_owner", TestClock())),
            stack.enter_context(installed(database_url, tmp_path, "sendtrail_api", TestClock())),
        )


def test_a_key_is_known_by_its_secret_alone_until_it_is_revoked(roles: tuple[Installation, Installation]) -> None:
    owner, api = roles
    tenant = owner.tenants.add("acme", START)
    secret = owner.api_keys.add(tenant.id, "erp", ["send"], START, sees_addresses=False)
    caller = api.api_keys.who(secret)
    assert caller is not None
    assert (caller.tenant_id, caller.scopes, caller.sees_addresses) == (tenant.id, frozenset({"send"}), False)
    assert api.api_keys.who(secret + "x") is None
    assert api.api_keys.who("other") is None
    owner.api_keys.revoke(caller.key_id, START)
    api.api_keys._owner.forget()
    assert api.api_keys.who(secret) is None
    with pytest.raises(ConfigError):
        owner.api_keys.revoke(caller.key_id, START)


def test_the_secret_is_nowhere_in_the_database(roles: tuple[Installation, Installation]) -> None:
    owner, _ = roles
    tenant = owner.tenants.add("acme", START)
    secret = owner.api_keys.add(tenant.id, "erp", ["send"], START)
    owner.connections.add(tenant.id, "mail", "sendgrid", Channel.EMAIL, START, settings={}, secrets={"api_key": "SG.x"})
    with owner.database.transaction() as connection:
        rows = connection.execute("SELECT k::text || c::text FROM config.api_key k, config.connection c").fetchall()
    assert secret not in rows[0][0]
    assert "SG.x" not in rows[0][0]
    assert b"SG.x".hex() not in rows[0][0]


def test_an_unknown_scope_or_tenant_is_refused_with_what_there_is(roles: tuple[Installation, Installation]) -> None:
    owner, _ = roles
    tenant = owner.tenants.add("acme", START)
    with pytest.raises(ConfigError, match="send, read, audit, admin"):
        owner.api_keys.add(tenant.id, "erp", ["sned"], START)
    with pytest.raises(ConfigError, match="known: acme"):
        owner.tenants.named("acne")
    with pytest.raises(ConfigError, match="already"):
        owner.tenants.add("acme", START)
    assert owner.tenants.named(str(tenant.id)) == tenant


def test_one_default_connection_a_channel_and_the_newest_wins(roles: tuple[Installation, Installation]) -> None:
    owner, api = roles
    tenant = owner.tenants.add("acme", START).id
    for name in ("one", "two"):
        owner.connections.add(tenant, name, "sendgrid", Channel.EMAIL, START, settings={"a": 1}, secrets={"k": "s"})
    found = api.connections.default(tenant, Channel.EMAIL)
    assert found is not None
    assert (found.name, found.settings, found.secrets) == ("two", {"a": 1}, {"k": "s"})
    assert api.connections.default(tenant, Channel.SMS) is None
    owner.connections.disable(found.id, START)
    api.connections.forget()
    assert api.connections.get(found.id) is None
    assert api.connections.default(tenant, Channel.EMAIL) is None


def test_another_connection_can_become_the_default(roles: tuple[Installation, Installation]) -> None:
    owner, api = roles
    tenant = owner.tenants.add("acme", START).id
    one, two = (
        owner.connections.add(tenant, name, "sendgrid", Channel.EMAIL, START, settings={}, secrets={})
        for name in ("one", "two")
    )
    text = owner.connections.add(tenant, "text", "twilio", Channel.SMS, START, settings={}, secrets={})
    assert owner.connections.defaults(tenant) == {two.id, text.id}
    owner.connections.make_default(one)
    assert api.connections.default(tenant, Channel.EMAIL) == one
    assert api.connections.defaults(tenant) == {one.id, text.id}


def test_another_tenants_connection_is_no_default(roles: tuple[Installation, Installation]) -> None:
    owner, api = roles
    one, other = owner.tenants.add("one", START).id, owner.tenants.add("other", START).id
    owner.connections.add(one, "mail", "sendgrid", Channel.EMAIL, START, settings={}, secrets={})
    assert api.connections.default(other, Channel.EMAIL) is None
    assert api.connections.of_tenant(other) == []


def test_a_wrong_master_key_is_refused_at_the_door(
    roles: tuple[Installation, Installation], database_url: str, tmp_path: Path
) -> None:
    assert roles
    wrong = settings_for(database_url, tmp_path).model_copy(update={"master_key": None})
    (tmp_path / "master.key").write_text("b3RoZXItbWFzdGVyLWtleS1vZi1zYW1lLWxlbmd0aCE=")
    with pytest.raises(MasterKeyError, match="not the master key"), install(wrong, "sendtrail_worker"):
        pass
