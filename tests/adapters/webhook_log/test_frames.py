from datetime import UTC

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.port import RawRequest
from adapters.webhook_log import frames
from adapters.webhook_log.frames import UnreadableFrameError, by_partition, decode_frame, encode_frame, partition_of
from adapters.webhook_log.kafka_topic import MOST_RECORD_BYTES
from adapters.webhook_log.port import LoggedRequest
from tests.adapters.webhook_log.logs import request

MIB = 1024 * 1024

_raw = st.builds(
    RawRequest,
    url=st.text(),
    headers=st.dictionaries(st.text(), st.text(), max_size=3),
    body=st.binary(max_size=200),
    received_at=st.datetimes(timezones=st.just(UTC)),
    method=st.sampled_from(["POST", "GET"]),
)


@given(st.lists(st.builds(LoggedRequest, st.uuids(), _raw), min_size=1, max_size=5))
def test_a_frame_gives_back_its_requests(requests: list[LoggedRequest]) -> None:
    assert decode_frame(encode_frame(requests)) == requests


@given(st.binary(max_size=100))
def test_anything_else_is_unreadable_and_nothing_worse(junk: bytes) -> None:
    with pytest.raises(UnreadableFrameError):
        decode_frame(b"\x01" + junk)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x02" + encode_frame([request(b"x")])[1:],
        encode_frame([]),
        encode_frame([request(b"x")])[:-1],
        encode_frame([request(b"x")]) + b"\x00",
        b"\x01" + msgspec.msgpack.encode([["not a uuid", "POST", "u", {}, b"", 1]]),
        encode_frame([request(b"") for _ in range(frames.MOST_REQUESTS + 1)]),
        encode_frame([request(bytes(frames.MOST_BYTES))]),
    ],
)
def test_refuses_what_is_no_frame_of_this_version_and_size(frame: bytes) -> None:
    with pytest.raises(UnreadableFrameError):
        decode_frame(frame)


def test_an_error_repeats_nothing_of_the_content() -> None:
    frame = b"\x01" + msgspec.msgpack.encode([["anna@example.test", "POST", "u", {}, b"", 1]])
    with pytest.raises(UnreadableFrameError) as refused:
        decode_frame(frame)
    assert "anna" not in str(refused.value)


def test_frames_are_bounded_in_bytes_and_count() -> None:
    one = request(b"").connection_id
    large = by_partition([request(bytes(MIB - 1), one) for _ in range(7)], 4)
    many = by_partition([request(b"", one) for _ in range(1201)], 4)
    (large_frames,), (many_frames,) = large.values(), many.values()
    assert [len(decode_frame(f)) for f in large_frames] == [2, 2, 2, 1]
    assert [len(decode_frame(f)) for f in many_frames] == [500, 500, 201]
    assert max(map(len, large_frames)) <= frames.MOST_BYTES < MOST_RECORD_BYTES


def test_even_the_worst_frame_fits_into_a_record() -> None:
    """Almost full, and then the largest request that the intake lets through."""
    one = request(b"").connection_id
    worst = [request(bytes(MIB - 1), one), request(bytes(MIB - 10_000), one), request(bytes(MIB), one)]
    worst[2].request.headers["x"] = "\u00e9" * 64 * 1024
    (made,) = by_partition(worst, 1)[0]
    assert len(decode_frame(made)) == 3


def test_a_connection_stays_in_its_partition() -> None:
    logged = request(b"")
    assert {partition_of(logged.connection_id, 4) for _ in range(3)} == set(by_partition([logged], 4))
