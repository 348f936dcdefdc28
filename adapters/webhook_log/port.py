"""The port of the webhook log: a partitioned log with offsets and replay. Two adapters, one contract test suite."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from adapters.providers.port import RawRequest

BEGINNING = -1
"""The position of a reader that has read nothing."""

Positions = Callable[[Sequence[str]], Mapping[str, int]]
"""Where each partition's reader stands (offset of the last record taken in); a partition never read is absent."""


class WebhookLogError(Exception):
    """The webhook log cannot do this."""


class LogUnavailableError(WebhookLogError):
    """The log cannot be reached or did not answer in time: try again later."""


class PositionOutOfRangeError(WebhookLogError):
    """The log no longer has, or never had, the record after the stored position: a person must decide."""


class LoggedRequest(NamedTuple):
    """A request whose signature was verified, and the connection that it came in for."""

    connection_id: UUID
    request: RawRequest


class Record(NamedTuple):
    """One record: `frame` holds 1..n requests (adapters.webhook_log.frames)."""

    offset: int
    frame: bytes


class Batch(NamedTuple):
    """Records of one partition in ascending order; `after` is the reader's position before the first of them."""

    after: int
    records: list[Record]


class WebhookLog(Protocol):
    """Safe to share between threads, and between event loops."""

    async def append(self, requests: Sequence[LoggedRequest]) -> None:
        """All of them are durable when it returns. Raises LogUnavailableError; some may be in the log even then."""

    def lag(self, positions: Positions) -> dict[str, int]:
        """Records that each partition holds behind its position. Raises LogUnavailableError."""

    def close(self) -> None: ...


class LogReader(Protocol):
    """One consumer's way in, for one thread. Partitions come and go between polls; they are known by names.

    A name says which log it is (cluster and topic, or `postgres`), so that a position never applies to another.
    """

    def assigned(self) -> set[str]: ...

    def poll(self, timeout: float, max_records: int) -> dict[str, Batch]:
        """What is there, at most `max_records` a partition, waiting up to `timeout` seconds for the first.

        Goes on behind what it handed out last, whatever became of that: after a failure, `seek`.
        Raises LogUnavailableError, PositionOutOfRangeError.
        """

    def seek(self, partition: str, position: int) -> None:
        """Go on behind `position`; a partition that is no longer assigned is passed over."""

    def recorded(self, partition: str, position: int) -> None:
        """Everything up to `position` is recorded; only for those who watch the broker. Never raises."""

    def close(self) -> None: ...
