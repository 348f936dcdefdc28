"""What a PDF says, as far as letters need it: the lines of its text, and the address among them.

Reads text that is written as plain strings, compressed or not; not what fonts with encodings of their own make of it.
"""

import re
import zlib

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"\(((?:\\.|[^\\()])*)\)\s*(?:Tj|'|\")", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_CARE_OF = re.compile(r"\bc/o\b", re.IGNORECASE)
MOST_STREAMS, MOST_READ = 100, 1024 * 1024  # bytes of one stream
MOST_LINES = 6
"""Of an address."""


def lines(pdf: bytes) -> list[str]:
    """Every string that is shown, in the order in which it is written."""
    found: list[str] = []
    for number, stream in enumerate(_STREAM.finditer(pdf)):
        if number == MOST_STREAMS:
            break
        shown = (_ESCAPED.sub(rb"\1", one) for one in _SHOWN.findall(_plain(stream[1])))
        found += [line for line in (" ".join(one.decode("latin-1").split()) for one in shown) if line]
    return found


def address(pdf: bytes) -> list[str]:
    """The first lines; where one says `c/o`, from the line before it, which is the name."""
    told = lines(pdf)
    care_of = next((place for place, line in enumerate(told) if _CARE_OF.search(line)), 0)
    start = max(care_of - 1, 0)
    return told[start : start + MOST_LINES]


def _plain(content: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(content, MOST_READ)
    except zlib.error:
        return content[:MOST_READ]
