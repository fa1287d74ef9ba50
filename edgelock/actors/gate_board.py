"""What the door to the venue counts, for those who only look; and the books that it looks at itself."""

import threading
from collections import Counter

from edgelock.core.book import Book, BookView


class GateBoard:
    """Written by the exchange actor, the touch by the feed; read by anyone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fenced: Counter[str] = Counter()
        self._fills: Counter[str] = Counter()
        self._unarmed = 0
        self._touches: dict[str, BookView | None] = {}

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

    def watch_touch(self, ticker: str, *, is_on: bool) -> None:
        """The door needs to know what the book of this market shows, or does not any more."""
        with self._lock:
            if is_on:
                self._touches.setdefault(ticker, None)
            else:
                self._touches.pop(ticker, None)

    def note_book(self, ticker: str, book: Book) -> None:
        """The book is this now. Costs next to nothing for a market that the door does not look at."""
        if ticker in self._touches:
            view = book.view()
            with self._lock:
                if ticker in self._touches:
                    self._touches[ticker] = view

    def forget_book(self, ticker: str) -> None:
        """The book was lost."""
        with self._lock:
            if ticker in self._touches:
                self._touches[ticker] = None

    def touch(self, ticker: str) -> BookView | None:
        """The best levels of a market that the door looks at; None when the feed has not told them since."""
        with self._lock:
            return self._touches.get(ticker)

    def fenced(self, ticker: str) -> int:
        """Intents refused so far in this market."""
        with self._lock:
            return self._fenced[ticker]

    def fills(self) -> int:
        """Fills booked so far, all markets."""
        with self._lock:
            return sum(self._fills.values())
