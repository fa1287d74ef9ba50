"""What may happen to a run from outside: events on one queue, put there by signals, commands and actors."""

import queue
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stop:
    """End the run. who says so, and the exit code that this reason asks for."""

    who: str
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Reload:
    """Read the settings again."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Move the operator's latch."""

    on: bool
    who: str


@dataclass(frozen=True, slots=True)
class Started:
    """The start has done everything that waits for the venue."""


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The start cannot go on; what was started must be taken down before the error is shown."""

    error: Exception


RunEvent = Stop | Reload | Kill | Started | StartFailed


class RunEvents:
    """A queue that may be put to from a signal handler."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[RunEvent] = queue.SimpleQueue()

    def put(self, event: RunEvent) -> None:
        """From any thread, and from a signal handler."""
        self._queue.put(event)

    def next(self, timeout_s: float) -> RunEvent | None:
        """The next event; None when none came in time."""
        try:
            return self._queue.get(timeout=max(timeout_s, 0.0))
        except queue.Empty:
            return None
