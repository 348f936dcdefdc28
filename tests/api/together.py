"""Calls made at the same moment."""

import threading
from collections.abc import Callable, Sequence

import httpx


def at_once(calls: Sequence[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """The answers to all calls, made together."""
    answers: list[httpx.Response] = []
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], httpx.Response]) -> None:
        gate.wait()
        answers.append(call())

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(calls)
    return answers
