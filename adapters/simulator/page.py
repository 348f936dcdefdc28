"""What a person sees: the tables, the accounts, and the latest messages and callbacks."""

from collections.abc import Iterable
from html import escape
from itertools import islice
from pathlib import Path
from string import Template

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.simulator.accounts import view
from adapters.simulator.behaviour import NORMAL, TABLES, Channel
from adapters.simulator.control import ENDPOINTS
from adapters.simulator.mailbox import LEGEND
from adapters.simulator.messages import Message
from adapters.simulator.world import World

TEMPLATE = Template((Path(__file__).parent / "page.html").read_text())
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Cache-Control": "no-store"}
LATEST = 25
MOST_SHOWN = 20_000  # characters of a request; attachments are long

TITLES = {
    Channel.EMAIL: (
        "Local part",
        "An e-mail address behaves by its local part; a +suffix and the domain do not matter.",
    ),
    Channel.PHONE: ("Last digits", "A phone number behaves by its last four digits."),
    Channel.PARTICIPANT: ("Last digits", "A participant of the e-invoicing network behaves by its last four digits."),
    Channel.POST: ("c/o", "A letter behaves by the word after c/o in the address that its PDF shows."),
}


def help_text() -> str:
    """The tables as plain text, for the console."""
    lines: list[str] = []
    for channel, table in TABLES.items():
        lines += [TITLES[channel][1], ""]
        lines += [f"  {row.name:<14}  {row.about}" for row in (*table.values(), NORMAL)]
        lines.append("")
    lines += ["Over SMTP the local parts mean:", ""]
    lines += [f"  {names:<32}  {about}" for names, about in LEGEND]
    return "\n".join(lines)


class Page:
    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[BaseRoute]:
        return [Route("/", self.home, methods=["GET"]), Route("/messages/{id}", self.message, methods=["GET"])]

    async def home(self, request: Request) -> Response:  # noqa: ARG002
        parts = [
            "<h1>Provider simulator</h1>",
            "<p class=dim>Takes messages as the providers do, calls back as they do, and misbehaves on request.</p>",
            self._rule(),
            *(_behaviours(channel) for channel in TABLES),
            _section("Over SMTP", ("Local part", "Answer"), (map(escape, row) for row in LEGEND)),
            self._accounts(),
            self._messages(),
            self._callbacks(),
            *(_endpoints(side.name, side.endpoints) for side in self.world.sides.values()),
            _endpoints("Control", ENDPOINTS),
        ]
        return _page("\n".join(parts))

    async def message(self, request: Request) -> Response:
        message = self.world.messages.get(request.path_params["id"])
        if message is None:
            return _page("<h1>No such message</h1><p><a href='/'>All messages</a></p>", 404)
        happened = ((_time(one.at), escape(one.event)) for one in message.occurrences)
        parts = [
            f"<h1>{escape(message.subject or message.id)}</h1>",
            f"<p class=dim>{escape(message.sender)} to {escape(message.address)}, {_time(message.received_at)},"
            f" {escape(message.provider)} <code>{escape(message.id)}</code>. <a href='/'>All messages</a></p>",
            f"<pre>{escape(message.text)}</pre>",
            _section("What happened", ("At", "Event"), happened),
            _section("Callbacks", ("", "Events", "State", "Answers"), self._callback_rows(message)),
            f"<h2>As received</h2><pre>{escape(_shortened(_json(message.request)))}</pre>",
        ]
        return _page("\n".join(parts))

    def _rule(self) -> str:
        rule = self.world.rules.rule
        return f"<p class=rule>A rule is set for everybody: <code>{escape(_json(rule))}</code></p>" if rule else ""

    def _accounts(self) -> str:
        rows = (
            (escape(one.provider), _code(one.key), escape(one.webhook_url), f"<code class=key>{one.public_key}</code>")
            for one in map(view, self.world.accounts)
        )
        return _section("Accounts", ("Provider", "Key", "Webhook", "Public key of the webhook"), rows)

    def _messages(self) -> str:
        rows = (
            (
                f"<a href='/messages/{escape(one.id)}'>{_time(one.received_at)}</a>",
                escape(one.provider),
                escape(one.address),
                escape(one.subject or one.text[:60]),
                escape(", ".join(occurrence.event for occurrence in one.occurrences) or _answered(one)),
            )
            for one in islice(self.world.messages.newest(), LATEST)
        )
        return _section("Latest messages", ("Received", "Provider", "To", "Subject", "Happened"), rows)

    def _callbacks(self) -> str:
        return _section("Latest callbacks", ("", "Events", "State", "Answers"), self._callback_rows(None))

    def _callback_rows(self, message: Message | None) -> Iterable[Iterable[str]]:
        kept = self.world.caller.kept.newest()
        found = (one for one in kept if message is None or message.id in one.messages)
        for one in islice(found, LATEST):
            answers = ", ".join(str(attempt.status or attempt.error) for attempt in one.tries)
            repeated = " (again)" if one.replay_of else ""
            yield (_code(str(one.id)), escape(", ".join(one.events)) + repeated, escape(one.state), escape(answers))


def _behaviours(channel: Channel) -> str:
    first, about = TITLES[channel]
    rows = ((_code(row.name), escape(row.about)) for row in (*TABLES[channel].values(), NORMAL))
    return _section(about, (first, "What happens"), rows)


def _endpoints(name: str, endpoints: Iterable[tuple[str, str]]) -> str:
    return _section(f"HTTP: {name}", ("Request", "Does"), ((_code(path), escape(about)) for path, about in endpoints))


def _section(title: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """`rows` are HTML already."""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    if not body:
        return f"<h2>{escape(title)}</h2><p class=dim>None yet.</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f"<h2>{escape(title)}</h2><div class=wide><table><tr>{head}</tr>{body}</table></div>"


def _answered(message: Message) -> str:
    return f"answered {message.answer}" if message.answer else ""


def _shortened(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]} ..."


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _time(at: object) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _page(content: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(TEMPLATE.substitute(content=content), status, HEADERS)
