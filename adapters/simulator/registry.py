"""The sides that there are: a new provider is one module and one line."""

from collections.abc import Callable

from adapters.simulator.afnor import Afnor
from adapters.simulator.brevo import Brevo
from adapters.simulator.choruspro import ChorusPro
from adapters.simulator.mailgun import Mailgun
from adapters.simulator.phoss_ap import PhossAp
from adapters.simulator.pingen import Pingen
from adapters.simulator.postmark import Postmark
from adapters.simulator.recommand import Recommand
from adapters.simulator.resend import Resend
from adapters.simulator.sendgrid import SendGrid
from adapters.simulator.ses import Ses
from adapters.simulator.side import Side
from adapters.simulator.storecove import Storecove
from adapters.simulator.twilio import Twilio
from adapters.simulator.world import World

SIDES: list[Callable[[World], Side]] = [
    SendGrid,
    Ses,
    Postmark,
    Mailgun,
    Resend,
    Brevo,
    Twilio,
    Pingen,
    Storecove,
    Recommand,
    PhossAp,
    ChorusPro,
    Afnor,
]


def attach(world: World) -> list[Side]:
    sides = [make(world) for make in SIDES]
    world.sides = {side.name: side for side in sides}
    return sides
