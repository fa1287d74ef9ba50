"""What a feed needs around it in a test: a venue's lists that say what the test says, and who keeps what was told."""

import threading

from edgelock.core.book import Book, Level
from edgelock.core.units import parse_price, parse_size
from edgelock.kalshi.rest_call import VenueUnreachable


def book_of(bids, asks):
    """A book from the texts of a snapshot; asks on the YES scale."""
    sides = ([Level(parse_price(price), parse_size(size)) for price, size in side] for side in (bids, asks))
    return Book(*sides)


class ListedReads:
    """The venue's lists as the test sets them; `is_down` makes every reading fail.

    books      ticker -> (bids, asks) as texts
    listings   ticker -> MarketListing
    asked      every reading, in order, as (what, whom)
    """

    def __init__(self, books=None, listings=None, events=None, series=None):
        self.books = books or {}
        self.listings = listings or {}
        self.events = events or {}
        self.series_terms = series or {}
        self.is_down = False
        self.is_closed = threading.Event()
        self._changed = threading.Condition()
        self.asked = []

    def order_books(self, tickers):
        self._ask("books", tuple(tickers))
        return {ticker: book_of(*self.books[ticker]) for ticker in tickers if ticker in self.books}

    def market(self, ticker):
        self._ask("market", ticker)
        return self.listings[ticker]

    def event(self, event_ticker):
        self._ask("event", event_ticker)
        return self.events[event_ticker]

    def series(self, series_ticker):
        self._ask("series", series_ticker)
        return self.series_terms[series_ticker]

    def close(self):
        self.is_closed.set()

    def wait_until_asked(self, what, count, patience_s):
        """Until there were `count` readings of this kind."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._times(what) >= count, patience_s), self.asked

    def _times(self, what):
        return sum(1 for kind, _ in self.asked if kind == what)

    def _ask(self, what, whom):
        with self._changed:
            self.asked.append((what, whom))
            self._changed.notify_all()
        if self.is_down:
            raise VenueUnreachable("no answer")
