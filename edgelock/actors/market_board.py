"""The last known state of every market, for those who only look: live view, status, heartbeat.

Market states are frozen, so publishing one is putting a reference into a table; looking costs the market nothing.
"""

import threading
from collections import deque

from edgelock.actors.desk_history import Told
from edgelock.core.market_state import MarketState

STEP_TIMES_KEPT = 4096


class MarketBoard:
    """Written by market actors, read by anyone."""

    def __init__(self) -> None:
        # Re-entrant, because the second signal's handler looks while the interrupted code may be looking.
        self._lock = threading.RLock()
        self._states: dict[str, MarketState] = {}
        self._told: dict[str, Told] = {}
        self._forgotten: set[str] = set()
        self._steps = 0
        self._step_ns: deque[int] = deque(maxlen=STEP_TIMES_KEPT)

    def publish(self, state: MarketState, took_ns: int) -> None:
        """The market's state after a step that took this long (real nanoseconds)."""
        with self._lock:
            if state.market.ticker not in self._forgotten:
                self._states[state.market.ticker] = state
            self._steps += 1
            self._step_ns.append(took_ns)

    def forget(self, ticker: str) -> None:
        """The market was left for good; a last word of its actor, which ends a moment later, changes nothing."""
        with self._lock:
            self._forgotten.add(ticker)
            self._states.pop(ticker, None)
            self._told.pop(ticker, None)

    def note_told(self, ticker: str, told: Told) -> None:
        """Up to here the market has told people of what is on record."""
        with self._lock:
            if ticker not in self._forgotten:
                self._told[ticker] = told

    def told(self, ticker: str) -> Told | None:
        """Up to where its lives have told people; None when none of them had the record."""
        with self._lock:
            return self._told.get(ticker)

    def state(self, ticker: str) -> MarketState | None:
        """The last published state of one market."""
        with self._lock:
            return self._states.get(ticker)

    def states(self) -> tuple[MarketState, ...]:
        """The last published state of every market, by ticker."""
        with self._lock:
            return tuple(state for _, state in sorted(self._states.items()))

    def steps(self) -> int:
        """How many steps all markets have made."""
        with self._lock:
            return self._steps

    def step_percentile_us(self, percent: int) -> int:
        """A percentile of the recent step times, in whole microseconds; 0 before the first step."""
        with self._lock:
            times = sorted(self._step_ns)
        if not times:
            return 0
        return times[min(len(times) * percent // 100, len(times) - 1)] // 1000
