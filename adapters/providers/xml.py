"""XML from strangers: without a document type (which could expand to anything, or fetch something), and bounded."""

from dataclasses import dataclass, field
from xml.parsers import expat

from adapters.providers.port import UnreadableError
from adapters.providers.reading import text as storable

MOST_BYTES = 32 * 1024 * 1024
MOST_ELEMENTS = 200_000
DEEPEST = 100
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(slots=True)
class Element:
    """Names are local names; elements below the root are looked up by them alone, whatever their namespace."""

    name: str
    namespace: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self, *path: str) -> list["Element"]:
        """Every element at the end of the path of local names."""
        found = [self]
        for name in path:
            found = [child for element in found for child in element.children if child.name == name]
        return found

    def first(self, *path: str) -> "Element | None":
        return next(iter(self.all(*path)), None)

    def value(self, *path: str, limit: int | None = None) -> str | None:
        """The trimmed text of the first element of the path that has any."""
        return next((value for value in (e.text(limit) for e in self.all(*path)) if value), None)

    def text(self, limit: int | None = None) -> str | None:
        """Its own text, trimmed; None for nothing and beyond `limit`."""
        return storable("".join(self.texts).strip(), limit)

    def attribute(self, name: str) -> str | None:
        return storable(self.attributes.get(name, "").strip())


def looks_like_xml(body: bytes) -> bool:
    return body.startswith(_BYTE_ORDER_MARKS) or body.lstrip()[:1] == b"<"


def parse(body: bytes) -> Element:
    """The root element. Raises UnreadableError."""
    if len(body) > MOST_BYTES:
        raise UnreadableError("the XML is too large")
    builder = _Builder()
    try:
        builder.parser.Parse(body, True)
    except expat.ExpatError as error:
        raise UnreadableError(f"not well-formed XML (line {error.lineno})") from None
    except (ValueError, LookupError):
        raise UnreadableError("the encoding of the XML is not known") from None
    return builder.root.children[0]


class _Builder:
    def __init__(self) -> None:
        self.root = Element("")
        self._open = [self.root]
        self._count = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) > DEEPEST:
            raise UnreadableError("the XML has too many elements, or too deep ones")
        namespace, _, local = name.rpartition(" ")
        element = Element(local, namespace, {_local(n): value for n, value in attributes.items()})
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, data: str) -> None:
        self._open[-1].texts.append(data)

    def _refuse(self, *_: object) -> None:
        raise UnreadableError("the XML has a document type declaration, which is not accepted")


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
