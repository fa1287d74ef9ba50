"""What the door to the venue counts, for those who only look."""

import threading
from collections import Counter


class GateBoard:
    """Written by the exchange actor, read by anyone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fenced: Counter[str] = Counter()
        self._fills: Counter[str] = Counter()
        self._unarmed = 0

    def count_fenced(self, ticker: str, intents: int) -> None:
        """Intents of an older incarnation, or after the gate was shut, were refused."""
        with self._lock:
            self._fenced[ticker] += intents

    def count_fill(self, ticker: str) -> None:
        """A fill was booked."""
        with self._lock:
            self._fills[ticker] += 1

    def note_unarmed(self, markets: int) -> None:
        """So many markets have to have their exits, or to be known, before any entry may leave."""
        with self._lock:
            self._unarmed = markets

    def unarmed(self) -> int:
        """Markets that the entries of all others wait for."""
        with self._lock:
            return self._unarmed

    def fenced(self, ticker: str) -> int:
        """Intents refused so far in this market."""
        with self._lock:
            return self._fenced[ticker]

    def fills(self) -> int:
        """Fills booked so far, all markets."""
        with self._lock:
            return sum(self._fills.values())
