"""The risk side's last state, for those who only look."""

import threading

from edgelock.core.risk import RiskState


class RiskBoard:
    """Written by the risk actor, read by anyone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: RiskState | None = None

    def publish(self, state: RiskState) -> None:
        """The state after a step."""
        with self._lock:
            self._state = state

    def state(self) -> RiskState | None:
        """The last published state; None before the first."""
        with self._lock:
            return self._state
