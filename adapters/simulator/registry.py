"""The sides that there are: a new provider is one module and one line."""

from collections.abc import Callable, Sequence

from adapters.naming import classes
from adapters.simulator.side import Side
from adapters.simulator.world import World

_ALL = (
    "sendgrid.SendGrid",
    "ses.Ses",
    "postmark.Postmark",
    "mailgun.Mailgun",
    "resend.Resend",
    "brevo.Brevo",
    "twilio.Twilio",
    "pingen.Pingen",
    "storecove.Storecove",
    "recommand.Recommand",
    "phoss_ap.PhossAp",
    "choruspro.ChorusPro",
    "afnor.Afnor",
)

SIDES: Sequence[Callable[[World], Side]] = classes(__package__, _ALL)


def attach(world: World) -> list[Side]:
    sides = [make(world) for make in SIDES]
    world.sides = {side.name: side for side in sides}
    return sides
