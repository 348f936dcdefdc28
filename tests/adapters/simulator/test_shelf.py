"""The bounded store."""

from adapters.simulator.shelf import Shelf


def test_the_oldest_goes_when_there_are_too_many() -> None:
    shelf: Shelf[int, str] = Shelf(2, 1000)
    for number in range(4):
        shelf.put(number, str(number), 1)
    assert list(shelf.newest()) == ["3", "2"]
    assert shelf.get(0) is None


def test_the_oldest_go_when_there_are_too_many_bytes_but_the_newest_stays() -> None:
    shelf: Shelf[int, str] = Shelf(10, 100)
    for number, size in enumerate((60, 30, 60)):
        shelf.put(number, str(number), size)
    assert list(shelf.newest()) == ["2", "1"]
    shelf.put(3, "3", 500)
    assert list(shelf.newest()) == ["3"]
    shelf.put(4, "4", 99)
    assert list(shelf.newest()) == ["4"]


def test_what_is_put_again_counts_once() -> None:
    shelf: Shelf[int, str] = Shelf(10, 100)
    for _ in range(5):
        shelf.put(1, "one", 60)
    shelf.put(2, "two", 40)
    assert len(shelf) == 2
    shelf.clear()
    shelf.put(3, "three", 100)
    assert list(shelf.newest()) == ["three"]
