"""Reading what providers write."""

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.port import UnreadableError
from adapters.providers.reading import (
    attempt_id,
    digest,
    enhanced_code,
    exact_base64,
    in_short,
    load_json,
    moment,
    text,
)

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "told",
    [
        1768478400,
        1768478400.0,
        "1768478400",
        " 1768478400 ",
        "1768478400.000000",
        "2026-01-15T12:00:00Z",
        "2026-01-15T12:00:00.0000000+00:00",
        "2026-01-15T13:00:00+0100",
        "2026-01-15 07:00:00-05:00",
        "Thu, 15 Jan 2026 12:00:00 +0000",
        "Thu, 15 Jan 2026 12:00:00 GMT",
        "Thu, 15 Jan 2026 07:00:00 -0500",
        "15 Jan 2026 12:00:00 -0000",
    ],
)
def test_one_moment_in_many_spellings(told: object) -> None:
    assert moment(told) == NOON


@pytest.mark.parametrize(
    "told",
    [None, "", True, [], {}, "noon", "2026-01-15T12:00:00", "2026-13-45T12:00:00Z", "0001-01-01T00:00:00+14:00",
     float("nan"), float("inf"), 10**30, -(10**30), "9" * 12, "٣"],
)  # fmt: skip
def test_what_is_no_moment(told: object) -> None:
    assert moment(told) is None


@given(st.text() | st.floats() | st.integers() | st.none() | st.datetimes().map(str))
def test_whatever_comes_is_a_moment_or_none(told: object) -> None:
    found = moment(told)
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("550 5.1.1 no such user", "5.1.1"),
        ("550-5.7.26 policy", "5.7.26"),
        ("(4.2.2)", "4.2.2"),
        ("said 5.1.1.", "5.1.1"),
        ("from 5.6.7.8: refused", None),
        ("at 15.1.1 and 5.1.1111", None),
        ("3.1.1", None),
        ("", None),
        (None, None),
    ],
)
def test_enhanced_status_codes(told: str | None, found: str | None) -> None:
    assert enhanced_code(told) == found


def test_base64_has_one_spelling() -> None:
    assert exact_base64("QUI=") == b"AB"
    for other in ("QUJ=", "QUI", "QUI= ", " QUI=", "QUI=x", "QU\nI=", "QUI-", "é"):
        assert exact_base64(other) is None


def test_texts() -> None:
    assert (text("a"), text(5), text(1.5)) == ("a", "5", "1.5")
    nothing: list[object] = [None, True, [], {}, "", " ", 10**5000]
    assert [text(v) for v in nothing] == [None] * len(nothing)
    assert (text("abc", 3), text("abcd", 3)) == ("abc", None)


def test_json_that_is_too_deep_to_read() -> None:
    for wrong in (b"[" * 100_000, b"{", b"", b"\xff", b"1" * 5000):
        with pytest.raises(UnreadableError):
            load_json(wrong)


def test_a_digest_is_the_same_for_the_same() -> None:
    assert digest("a", 1, None) == digest("a", 1, None)
    assert (
        len(
            {
                digest("a", "b"),
                digest("ab"),
                digest("a", "b", None),
                digest(["a", "b"]),
                digest("a", 1),
                digest("a", "1"),
            }
        )
        == 6
    )
    assert len(digest(object())) == 64


def test_in_short_never_fails() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert in_short(deep) is None
    assert in_short({"a": "é"}) == '{"a": "é"}'
    assert len(in_short("x" * 5000) or "") == 2000
    digest(deep)
    while deep:
        deep = deep[0]  # type: ignore[assignment]  # taken apart by hand: its destructor would recurse


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(VALUES, st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]))
def test_json_reads_as_pythons_own_reads_it(told: object, ascii_only: bool, encoding: str) -> None:
    body = json.dumps(told, ensure_ascii=ascii_only).encode(encoding, "replace")
    try:
        expected = repr(json.loads(body))
    except ValueError:
        with pytest.raises(UnreadableError):
            load_json(body)
    else:
        assert repr(load_json(body)) == expected


@given(st.uuids().map(str) | st.text())
def test_an_attempt_id_is_a_uuid_in_its_usual_spelling(told: str) -> None:
    assert attempt_id(told) == (told if re.fullmatch("[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", told) else None)
