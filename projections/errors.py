"""Why a projection cannot go on."""


class ProjectionError(Exception):
    """The read models cannot follow the events."""


class UnprojectedEventError(ProjectionError):
    """Nobody has decided what this event means for the read models; the projector stops before it, at `position`."""

    def __init__(self, says: str, position: int = 0) -> None:
        super().__init__(says)
        self.position = position
