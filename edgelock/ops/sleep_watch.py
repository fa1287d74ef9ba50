"""Notices that the machine slept: a laptop's lid, a virtual machine that was moved.

Monotonic time stands still in a sleep, and so does engine time, which every age, window and expiry is counted in. At a
venue whose clock went on all of these are wrong afterwards by the length of the sleep. Nothing can be mended in place:
a new start reads everything from the venue and from the journal, and begins with a clock that is right.
"""

from collections.abc import Callable

from edgelock.actors.clock import asleep_ns
from edgelock.core.units import SECOND

SLEPT_NS = 2 * SECOND
"""More than this is a sleep; the two clocks are not read at the same instant."""


class SleepWatch:
    """`look` now and then.

    asleep  how long the machine has slept since it was started, real nanoseconds
    """

    def __init__(self, asleep: Callable[[], int] = asleep_ns) -> None:
        self._asleep = asleep
        self._before_ns = asleep()

    def look(self) -> int:
        """How long it slept since the last look that told of a sleep; 0 when it did not. Real nanoseconds."""
        now_ns = self._asleep()
        slept_ns = now_ns - self._before_ns
        if slept_ns <= SLEPT_NS:
            return 0
        self._before_ns = now_ns
        return slept_ns
