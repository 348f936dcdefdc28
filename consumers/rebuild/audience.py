"""Who hears how a rebuild goes on."""

from typing import Protocol

from consumers.rebuild.plan import Progress


class Audience(Protocol):
    def says(self, line: str) -> None:
        """A step that begins, or something that a person should know."""

    def shows(self, progress: Progress) -> None:
        """How much is built. Called a few times a second while it is."""


class Nobody:
    def says(self, line: str) -> None: ...

    def shows(self, progress: Progress) -> None: ...
