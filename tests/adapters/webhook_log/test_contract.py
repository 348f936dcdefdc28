"""What every webhook log promises: durable, in order per connection, replayable, and it never loses a record."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from adapters.webhook_log.port import BEGINNING, LogUnavailableError
from tests.adapters.webhook_log.logs import LogUnderTest, Reading, Stand, request
from tests.support.eventually import eventually
from tests.support.webhook_log import put


def test_gives_back_exactly_what_was_appended(under_test: LogUnderTest, stand: Stand) -> None:
    sent = request(bytes(range(256)))
    put(under_test.log, [sent])
    reading = Reading(under_test.new_reader(stand))
    reading.until(1)
    assert [logged for _, _, logged in reading.got] == [sent]


def test_keeps_one_connections_requests_in_order_in_one_partition(under_test: LogUnderTest, stand: Stand) -> None:
    connection = uuid4()
    for n in range(0, 30, 3):
        put(under_test.log, [request(b"%d" % i, connection) for i in range(n, n + 3)])
    reading = Reading(under_test.new_reader(stand))
    assert reading.until(30) == [b"%d" % i for i in range(30)]
    assert len({name for name, _, _ in reading.got}) == 1
    offsets = [offset for _, offset, _ in reading.got]
    assert offsets == sorted(offsets)


def test_spreads_connections_over_partitions(under_test: LogUnderTest, stand: Stand) -> None:
    put(under_test.log, [request(b"%d" % n) for n in range(200)])
    reading = Reading(under_test.new_reader(stand))
    assert sorted(reading.until(200)) == sorted(b"%d" % n for n in range(200))
    names = {name for name, _, _ in reading.got}
    assert len(names) == 4
    assert eventually(lambda: reading.reader.assigned()) == names


def test_goes_on_behind_what_it_handed_out(under_test: LogUnderTest, stand: Stand) -> None:
    connection = uuid4()
    reading = Reading(under_test.new_reader(stand))
    for n in range(5):
        put(under_test.log, [request(b"%d" % n, connection)])
        reading.until(n + 1)
    (chain,) = reading.afters.values()
    assert chain[0][0] == BEGINNING
    assert [after for after, _ in chain[1:]] == [last for _, last in chain[:-1]]
    assert reading.bodies() == [b"%d" % n for n in range(5)]


def test_hands_out_no_more_than_asked_for(under_test: LogUnderTest, stand: Stand) -> None:
    connection = uuid4()
    for n in range(7):
        put(under_test.log, [request(b"%d" % n, connection)])
    reading = Reading(under_test.new_reader(stand))
    assert reading.until(7, max_records=3) == [b"%d" % n for n in range(7)]
    assert all(len(chain) >= 3 for chain in reading.afters.values())


def test_replays_from_any_position(under_test: LogUnderTest, stand: Stand) -> None:
    connection = uuid4()
    for n in range(6):
        put(under_test.log, [request(b"%d" % n, connection)])
    reading = Reading(under_test.new_reader(stand))
    reading.until(6)
    name, third, _ = reading.got[2]
    reading.reader.seek(name, third)
    assert reading.until(9) == [b"%d" % n for n in [*range(6), 3, 4, 5]]
    reading.reader.seek(name, BEGINNING)
    assert reading.until(15) == [b"%d" % n for n in [*range(6), 3, 4, 5, *range(6)]]


def test_seek_passes_over_a_partition_of_somebody_else(under_test: LogUnderTest, stand: Stand) -> None:
    under_test.new_reader(stand).seek("elsewhere/7", 3)


def test_a_restarted_reader_goes_on_at_the_stored_position(under_test: LogUnderTest, stand: Stand) -> None:
    connection = uuid4()
    for n in range(4):
        put(under_test.log, [request(b"%d" % n, connection)])
    first = Reading(under_test.new_reader(stand))
    first.until(4)
    name, second, _ = first.got[1]
    stand.stored[name] = second
    first.reader.recorded(name, second)
    first.reader.close()
    again = Reading(under_test.new_reader(stand))
    assert again.until(2) == [b"2", b"3"]
    assert again.afters[name][0][0] == second


def test_the_stored_position_counts_and_not_what_the_broker_was_told(under_test: LogUnderTest, stand: Stand) -> None:
    connection = uuid4()
    for n in range(4):
        put(under_test.log, [request(b"%d" % n, connection)])
    first = Reading(under_test.new_reader(stand))
    first.until(4)
    name, last, _ = first.got[-1]
    first.reader.recorded(name, last)
    first.reader.close()
    assert Reading(under_test.new_reader(stand)).until(4) == [b"0", b"1", b"2", b"3"]


def test_two_readers_share_the_partitions(under_test: LogUnderTest, stand: Stand) -> None:
    one, other = (Reading(under_test.new_reader(stand), stand) for _ in range(2))

    def shared() -> bool:
        one.poll()
        other.poll()
        mine, theirs = one.reader.assigned(), other.reader.assigned()
        return bool(mine) and bool(theirs) and not mine & theirs and len(mine | theirs) == 4

    eventually(shared, within=30)
    put(under_test.log, [request(b"%d" % n) for n in range(100)])

    def all_read() -> bool:
        one.poll()
        other.poll()
        return len(one.got) + len(other.got) >= 100

    eventually(all_read, within=30)
    assert sorted(one.bodies() + other.bodies()) == sorted(b"%d" % n for n in range(100))
    assert one.bodies()
    assert other.bodies()


def test_whoever_stays_takes_over_from_whoever_goes(under_test: LogUnderTest, stand: Stand) -> None:
    one, other = (Reading(under_test.new_reader(stand), stand) for _ in range(2))

    def has_some() -> bool:
        one.poll()
        other.poll()
        return 0 < len(other.reader.assigned()) < 4

    eventually(has_some, within=30)
    one.reader.close()
    put(under_test.log, [request(b"%d" % n) for n in range(50)])
    assert sorted(other.until(50)) == sorted(b"%d" % n for n in range(50))


def test_a_body_of_one_mebibyte_fits(under_test: LogUnderTest, stand: Stand) -> None:
    bodies = [bytes([n]) * 1024 * 1024 for n in range(5)]
    connection = uuid4()
    put(under_test.log, [request(body, connection) for body in bodies])
    assert Reading(under_test.new_reader(stand)).until(5) == bodies


def test_many_at_once_while_it_is_read_lose_nothing(under_test: LogUnderTest, stand: Stand) -> None:
    connections = [uuid4() for _ in range(8)]

    def append(writer: int) -> None:
        for n in range(40):
            put(under_test.log, [request(b"%d/%d" % (writer, n), connections[writer])])

    reading = Reading(under_test.new_reader(stand))
    with ThreadPoolExecutor(8) as threads:
        running = [threads.submit(append, writer) for writer in range(8)]
        while not all(future.done() for future in running):
            reading.poll(max_records=10)
        for future in running:
            future.result()
    bodies = reading.until(320)
    assert len(bodies) == 320
    for writer in range(8):
        mine = [b for b in bodies if b.startswith(b"%d/" % writer)]
        assert mine == [b"%d/%d" % (writer, n) for n in range(40)]
    for name in reading.afters:
        offsets = [offset for found, offset, _ in reading.got if found == name]
        assert offsets == sorted(offsets)


def test_tells_how_far_readers_are_behind(under_test: LogUnderTest, stand: Stand) -> None:
    connection = uuid4()
    for n in range(5):
        put(under_test.log, [request(b"%d" % n, connection)])
    assert sorted(under_test.log.lag(stand).values()) == [0, 0, 0, 5]
    reading = Reading(under_test.new_reader(stand))
    reading.until(5)
    name, second, _ = reading.got[1]
    stand.stored[name] = second
    assert under_test.log.lag(stand)[name] == 3


def test_appending_nothing_appends_nothing(under_test: LogUnderTest, stand: Stand) -> None:
    put(under_test.log, [])
    assert set(under_test.log.lag(stand).values()) == {0}


def test_says_when_it_cannot_be_reached(under_test: LogUnderTest, stand: Stand) -> None:
    with pytest.raises(LogUnavailableError) as refused:
        put(under_test.unreachable, [request(b"a secret")])
    assert "secret" not in str(refused.value)
    with pytest.raises(LogUnavailableError):
        under_test.unreachable.lag(stand)
    with pytest.raises(LogUnavailableError):
        under_test.unreachable_reader().poll(0, 1)
