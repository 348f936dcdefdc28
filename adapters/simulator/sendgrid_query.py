"""The query language of the Email Activity feed, for the fields that messages here have."""

import re
from collections.abc import Callable, Iterator

from adapters.simulator.messages import Message
from adapters.simulator.sendgrid_activity import last_event_time, status

Matcher = Callable[[Message], bool]
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<value>(?:TIMESTAMP\s*)?(?:"(?:[^"]|"")*"|'(?:[^']|'')*'))
    |(?P<sign>!=|<=|>=|[=<>(),])
    |(?P<word>unique_args\[\s*(?:"[^"]*"|'[^']*')\s*\]|\w+)
    )""",
    re.VERBOSE | re.IGNORECASE,
)


class QueryError(Exception):
    """The query cannot be read; the text says where."""


def matcher(query: str) -> Matcher:
    """Conditions joined with AND and OR, in parentheses: `field = "v"`, !=, <, >, LIKE "v%", IN ("a", "b"), BETWEEN.

    Fields: msg_id, from_email, to_email, subject, status, last_event_time, unique_args['name']. Raises QueryError.
    """
    if not query.strip():
        return lambda _: True
    parser = _Parser(query)
    found = parser.alternatives()
    parser.end()
    return found


class _Parser:
    def __init__(self, query: str) -> None:
        self.tokens = list(_tokens(query))
        self.place = 0

    def alternatives(self) -> Matcher:
        parts = [self.conditions()]
        while self.skip("OR"):
            parts.append(self.conditions())
        return lambda message: any(part(message) for part in parts)

    def conditions(self) -> Matcher:
        parts = [self.condition()]
        while self.skip("AND"):
            parts.append(self.condition())
        return lambda message: all(part(message) for part in parts)

    def condition(self) -> Matcher:
        if self.skip("("):
            inner = self.alternatives()
            self.need(")")
            return inner
        field = _field(self.take())
        if self.skip("BETWEEN"):
            low = self.value()
            self.need("AND")
            high = self.value()
            return lambda message: low <= field(message) <= high
        if self.skip("IN"):
            wanted = self.values()
            return lambda message: field(message) in wanted
        return _compare(field, self.take().upper(), self.value())

    def values(self) -> set[str]:
        self.need("(")
        found = {self.value()}
        while self.skip(","):
            found.add(self.value())
        self.need(")")
        return found

    def value(self) -> str:
        token = self.take()
        if token[-1] not in "\"'":
            raise QueryError(f"'{token}' is not a quoted value")
        quote = token[-1]
        return token[token.index(quote) + 1 : -1].replace(quote * 2, quote)

    def take(self) -> str:
        if self.place >= len(self.tokens):
            raise QueryError("the query ends too early")
        self.place += 1
        return self.tokens[self.place - 1]

    def skip(self, word: str) -> bool:
        found = self.place < len(self.tokens) and self.tokens[self.place].upper() == word
        self.place += found
        return found

    def need(self, word: str) -> None:
        if not self.skip(word):
            raise QueryError(f"'{word}' is missing")

    def end(self) -> None:
        if self.place < len(self.tokens):
            raise QueryError(f"'{self.tokens[self.place]}' is not expected")


def _tokens(query: str) -> Iterator[str]:
    place, query = 0, query.rstrip()
    while place < len(query):
        found = _TOKEN.match(query, place)
        if not found:
            raise QueryError(f"'{query[place : place + 20]}' cannot be read")
        yield found.group().strip()
        place = found.end()


def _field(name: str) -> Callable[[Message], str]:
    if name.lower().startswith("unique_args["):
        argument = name[len("unique_args[") : -1].strip()[1:-1]
        return lambda message: message.arguments.get(argument, "")
    known: dict[str, Callable[[Message], str]] = {
        "msg_id": lambda message: message.id,
        "from_email": lambda message: message.sender,
        "to_email": lambda message: message.address,
        "subject": lambda message: message.subject,
        "status": status,
        "last_event_time": last_event_time,
    }
    if name.lower() not in known:
        raise QueryError(f"'{name}' is not a known field")
    return known[name.lower()]


def _compare(field: Callable[[Message], str], sign: str, value: str) -> Matcher:
    if sign == "LIKE":
        pattern = re.compile(".*".join(re.escape(part) for part in value.split("%")), re.DOTALL | re.IGNORECASE)
        return lambda message: bool(pattern.fullmatch(field(message)))
    signs: dict[str, Callable[[str], bool]] = {
        "=": lambda found: found == value,
        "!=": lambda found: found != value,
        "<": lambda found: found < value,
        ">": lambda found: found > value,
        "<=": lambda found: found <= value,
        ">=": lambda found: found >= value,
    }
    if sign not in signs:
        raise QueryError(f"'{sign}' is not a known operator")
    compare = signs[sign]
    return lambda message: compare(field(message))
