"""Numbers in letters: a part of a number is found by a part of its letters, and what a migration told is told alike."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.database.migrate import FOLDER
from projections import digits
from projections.docs import lowered, searchable
from projections.queries.filters import Filters
from projections.queries.pieces import LOG
from tests.conftest import Pool
from tests.support.asking import Asking
from tests.support.read_rows import attempt, put_attempts

texts = st.text(st.sampled_from("01234567890123456789-a\nZ٣"), max_size=40)
NUMBERS = ("2026-00000123", "2026-00001230", "2025-10000123", "00123", "12300000", "2026-0123", "+32470123478")


@given(text=texts, data=st.data())
def test_whatever_holds_a_text_holds_the_letters_of_its_numbers(text: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(text)))
    part = text[first : data.draw(st.integers(first, len(text)))]
    searched = searchable((text,))
    assert all(letters in searched for letters in digits.told(part))


@given(text=texts, q=texts.filter(lambda q: len(q) >= 3))
def test_letters_are_found_by_nobody(text: str, q: str) -> None:
    assert (lowered(q) in searchable((text,))) == (lowered(q) in lowered(text))


def test_long_numbers_have_letters_and_short_ones_none() -> None:
    told = digits.told("2026-00000123 and 1234, 98765")
    assert [len(letters) for letters in told] == [6, 3]
    assert told == digits.told("x00000123x98765")
    assert all(letters.isascii() and letters.isalpha() and letters.isupper() for letters in told)
    assert len({digits.told(f"{n:05}")[0] for n in range(100_000)}) > 14_000


def test_every_part_of_every_number_is_found_in_all_that_have_it(ask: Asking, worker_pool: Pool) -> None:
    with worker_pool.connection() as connection:
        given_rows = [attempt(n, number=number, recipient=number[::-1]) for n, number in enumerate(NUMBERS, 1)]
        put_attempts(connection, given_rows)
    parts = {
        n[i:j]
        for number in NUMBERS
        for n in (number, number[::-1])
        for i in range(len(n))
        for j in range(i + 3, len(n) + 1)
    }
    for part in sorted(parts):
        for wide in (False, True):
            found = len(ask.page(LOG, Filters(q=part, in_recipients=wide)).docs)
            assert found == sum(part in n or (wide and part in n[::-1]) for n in NUMBERS), part


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts)
def test_what_was_written_before_is_told_by_the_migration_alike(worker_pool: Pool, text: str) -> None:
    functions, _, _ = (FOLDER / "0025_numbers_in_letters.sql").read_text().partition("DO $$")
    with worker_pool.connection() as connection, connection.transaction(force_rollback=True):
        connection.execute(functions.encode())
        before = lowered(text)
        found = connection.execute("SELECT coalesce(pg_temp.with_letters(%s), %s)", (before, before)).fetchone()
    assert found == (searchable((text,)),)
