"""XML that strangers send: read as far as it is harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers import xml
from adapters.providers.port import UnreadableError
from adapters.providers.xml import looks_like_xml, parse

SPACED = (
    b'<a:root xmlns:a="urn:one" xmlns:b="urn:two" b:kind=" x "><b:part> first </b:part><a:part>second</a:part></a:root>'
)


def test_elements_are_found_by_their_local_names() -> None:
    root = parse(SPACED)
    assert (root.name, root.namespace, root.attribute("kind")) == ("root", "urn:one", "x")
    assert [part.text() for part in root.all("part")] == ["first", "second"]
    assert (root.value("part"), root.value("part", "deeper"), root.value("other")) == ("first", None, None)
    assert root.first("other") is None


def test_the_first_text_that_there_is_counts_and_none_that_is_too_long() -> None:
    root = parse(b"<a><b> </b><b/><b>long enough</b></a>")
    assert root.value("b") == "long enough"
    assert root.value("b", limit=4) is None


def test_text_around_children_is_the_elements_own() -> None:
    assert parse("<a>one <b>not</b>two\u00e9</a>".encode()).text() == "one two\u00e9"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings(encoding: str) -> None:
    declared = "iso-8859-1" if encoding == "latin-1" else encoding.removesuffix("-sig")
    body = f'<?xml version="1.0" encoding="{declared}"?><a>\u00e9</a>'.encode(encoding)
    assert looks_like_xml(body)
    assert parse(body).text() == "\u00e9"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no xml",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b'<?xml version="1.0" encoding="utf-99"?><a/>',
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>',
        b"<a>&undefined;</a>",
        b"<a>" * 200 + b"</a>" * 200,
    ],
)
def test_what_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        parse(body)


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "MOST_ELEMENTS", 3)
    monkeypatch.setattr(xml, "MOST_BYTES", 100)
    assert len(parse(b"<a><b/><b/></a>").children) == 2
    for body in (b"<a><b/><b/><b/></a>", b"<a>" + b"x" * 100 + b"</a>"):
        with pytest.raises(UnreadableError):
            parse(body)


@given(st.binary() | st.text().map(lambda t: f"<a>{t}</a>".encode(errors="replace")))
def test_anything_is_read_or_unreadable(body: bytes) -> None:
    try:
        parse(body)
    except UnreadableError:
        return
    assert body
