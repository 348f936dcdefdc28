"""What a person should know about a connection: it went silent, its webhooks cannot be checked, it is paused."""

import logging
import time
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from adapters.bootstrap import Installation
from adapters.keys.master import SealError
from adapters.providers.port import Connection, Need, Provider, is_pull_only
from adapters.providers.registry import PROVIDERS
from consumers.health import ConnectionHealth, Health

log = logging.getLogger(__name__)
SILENT_AFTER = timedelta(hours=24)
LOOK_EVERY = 60.0


class Warn(StrEnum):
    PAUSED = "paused"
    SILENT = "silent"
    NO_WEBHOOK_KEY = "no_webhook_key"


def warnings_of(connection: Connection, health: Health, now: datetime) -> list[Warn]:
    provider = PROVIDERS[connection.provider]
    found = [Warn.PAUSED] if health.open_until else []
    if missing_key(provider, connection):
        found.append(Warn.NO_WEBHOOK_KEY)
    elif _should_call(provider) and health.waiting_since and health.waiting_since <= now - SILENT_AFTER:
        found.append(Warn.SILENT)
    return found


def state_of(health: Health, now: datetime) -> str:
    """Of its circuit breaker, for people."""
    if health.open_until is None:
        return "yes"
    if health.probing or health.open_until <= now:
        return "being tried"
    return f"paused until {health.open_until:%H:%M} UTC"


def missing_key(provider: Provider, connection: Connection) -> Need | None:
    """The key that its webhooks are verified with, if it is needed and not there."""
    name = provider.webhook_key
    need = next((n for n in provider.needs if n.name == name), None)
    if need is None or not need.required or connection.secrets.get(need.name) or connection.settings.get(need.name):
        return None
    return need


def in_words(warning: Warn, connection: Connection, health: Health, now: datetime) -> str:
    """One line, with what to do."""
    match warning:
        case Warn.PAUSED:
            return (
                f"sending pauses after {health.failures} failures in a row ({health.last_error_code});"
                " attempts wait. Check the account and its credentials at the provider"
            )
        case Warn.SILENT:
            hours = int((now - (health.waiting_since or now)).total_seconds() // 3600)
            last = f"the last came {health.last_webhook_at:%Y-%m-%d %H:%M} UTC" if health.last_webhook_at else "ever"
            return (
                f"it sends, but no webhook has come for {hours} hours ({last})."
                " Check the webhook address and its events at the provider"
            )
        case Warn.NO_WEBHOOK_KEY:
            need = missing_key(PROVIDERS[connection.provider], connection)
            name, where = (need.name, need.where) if need else ("", "")
            return f"its webhooks wait (503) until you set {name} ({where})"


class Watch:
    """Notes the warnings of all connections, for figures. Any number of processes may do it."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.health = ConnectionHealth(installation.database, installation.clock)
        self._due_at = 0.0

    def look_when_due(self) -> None:
        if time.monotonic() >= self._due_at:
            self._due_at = time.monotonic() + LOOK_EVERY
            self.look()

    def look(self) -> None:
        ids = self.health.connection_ids()
        known, now = self.health.several(ids), self.installation.clock()
        changed: dict[UUID, tuple[UUID, tuple[str, ...]]] = {}
        for connection in filter(None, map(self._opened, ids)):
            health = known[connection.id]
            found = tuple(warnings_of(connection, health, now))
            if found != health.warnings:
                changed[connection.id] = (connection.tenant_id, found)
            for new in set(found) - set(health.warnings):
                log.warning("connection %s (%s): %s", connection.id, connection.provider, new)
        self.health.warn(changed)

    def _opened(self, connection_id: UUID) -> Connection | None:
        try:
            return self.installation.connections.get(connection_id)
        except SealError:
            return None


def _should_call(provider: Provider) -> bool:
    """Whether silence is a sign of a fault. `calls_rarely = True` on a provider's class: it is none."""
    rarely = is_pull_only(provider) or getattr(provider, "calls_rarely", False)
    return provider.sends and provider.webhook_key is not None and not rarely
