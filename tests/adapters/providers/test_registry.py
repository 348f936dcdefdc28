"""Every provider is found by its name and says what it needs."""

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import pytest

from adapters.providers.port import Provider
from adapters.providers.registry import PROVIDERS, UnknownProviderError, needs_of, provider


def test_by_name() -> None:
    assert set(PROVIDERS) >= {"sendgrid", "twilio", "smtp"}
    assert all(provider(name).name == name for name in PROVIDERS)


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownProviderError) as unknown:
        provider("pigeon")
    assert all(name in str(unknown.value) for name in (*PROVIDERS, "pigeon"))


def parts(method: Callable[..., Any]) -> tuple[list[str], dict[str, Any]]:
    """What a method takes, in order, and the types of that and of what it returns."""
    return list(inspect.signature(method).parameters), get_type_hints(method)


@pytest.mark.parametrize("name", PROVIDERS)
def test_each_is_what_the_port_asks_for(name: str) -> None:
    """They are registered by name, so nobody else compares them with the port."""
    one = type(provider(name))
    for part in Provider.__annotations__:
        assert hasattr(one, part)
    for part, wanted in vars(Provider).items():
        if inspect.isfunction(wanted) and not part.startswith("_"):
            assert parts(getattr(one, part)) == parts(wanted), part


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_it_needs_can_be_found(name: str) -> None:
    needs = provider(name).needs
    assert len({n.name for n in needs}) == len(needs)
    assert all(n.where and "\n" not in n.where for n in needs)
    key = provider(name).webhook_key
    assert key is None or any(n.name == key and n.secret for n in needs)
    assert key is not None or not provider(name).signs


@pytest.mark.parametrize("one", PROVIDERS.values(), ids=PROVIDERS)
def test_one_that_only_reports_can_name_the_connection_that_sends(one: Provider) -> None:
    named = [need.name for need in needs_of(one)]
    assert ("reports_for" in named) is not one.sends
    assert len(named) == len(set(named))
