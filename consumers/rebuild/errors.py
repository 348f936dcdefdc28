"""Why a rebuild ended early. What is built is kept; the same command goes on from there."""


class RebuildError(Exception):
    """The message says all that a person needs."""
