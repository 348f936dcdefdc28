"""The state of one simulator, and what it does with a message that comes in."""

import asyncio
from collections.abc import Sequence

from adapters.clock import Clock
from adapters.simulator.accounts import Accounts
from adapters.simulator.background import Background
from adapters.simulator.behaviour import Event, Reply, Telling
from adapters.simulator.callbacks import Caller
from adapters.simulator.config import Config
from adapters.simulator.messages import Message, Told
from adapters.simulator.rules import Plan, Rules
from adapters.simulator.shelf import Shelf
from adapters.simulator.side import Reserved, Side

EAGER_LIMIT = 5.0  # seconds that an answer waits for its webhooks


class World:
    """Used by one event loop alone."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.config, self.clock = config, clock
        self.accounts = Accounts(config.accounts)
        self.messages: Shelf[str, Message] = Shelf(config.keep, config.keep_bytes)
        self.rules = Rules(config)
        self.background = Background()
        self.caller = Caller(config, clock, self.background)
        self.sides: dict[str, Side] = {}

    async def close(self) -> None:
        await self.background.cancel()
        await self.caller.close()

    async def reset(self) -> None:
        """Forget messages, callbacks and the rule, and stop what was going on; accounts stay."""
        await self.background.cancel()
        self.messages.clear()
        self.caller.clear()
        self.rules.clear()

    async def receive(self, messages: Sequence[Message], plans: Sequence[Plan], size: int) -> Reply:
        """Keep the messages of one call, start what happens to them, and say how it is answered. `size` in bytes."""
        reply = self.rules.reply(messages, plans)
        for message, plan in zip(messages, plans, strict=True):
            message.behaviour, message.taken = plan.behaviour.name, reply.takes
            self.messages.put(message.id, message, size // len(messages))
        if reply.takes:
            eager = reply is Reply.EAGER
            pairs = zip(messages, plans, strict=True)
            tasks = [self.background.start(self._play(message, plan, apart=eager)) for message, plan in pairs]
            if eager:
                await asyncio.wait(tasks, timeout=EAGER_LIMIT)
        return reply

    def happen(self, message: Message, event: Event, fields: dict[str, str] | None = None) -> Told:
        return Told(message, message.happen(event, self.clock(), fields))

    async def tell(self, told: Sequence[Told], *, apart: bool = False) -> None:
        """Call back what happened to one message, if its account has a webhook."""
        message = told[0].message
        side, account = self.sides.get(message.provider), self.accounts.find(message.provider, message.account)
        if isinstance(side, Reserved):
            told = [one for one in told if one.occurrence.event not in side.untold]
        if side and account and told and (url := message.callback_url or account.webhook_url):
            await self.caller.tell(side, account, url, told, apart=apart)

    async def _play(self, message: Message, plan: Plan, *, apart: bool) -> None:
        happened: list[Told] = []
        for event in plan.behaviour.happens:
            if await self._comes(message, event, plan.delay):
                happened.append(self.happen(message, event))
                await self._tell_now(happened, plan.behaviour.telling, apart=apart)
        await self._tell_after(happened, plan)
        for event in plan.behaviour.later:
            await self.background.pause(plan.late)
            if event in message.silenced:
                continue
            told = self.happen(message, event)
            if plan.behaviour.telling not in (Telling.NONE, Telling.LOST):
                await self.tell([told])

    async def _comes(self, message: Message, event: Event, wait: float) -> bool:
        """Whether it still happens after the wait."""
        if event not in message.silenced:
            await self.background.pause(wait)
        return event not in message.silenced

    async def _tell_now(self, happened: list[Told], telling: Telling, *, apart: bool) -> None:
        if telling is Telling.NORMAL or (telling is Telling.LOST and len(happened) == 1):
            await self.tell(happened[-1:], apart=apart)
        elif telling is Telling.TWICE:
            await self.tell(happened[-1:], apart=True)
            await self.tell(happened[-1:], apart=True)

    async def _tell_after(self, happened: list[Told], plan: Plan) -> None:
        if plan.behaviour.telling is Telling.SHUFFLED:
            for told in reversed(happened):
                await self.tell([told], apart=True)
        elif plan.behaviour.telling is Telling.LATE and happened:
            await self.background.pause(plan.late)
            await self.tell(happened, apart=True)
