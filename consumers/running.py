"""Runs the webhook consumer of an installation on the log that its settings name."""

import logging
import threading

from adapters.bootstrap import Installation
from adapters.webhook_log.opening import open_reader
from adapters.webhook_log.port import LogReader, LogUnavailableError
from consumers.webhooks import DEAD_LIMIT, WebhookConsumer

log = logging.getLogger(__name__)
_PAUSE = 2.0


def consume_webhooks(installation: Installation, stop: threading.Event, *, dead_limit: int = DEAD_LIMIT) -> None:
    """Until `stop`. A log that cannot be reached is waited for.

    Raises TopicMissingError, PositionOutOfRangeError, TooManyDeadLettersError.
    """
    reader = _reader(installation, stop)
    if reader is None:
        return
    try:
        WebhookConsumer(installation, reader, dead_limit=dead_limit).run(stop)
    finally:
        reader.close()


def _reader(installation: Installation, stop: threading.Event) -> LogReader | None:
    while not stop.is_set():
        try:
            return open_reader(installation.settings, installation.communications.recorder.positions)
        except LogUnavailableError as error:
            log.warning("the webhook log cannot be opened (%s); trying again", error)
            stop.wait(_PAUSE)
    return None
