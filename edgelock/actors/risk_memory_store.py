"""Where the risk side's memory is kept: what the RiskActor needs of it, and the journal as that place."""

from typing import Protocol

from edgelock.actors.clock import Clock
from edgelock.actors.journal import Journal


class RiskMemory(Protocol):
    """A place for one text that survives the death of the process. All three may raise JournalError."""

    def load(self) -> str | None:
        """The text saved last; None when none ever was."""

    def save(self, text: str) -> None:
        """Replace the text; it is durable when this returns."""

    def trouble(self) -> str | None:
        """What would keep a text from being saved now, in one line; None when nothing would. Asked every second."""


class JournaledRiskMemory:
    """The journal's place for one account and world: what happened in another does not count here."""

    def __init__(self, journal: Journal, scope: str, clock: Clock) -> None:
        self._journal = journal
        self._scope = scope
        self._clock = clock

    def load(self) -> str | None:
        """Of this scope."""
        return self._journal.load_risk(scope=self._scope)

    def save(self, text: str) -> None:
        """For this scope, with the engine's time beside it."""
        self._journal.save_risk(text, scope=self._scope, at=self._clock.now())

    def trouble(self) -> str | None:
        """The journal looks whether it can be written and is still the file that was opened."""
        return self._journal.probe()
