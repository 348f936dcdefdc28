"""One more process of a rebuild (see consumers/worker.py)."""

import msgspec

from consumers.rebuild.plan import Plan
from consumers.rebuild.working import POOL_SIZE, Working
from consumers.worker import Access, run


class Told(msgspec.Struct):
    access: Access
    plan: Plan


def work(told: Told) -> None:
    with told.access.opened("sendtrail_owner", POOL_SIZE, "sendtrail rebuild") as (database, keys):
        Working(database, keys, told.plan).run()


if __name__ == "__main__":
    run(Told, work)
