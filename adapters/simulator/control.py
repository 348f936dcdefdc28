"""The control API: what was received and called back, and what is to go wrong."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from adapters.simulator.accounts import view
from adapters.simulator.behaviour import NORMAL, TABLES, Event, named
from adapters.simulator.callbacks import Callback
from adapters.simulator.config import Account
from adapters.simulator.control_http import ControlError, answering, part, read
from adapters.simulator.messages import Message
from adapters.simulator.rules import Rule
from adapters.simulator.world import World

MOST_REPLAYS = 10_000

ENDPOINTS = (
    ("GET /_control", "the rule that is set, the counts, the settings"),
    ("POST /_control", '{"rule": {"behaviour", "telling", "delay", "late", "provider", "times"}}, or {"rule": null}'),
    ("GET /_control/behaviours", "the tables above as JSON"),
    (
        "GET /_control/messages",
        "what was received, whole, newest first; ?provider=&to=&reference=&taken=&limit=&offset=",
    ),
    ("GET /_control/messages/{id}", "one of them"),
    ("POST /_control/messages/{id}/events", '{"event": "bounced", "fields": {...}}: let it happen now'),
    ("GET /_control/callbacks", "what was called back and answered, newest first; ?message=&state=&limit=&offset="),
    ("POST /_control/replay", '{"message" or "callbacks": [ids], "times": 2, "shuffled": true}: send webhooks again'),
    ("POST /_control/hurry", "end every wait that is going on: delays, late events, retries, hanging calls"),
    ("GET /_control/accounts", "the accounts with their public keys"),
    ("POST /_control/accounts", '{"provider", "key", "token", "webhook_url", "private_key"}; what is missing is made'),
    ("POST /_control/reset", "forget messages, callbacks and the rule; accounts stay"),
)


class SetRule(msgspec.Struct, forbid_unknown_fields=True):
    rule: Rule | None


class Happen(msgspec.Struct, forbid_unknown_fields=True):
    event: Event
    fields: dict[str, str] = {}


class Replay(msgspec.Struct, forbid_unknown_fields=True):
    """Neither message nor callbacks: everything that is kept."""

    message: str | None = None
    callbacks: list[int] | None = None
    times: int = 1
    shuffled: bool = False


class Control:
    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[BaseRoute]:
        handlers: tuple[tuple[str, str, Callable[[Request], Awaitable[Any]]], ...] = (
            ("GET", "/_control", self.state),
            ("POST", "/_control", self.set_rule),
            ("GET", "/_control/behaviours", self.behaviours),
            ("GET", "/_control/messages", self.messages),
            ("GET", "/_control/messages/{id}", self.message),
            ("POST", "/_control/messages/{id}/events", self.happen),
            ("GET", "/_control/callbacks", self.callbacks),
            ("POST", "/_control/replay", self.replay),
            ("POST", "/_control/hurry", self.hurry),
            ("GET", "/_control/accounts", self.accounts),
            ("POST", "/_control/accounts", self.add_account),
            ("POST", "/_control/reset", self.reset),
        )
        return [Route(path, answering(handler), methods=[method]) for method, path, handler in handlers]

    async def state(self, request: Request) -> Any:  # noqa: ARG002
        settings = {field: getattr(self.world.config, field) for field in self.world.config.__struct_fields__}
        del settings["accounts"]
        counts = {"messages": len(self.world.messages), "callbacks": len(self.world.caller.kept)}
        return {"rule": self.world.rules.rule, **counts, "settings": settings}

    async def set_rule(self, request: Request) -> Any:
        rule = (await read(request, SetRule)).rule
        if rule and rule.behaviour and not any(named(channel, rule.behaviour) for channel in TABLES):
            raise ControlError("no behaviour has this name; GET /_control/behaviours lists them")
        if rule and rule.times is not None and rule.times < 1:
            raise ControlError("'times' must be at least 1")
        self.world.rules.rule = rule
        return {"rule": rule}

    async def behaviours(self, request: Request) -> Any:  # noqa: ARG002
        return {channel: [*table.values(), NORMAL] for channel, table in TABLES.items()}

    async def messages(self, request: Request) -> Any:
        query = request.query_params
        wanted = {"provider": query.get("provider"), "address": query.get("to"), "reference": query.get("reference")}
        found = [
            message
            for message in self.world.messages.newest()
            if all(value in (None, getattr(message, field)) for field, value in wanted.items())
            and query.get("taken", str(message.taken)).lower() == str(message.taken).lower()
        ]
        return {"total": len(found), "messages": part(found, request)}

    async def message(self, request: Request) -> Any:
        return self._find(request.path_params["id"])

    async def happen(self, request: Request) -> Any:
        message, asked = self._find(request.path_params["id"]), await read(request, Happen)
        side = self.world.sides.get(message.provider)
        words = side.words if side else {}
        if asked.event not in words:
            raise ControlError(f"at {message.provider} there can happen: {', '.join(words) or 'nothing'}")
        if not message.taken:
            raise ControlError("the message was not taken, so nothing can happen to it", 409)
        told = self.world.happen(message, asked.event, asked.fields)
        self.world.background.spawn(self.world.tell([told], apart=True))
        return message

    async def callbacks(self, request: Request) -> Any:
        message, state = request.query_params.get("message"), request.query_params.get("state")
        kept = self.world.caller.kept.newest()
        found = [c for c in kept if message in (None, *c.messages) and state in (None, c.state)]
        return {"total": len(found), "callbacks": part(found, request)}

    async def replay(self, request: Request) -> Any:
        asked = await read(request, Replay)
        chosen = self._chosen(asked) * max(0, asked.times)
        if len(chosen) > MOST_REPLAYS:
            raise ControlError(f"that would be {len(chosen)} webhooks; at most {MOST_REPLAYS} at a time")
        if asked.shuffled:
            random.shuffle(chosen)
        self.world.caller.replay(chosen)
        return {"webhooks": len(chosen)}

    def _chosen(self, asked: Replay) -> list[Callback]:
        """Oldest first, and no replays of replays."""
        kept = [callback for callback in self.world.caller.kept.newest() if callback.replay_of is None][::-1]
        if asked.callbacks is not None:
            kept = [callback for callback in kept if callback.id in set(asked.callbacks)]
        return [callback for callback in kept if asked.message in (None, *callback.messages)]

    async def hurry(self, request: Request) -> Any:  # noqa: ARG002
        self.world.background.hurry()
        return {}

    async def accounts(self, request: Request) -> Any:  # noqa: ARG002
        return {"accounts": [view(account) for account in self.world.accounts]}

    async def add_account(self, request: Request) -> Any:
        asked = await read(request, Account)
        side = self.world.sides.get(asked.provider)
        if side is None and (asked.provider != "smtp" or not asked.key):
            raise ControlError(f"'provider' must be one of {', '.join(self.world.sides)}, or smtp with a key")
        if side and not asked.key:
            key, token = side.draw()
            asked = msgspec.structs.replace(asked, key=key, token=asked.token or token)
        try:
            account = self.world.accounts.add(asked)
        except (ValueError, TypeError) as error:
            raise ControlError("'private_key' must be a P-256 key in PEM") from error
        return {**msgspec.structs.asdict(view(account)), "token": account.token}

    async def reset(self, request: Request) -> Any:  # noqa: ARG002
        await self.world.reset()
        return {}

    def _find(self, key: str) -> Message:
        message = self.world.messages.get(key)
        if message is None:
            raise ControlError("no such message", 404)
        return message
