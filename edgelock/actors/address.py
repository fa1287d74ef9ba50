"""A name that can be told things, whoever lives behind it at the moment.

`pykka.ActorRef.tell` raises in the sender when the receiver is dead, so one dead actor can kill the ones that talk
to it; and a restarted actor has a new ref. So nobody but a supervisor holds a ref; everybody else holds an Address.
Its `tell` never raises, never blocks, and stays valid over any number of restarts.

The inbox belongs to the address, not to the actor: when an incarnation dies, its supervisor points the address at
the next one's inbox and what was waiting moves along. When nobody is there and nobody is coming (not started yet,
quarantined, stopped), messages are let go and counted: FIFO ones as dead letters with their types, the others by lane.
"""

import threading
from collections import deque
from dataclasses import dataclass

from pykka._envelope import Envelope

from edgelock.actors.inbox import InboxCounters, Lane, LanedInbox, lane_of

DEAD_LETTER_TYPES_KEPT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LostMessages:
    """What was told to an address and reached nobody, since the program began. `last_types` are dead letters' types."""

    dead_letters: int
    latest_dropped: int
    control_dropped: int
    malformed: int
    last_types: tuple[str, ...]


class Address:
    """The stable name of one child; safe to share between threads and to use from any of them."""

    def __init__(self, name: str) -> None:
        self.name = name
        # Re-entrant, because a signal handler may tell the address that the interrupted code was telling.
        self._lock = threading.RLock()
        self._inbox: LanedInbox | None = None
        self._lost = dict.fromkeys(Lane, 0)
        self._malformed = 0
        self._last_types: deque[str] = deque(maxlen=DEAD_LETTER_TYPES_KEPT)

    def __repr__(self) -> str:
        return f"Address({self.name!r})"

    def tell(self, message: object) -> bool:
        """Queue a message for whoever lives here. False when it was let go (and counted). Never raises or blocks."""
        with self._lock:
            if self._inbox is None:
                self._lose(message)
                return False
            try:
                self._inbox.put(Envelope(message))
            except Exception:  # noqa: BLE001 - a message without a usable key or merge must not kill its sender
                self._malformed += 1
                self._last_types.append(type(message).__name__)
                return False
            return True

    def point_at(self, inbox: LanedInbox | None) -> None:
        """For supervisors only: from now on messages go to `inbox`, and so do those left in the present one.

        None means that nobody is there and nobody is coming: what was waiting is counted as lost.
        """
        with self._lock:
            before, self._inbox = self._inbox, inbox
            for envelope in before.detach() if before is not None else []:
                if inbox is None:
                    self._lose(envelope.message)
                else:
                    inbox.put(envelope)

    def lost(self) -> LostMessages:
        """What reached nobody so far."""
        with self._lock:
            return LostMessages(
                dead_letters=self._lost[Lane.FIFO],
                latest_dropped=self._lost[Lane.LATEST],
                control_dropped=self._lost[Lane.CONTROL],
                malformed=self._malformed,
                last_types=tuple(self._last_types),
            )

    def inbox_counters(self) -> InboxCounters | None:
        """Depths and age of what is waiting here; None when nobody is there."""
        with self._lock:
            return None if self._inbox is None else self._inbox.counters()

    def _lose(self, message: object) -> None:
        lane = lane_of(message)
        self._lost[lane] += 1
        if lane is Lane.FIFO:
            self._last_types.append(type(message).__name__)
