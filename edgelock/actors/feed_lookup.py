"""Reads the venue's lists for the feed, on a thread of its own, because reading waits and the socket must not.

The socket's thread leaves wishes and takes up answers like any other request. Comparisons of books go first, and only
the newest is worth anything; the rest is read at a bounded rate, once per market or event however often it is wished.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from edgelock.core.book import Book
from edgelock.core.fees import FeeSchedule
from edgelock.kalshi.rest_call import VenueUnreachable
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_error import VenueError
from edgelock.kalshi.wire_market import EventTerms, MarketListing, SeriesTerms, effective_fees

UNREADABLE = (VenueError, VenueUnreachable, WireError)
"""What reading may raise."""
_NOT_FOUND = 404
BETWEEN_READS_S = 0.25
"""Real seconds between two reads that are not comparisons."""
AGAIN_AFTER_S = 2.0
"""After a read that failed, the next one waits this long."""


class FeedReads(Protocol):
    """The part of the venue's REST interface that the feed needs (kalshi.rest.KalshiRest)."""

    def order_books(self, tickers: Sequence[str]) -> Mapping[str, Book]:
        """The whole books of these markets."""
        ...

    def market(self, ticker: str) -> MarketListing:
        """One market."""
        ...

    def event(self, event_ticker: str) -> EventTerms:
        """What an event changes of its series' fees."""
        ...

    def series(self, series_ticker: str) -> SeriesTerms:
        """What a series charges."""
        ...

    def close(self) -> None:
        """Let the connection go."""
        ...


@dataclass(frozen=True, slots=True)
class CompareBooks:
    """A wish: the venue's books of these markets. The rest is handed back: which connection it is for, what was the
    number of its newest frame, and when it was asked (real, monotonic nanoseconds).
    """

    tickers: tuple[str, ...]
    connection: int
    sequence: int
    asked_ns: int


@dataclass(frozen=True, slots=True)
class FeesOf:
    """A wish: what the markets of this event are charged. With `overrides` those of the event are known already."""

    event_ticker: str
    series_ticker: str
    overrides: tuple[str | None, Fraction | None] | None = None


@dataclass(frozen=True, slots=True)
class BooksRead:
    """The answer to CompareBooks; `books` is None when nobody answered."""

    wish: CompareBooks
    books: Mapping[str, Book] | None


@dataclass(frozen=True, slots=True)
class MarketRead:
    """A market as the venue lists it now; on production this may be 15 s old."""

    listing: MarketListing


@dataclass(frozen=True, slots=True)
class FeesRead:
    """What the markets of an event are charged."""

    event_ticker: str
    fees: FeeSchedule


LookupAnswer = BooksRead | MarketRead | FeesRead


_Wish = CompareBooks | FeesOf | str


class FeedLookup:
    """`start`, wish, and `request_stop`, each from any thread.

    reads      called once on the lookup's thread, which alone uses what it gives and closes it in the end
    answer     called on the lookup's thread
    on_failed  called there, as its last act, when something raises that is not the venue's
    """

    def __init__(
        self,
        reads: Callable[[], FeedReads],
        *,
        answer: Callable[[LookupAnswer], None],
        on_failed: Callable[[str], None],
        name: str,
    ) -> None:
        self._make_reads = reads
        self._answer = answer
        self._on_failed = on_failed
        self._changed = threading.Condition()
        self._books: CompareBooks | None = None
        self._markets: dict[str, None] = {}
        self._fees: dict[str, FeesOf] = {}
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def request_stop(self) -> None:
        """Ask the thread to end after the read under way, and do not wait for it."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()

    def compare(self, wish: CompareBooks) -> None:
        """Read these books next; an older wish that is not begun is forgotten."""
        with self._changed:
            self._books = wish
            self._changed.notify_all()

    def read_market(self, ticker: str) -> None:
        """Read this market; repeated until it is read or the venue says that there is none."""
        with self._changed:
            self._markets[ticker] = None
            self._changed.notify_all()

    def read_fees(self, wish: FeesOf) -> None:
        """Read what this event is charged; repeated likewise."""
        with self._changed:
            self._fees[wish.event_ticker] = wish
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            reads = self._make_reads()
            try:
                self._read_until_stopped(reads)
            finally:
                reads.close()
        except Exception as error:  # noqa: BLE001 - firewall of the thread: whoever owns it must hear of its end
            self._on_failed(f"{type(error).__name__}: {error}")

    def _read_until_stopped(self, reads: FeedReads) -> None:
        pause_s = 0.0
        while (wish := self._next(pause_s)) is not None:
            if isinstance(wish, CompareBooks):
                self._answer(_books(reads, wish))
                continue
            pause_s = BETWEEN_READS_S
            try:
                self._answer(MarketRead(reads.market(wish)) if isinstance(wish, str) else _fees(reads, wish))
            except UNREADABLE as error:
                pause_s = AGAIN_AFTER_S
                if not (isinstance(error, VenueError) and error.status == _NOT_FOUND):
                    self._wish_again(wish)

    def _next(self, pause_s: float) -> _Wish | None:
        with self._changed:
            # A comparison is not kept waiting by the pace of the rest.
            self._changed.wait_for(lambda: self._is_stopping or self._books is not None, pause_s)
            self._changed.wait_for(lambda: self._is_stopping or self._books or self._markets or self._fees)
            if self._is_stopping:
                return None
            if self._books is not None:
                wish, self._books = self._books, None
                return wish
            if self._markets:
                ticker = next(iter(self._markets))
                del self._markets[ticker]
                return ticker
            return self._fees.pop(next(iter(self._fees)))

    def _wish_again(self, wish: FeesOf | str) -> None:
        with self._changed:
            if isinstance(wish, str):
                self._markets[wish] = None
            else:
                # What the socket has said of the event since is newer.
                self._fees.setdefault(wish.event_ticker, wish)


def _books(reads: FeedReads, wish: CompareBooks) -> BooksRead:
    try:
        return BooksRead(wish, reads.order_books(wish.tickers))
    except UNREADABLE:
        return BooksRead(wish, None)


def _fees(reads: FeedReads, wish: FeesOf) -> FeesRead:
    series = reads.series(wish.series_ticker)
    if wish.overrides is None:
        return FeesRead(wish.event_ticker, reads.event(wish.event_ticker).fees(series))
    return FeesRead(wish.event_ticker, effective_fees(series, *wish.overrides))
