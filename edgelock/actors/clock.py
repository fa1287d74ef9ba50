"""The machine's clock, read here and nowhere else: engine time for trading, monotonic time for watchdogs.

Engine time runs at `speed` times real time from a chosen origin, so ninety minutes of market fit into ninety seconds
while timeouts and heartbeats keep counting real seconds. The speed is an exact ratio: engine time is always
origin + floor(elapsed * speed), so no rounding adds up however long the program runs.
"""

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Protocol

from edgelock.core.units import Timestamp


def monotonic_ns() -> int:
    """Real nanoseconds since some fixed moment; never goes backwards. For durations, deadlines and watchdogs."""
    return time.monotonic_ns()


def monotonic_s() -> float:
    """The same in seconds, as threads and events want their patience."""
    return time.monotonic()


def asleep_ns() -> int:
    """How long the machine has slept since it was started, real nanoseconds. Monotonic time stands still meanwhile."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()


def wall_clock_ns() -> Timestamp:
    """The machine's idea of UTC, in nanoseconds since the Unix epoch. May jump; for people and the venue."""
    return Timestamp(time.time_ns())


class Clock(Protocol):
    """What an actor needs to know about time."""

    def now(self) -> Timestamp:
        """Engine time."""
        ...

    def monotonic_ns(self) -> int:
        """Real time, for watchdogs and the timer."""
        ...

    def real_delay_ns(self, until: Timestamp) -> int:
        """Real nanoseconds until engine time `until`; 0 when that is now or past."""
        ...


class EngineClock:
    """Engine time at `speed` times real time.

    origin_ns            engine time at the anchor
    anchor_monotonic_ns  the monotonic reading at which engine time was `origin_ns`; None: time stands still there
                         until `release`
    speed                engine seconds per real second, above 0, exact
    """

    def __init__(
        self,
        origin_ns: int,
        anchor_monotonic_ns: int | None,
        speed: Fraction | int = 1,
        monotonic: Callable[[], int] = monotonic_ns,
    ) -> None:
        if isinstance(speed, float) or speed <= 0:
            raise ValueError(f"speed must be an integer or a Fraction above 0, not {speed!r}")
        self._origin_ns = origin_ns
        self._anchor_ns = anchor_monotonic_ns
        self._speed = Fraction(speed)
        self._monotonic = monotonic

    @classmethod
    def starting_at(cls, origin: Timestamp, speed: Fraction | int = 1) -> "EngineClock":
        """A clock that shows `origin` at this moment."""
        return cls(origin, monotonic_ns(), speed)

    def release(self, anchor_monotonic_ns: int) -> None:
        """Let time run: it was `origin_ns` at this monotonic reading."""
        self._anchor_ns = anchor_monotonic_ns

    @property
    def speed(self) -> Fraction:
        """Engine seconds per real second."""
        return self._speed

    def now(self) -> Timestamp:
        """Engine time, nanoseconds since the Unix epoch."""
        anchor = self._anchor_ns
        if anchor is None:
            return Timestamp(self._origin_ns)
        elapsed = self._monotonic() - anchor
        return Timestamp(self._origin_ns + elapsed * self._speed.numerator // self._speed.denominator)

    def monotonic_ns(self) -> int:
        """The real clock this engine clock runs on."""
        return self._monotonic()

    def real_delay_ns(self, until: Timestamp) -> int:
        """The fewest real nanoseconds after which `now()` will be `until` or later; 0 when it already is."""
        engine_elapsed = until - self._origin_ns
        anchor = self._monotonic() if self._anchor_ns is None else self._anchor_ns
        due = anchor - (-engine_elapsed * self._speed.denominator // self._speed.numerator)
        return max(0, due - self._monotonic())
