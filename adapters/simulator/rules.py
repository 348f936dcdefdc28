"""What becomes of a message: the recipient's own behaviour, unless a rule is set that goes for everybody."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from adapters.simulator.behaviour import Behaviour, Channel, Reply, Telling, find, named
from adapters.simulator.config import Config
from adapters.simulator.messages import Message


class Rule(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Goes for every recipient: a row of the tables by name, how it is told, other waits in seconds.

    `provider` None: all of them. `times` None: until it is taken away; else for so many calls that send.
    """

    behaviour: str | None = None
    telling: Telling | None = None
    delay: float | None = None
    late: float | None = None
    provider: str | None = None
    times: int | None = None


class Plan(msgspec.Struct, frozen=True):
    """What will become of one message. `forced` by a rule: then a rate limit lasts as long as the rule."""

    behaviour: Behaviour
    delay: float
    late: float
    forced: bool = False


class Rules:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.rule: Rule | None = None
        self._turned_away: Counter[tuple[str, str]] = Counter()

    def clear(self) -> None:
        self.rule = None
        self._turned_away.clear()

    def plans(self, provider: str, channel: Channel, addresses: Sequence[str]) -> list[Plan]:
        """One plan per recipient of one call that sends; uses up one time of the rule."""
        rule = self._use(provider)
        return [self._plan(channel, address, rule) for address in addresses]

    def reply(self, messages: Sequence[Message], plans: Sequence[Plan]) -> Reply:
        """How the call is answered: as the first recipient that is not simply taken."""
        for message, plan in zip(messages, plans, strict=True):
            reply = plan.behaviour.reply
            if (
                reply is Reply.RATE_LIMITED
                and not plan.forced
                and not self.turn_away(message.provider, message.address)
            ):
                reply = Reply.TAKEN
            if reply is not Reply.TAKEN:
                return reply
        return Reply.TAKEN

    def turn_away(self, provider: str, address: str) -> bool:
        """Whether this recipient is refused once more; it is taken after the setting `turned_away` times."""
        if len(self._turned_away) > self.config.keep:
            self._turned_away.clear()
        self._turned_away[provider, address] += 1
        return self._turned_away[provider, address] <= self.config.turned_away

    def _use(self, provider: str) -> Rule | None:
        rule = self.rule
        if rule is None or rule.provider not in (None, provider):
            return None
        if rule.times is not None:
            rule.times -= 1
            if rule.times <= 0:
                self.rule = None
        return rule

    def _plan(self, channel: Channel, address: str, rule: Rule | None) -> Plan:
        behaviour = find(channel, address)
        if rule is None:
            return Plan(behaviour, self.config.delay, self.config.late)
        forced = named(channel, rule.behaviour) if rule.behaviour else None
        behaviour = forced or behaviour
        if rule.telling:
            behaviour = msgspec.structs.replace(behaviour, telling=rule.telling)
        delay = self.config.delay if rule.delay is None else rule.delay
        late = self.config.late if rule.late is None else rule.late
        return Plan(behaviour, delay, late, forced=forced is not None)
