"""The switch that ends the process it lives in, without a word, when a label is reached for the n-th time."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from threading import Lock


def kill_this_process() -> None:
    """SIGKILL: no handler, no `finally`, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


class CrashSwitch:
    """Counts how often each label is passed, by phase; once armed, strikes at the n-th passing from then on.

    strike  what happens then; for tests, which want to live on
    """

    def __init__(self, strike: Callable[[], None] = kill_this_process) -> None:
        self._strike = strike
        self._lock = Lock()
        self._armed: str | None = None
        self._left = 0
        self._phase: str | None = None
        self._counts: dict[str, Counter[str]] = {}

    def arm(self, label: str, occurrence: int) -> None:
        """Strike at the `occurrence`-th passing of this label, counted from now; replaces what was armed before."""
        if occurrence < 1:
            raise ValueError(f"{occurrence} is not an occurrence; the first is 1")
        with self._lock:
            self._armed, self._left = label, occurrence

    def disarm(self) -> None:
        """Strike no more."""
        with self._lock:
            self._armed = None

    def count_as(self, phase: str) -> None:
        """From now on passings are counted, as belonging to this phase."""
        with self._lock:
            self._counts.setdefault(phase, Counter())
            self._phase = phase

    def counts(self) -> dict[str, dict[str, int]]:
        """How often each label was passed, by phase."""
        with self._lock:
            return {phase: dict(counted) for phase, counted in self._counts.items()}

    def passes(self, label: str) -> None:
        """The code passes this label, on whatever thread."""
        if self._phase is not None:
            with self._lock:
                self._counts[self._phase][label] += 1
        # Read without the lock, because almost every passing is of another label.
        if label == self._armed and self._is_due(label):
            self._strike()

    def _is_due(self, label: str) -> bool:
        with self._lock:
            if label != self._armed:
                return False
            self._left -= 1
            if self._left:
                return False
            self._armed = None
            return True
