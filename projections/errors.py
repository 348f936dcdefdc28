"""Why a projection cannot go on."""


class ProjectionError(Exception):
    """The read models cannot follow the events."""


class UnprojectedEventError(ProjectionError):
    """Nobody has decided what this event means for the read models; the projector stops before it."""
