"""Appending to a webhook log from a test or a bench that runs in no event loop."""

import asyncio
from collections.abc import Sequence

from adapters.webhook_log.port import LoggedRequest, WebhookLog


def put(log: WebhookLog, requests: Sequence[LoggedRequest]) -> None:
    asyncio.run(log.append(requests))
