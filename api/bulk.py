"""Many sends in one request."""

from typing import Any

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller
from api import planning
from api.batches import Applied, Job, carry_out, indexed
from api.http.idempotency import Ids
from api.http.problems import parsed
from api.http.schemas import BulkIn, SendIn
from api.sealing import Sealer
from api.sending import Done, Keep, apply, subject_id
from domain.communication import InvoiceCommunication
from domain.values import Cause


def send_all(installation: Installation, caller: Caller, asked: BulkIn, ids: Ids, keep: Keep | None = None) -> Done:
    """One outcome an item, in order; what is wrong with one spoils no other."""
    sealer = Sealer(installation, caller)

    def read(place: int, item: Any) -> Job:
        one = parsed(SendIn, item)
        planned = planning.plan(installation, caller.tenant_id, one, ids(place), Cause.BULK, ids.key)

        def open_attempt(communication: InvoiceCommunication) -> Applied:
            apply(planned, communication, sealer)
            return Applied(planned.attempt_id)

        return Job(place, subject_id(caller.tenant_id, one.subject), open_attempt)

    return carry_out(sealer, *indexed(asked.items, read), keep)
