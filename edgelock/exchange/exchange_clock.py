"""The exchange's own time: it starts where the flow starts and runs at a chosen speed."""

import time
from dataclasses import dataclass

from edgelock.core.units import SECOND, Timestamp


@dataclass(frozen=True, slots=True)
class ClockAnchor:
    """What a client needs to compute the same time: exchange time = origin + (wall − anchor_wall) × speed."""

    origin_ns: int
    anchor_wall_ns: int
    speed: float


class ExchangeClock:
    """Exchange time from the machine's monotonic clock. It never goes back and never jumps.

    is_held  it stands at its origin until `release`, so that a client can be ready for the first trade
    """

    def __init__(self, origin: Timestamp, speed: float, *, is_held: bool = False) -> None:
        self._origin = origin
        self._speed = speed
        self._is_held = is_held
        self._anchor_monotonic_ns = time.monotonic_ns()
        self._anchor_wall_ns = time.time_ns()

    def release(self) -> None:
        """Let the clock run from here. Once it runs this changes nothing."""
        if self._is_held:
            self._anchor_monotonic_ns = time.monotonic_ns()
            self._anchor_wall_ns = time.time_ns()
            self._is_held = False

    @property
    def is_held(self) -> bool:
        """Whether it stands at its origin still."""
        return self._is_held

    @property
    def anchor(self) -> ClockAnchor:
        """The numbers that define this clock."""
        return ClockAnchor(self._origin, self._anchor_wall_ns, self._speed)

    def now(self) -> Timestamp:
        """Exchange time, nanoseconds."""
        if self._is_held:
            return self._origin
        elapsed = time.monotonic_ns() - self._anchor_monotonic_ns
        return Timestamp(self._origin + int(elapsed * self._speed))

    def real_seconds_until(self, at: Timestamp) -> float:
        """How long the machine has to wait until exchange time `at`; 0 when it has passed."""
        return max(at - self.now(), 0) / (SECOND * self._speed)
