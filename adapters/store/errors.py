"""Why a write to the event store was refused. Nothing was recorded in either case."""


class StoreError(Exception):
    """The event store did not record it."""


class VersionConflictError(StoreError):
    """Somebody else changed the aggregate first: run the whole command again on a fresh one."""


class PositionLostError(StoreError):
    """Another consumer moved the position: drop the batch, read the position again and seek."""


class BusyError(StoreError):
    """Conflicts did not end within the time limit: try again later."""


class NotFoundError(StoreError):
    """There is no such aggregate for this tenant."""
