"""What only the lines can tell a viewer: the newest events that a person wants to see, and who moved the kill latch.

The telemetry actor notes every record it writes; any thread may look. Everything else that is shown comes from the
boards of those who own it (`market_board`, `risk_board`, `supervision_status`).
"""

import threading
from collections import deque

from edgelock.core import telemetry as t

RECENT_EVENTS_KEPT = 200


class TelemetryBoard:
    """Written by the telemetry actor, read by anyone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: deque[t.Record] = deque(maxlen=RECENT_EVENTS_KEPT)
        self._killed_by: str | None = None

    def note(self, record: t.Record) -> None:
        """Take in one record that was written."""
        with self._lock:
            if type(record) not in _NOT_FOR_PEOPLE:
                self._recent.append(record)
            if isinstance(record, t.KillOn):
                self._killed_by = record.who
            elif isinstance(record, t.KillOff):
                self._killed_by = None

    def recent(self) -> tuple[t.Record, ...]:
        """The newest lines that a person wants to see, oldest first."""
        with self._lock:
            return tuple(self._recent)

    def killed_by(self) -> str | None:
        """Who put the kill latch on; None while the last word about it is that it is off."""
        with self._lock:
            return self._killed_by


_NOT_FOR_PEOPLE = frozenset(
    {
        t.QuotePlace,
        t.QuoteCancel,
        t.QuoteAmend,
        t.OrderAck,
        t.OrderCancelled,
        t.ShadowQuote,
        t.BookSnapshot,
        t.Heartbeat,
        t.Config,
        t.ExitAverage,
        t.StartupCheck,
        t.InventoryLimit,
        t.RateLimited,
    }
)
