"""The durable restart log, written behind the supervisor's back: a stuck disk must never hold the one who restarts.

Notes are handed over and written by a thread of their own, in their order. What cannot be written is told once, until
writing succeeds again; the lines of telemetry about the same lives do not depend on it.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from edgelock.actors.journal_records import JournalError, LifeNote
from edgelock.actors.redaction import Redactor

PENDING_MAX = 1_000
"""More notes than this wait only for a disk that is stuck; further ones are dropped, and told."""


class LifeStore(Protocol):
    """Where notes are kept; the journal is one."""

    def record_life(self, note: LifeNote) -> None:
        """Keep it. Raises JournalError."""
        ...

    def lives_of(self, actor: str, *, most: int) -> tuple[LifeNote, ...]:
        """The newest notes of one actor, newest first. Raises JournalError."""
        ...

    def record_incarnation(self, ticker: str, number: int) -> None:
        """Remember the number of a market's newest life. Raises JournalError."""
        ...


@dataclass(frozen=True, slots=True)
class LifeBegan:
    """A market's life has begun; the next process counts on from its number."""

    ticker: str
    incarnation: int


class LifeNotes:
    """Called from any thread; writes on its own between `start` and `stop`.

    failed  told one line when a note could not be kept
    redact  takes secrets out of what killed an actor and out of its traceback; by their shape alone when not given
    """

    def __init__(
        self, store: LifeStore, *, failed: Callable[[str], None], redact: Callable[[str], str] | None = None
    ) -> None:
        self._store = store
        self._redact = redact or Redactor().text
        self._failed = failed
        self._pending: queue.Queue[LifeNote | LifeBegan | None] = queue.Queue()
        self._is_failing = False
        self._thread = threading.Thread(target=self._write, name="life-notes", daemon=True)

    def start(self) -> None:
        """Write what was handed over already, and what comes."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Write what was handed over, then end; False when that took too long."""
        if self._thread.ident is None:
            return True
        self._pending.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def keep(self, note: LifeNote | LifeBegan) -> None:
        """Hand a note over. Returns at once."""
        if self._pending.qsize() < PENDING_MAX:
            self._pending.put(note)
        else:
            self._fail(f"the restart log is not written: {PENDING_MAX} notes wait")

    def lives_of(self, actor: str, *, most: int) -> tuple[LifeNote, ...]:
        """The newest notes that were written of one actor, newest first. Raises JournalError."""
        return self._store.lives_of(actor, most=most)

    def _write(self) -> None:
        while (note := self._pending.get()) is not None:
            try:
                if isinstance(note, LifeBegan):
                    self._store.record_incarnation(note.ticker, note.incarnation)
                else:
                    self._store.record_life(self._without_secrets(note))
            except JournalError as error:
                self._fail(f"the restart log is not written: {error}")
            else:
                self._is_failing = False

    def _without_secrets(self, note: LifeNote) -> LifeNote:
        return replace(note, detail=self._redact(note.detail), traceback=self._redact(note.traceback))

    def _fail(self, message: str) -> None:
        if not self._is_failing:
            self._is_failing = True
            self._failed(message)
