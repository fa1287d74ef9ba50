"""Order groups: the venue's circuit breaker over a set of orders (venue reference §7).

A group counts the contracts that its orders matched in a rolling window. At the limit it trips: its resting orders
are canceled and it accepts no order until it is reset. The fill that trips it stands.
"""

from collections import deque
from dataclasses import dataclass, field

from edgelock.core.units import SECOND, Duration, Size, Timestamp

WINDOW = Duration(15 * SECOND)
CONTRACTS_LIMIT_MAX = Size(100 * 1_000_000)


@dataclass(slots=True, eq=False)
class OrderGroup:
    """One group, on one shard. It trips when the window's matched size reaches the limit (at or above: our reading)."""

    group_id: str
    contracts_limit: Size
    exchange_index: int = 0
    is_tripped: bool = False
    _matched: deque[tuple[Timestamp, Size]] = field(default_factory=deque)
    _matched_size: int = 0

    def record(self, size: Size, now: Timestamp) -> None:
        """Count a match."""
        self._matched.append((now, size))
        self._matched_size += size

    def has_reached_limit(self, now: Timestamp) -> bool:
        """Whether the matches of the window ending now reach the limit."""
        while self._matched and self._matched[0][0] <= now - WINDOW:
            self._matched_size -= self._matched.popleft()[1]
        return self._matched_size >= self.contracts_limit

    def reset(self) -> None:
        """Count from zero again and accept orders."""
        self._matched.clear()
        self._matched_size = 0
        self.is_tripped = False
