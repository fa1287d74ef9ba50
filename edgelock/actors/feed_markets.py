"""The markets that a feed follows: what each was told last, and telling news to listeners first and then to the market.

Kept by the socket's thread. Only what is news is told; books and trades always are.
"""

from collections.abc import Iterator

from edgelock.actors.address import Address
from edgelock.actors.clock import Clock
from edgelock.actors.market_data import MarketDataListener
from edgelock.actors.messages import BookNews, FactNews, TradeNews
from edgelock.core.book import Book, BookView
from edgelock.core.facts import (
    BookChanged,
    FeedStatus,
    FeedStatusChanged,
    GridChanged,
    MarketStatusChanged,
    Print,
    TradesPrinted,
)
from edgelock.core.fees import FeeSchedule
from edgelock.core.market import Market, MarketStatus
from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import Price, Timestamp

LIST_LAG_NS = 20_000_000_000
"""The venue's list of markets may be so old, in real nanoseconds: it does not overrule what the socket said since."""
_STEPS = {
    MarketStatus.INITIALIZED: 0,
    MarketStatus.ACTIVE: 1,
    MarketStatus.INACTIVE: 1,
    MarketStatus.CLOSED: 2,
    MarketStatus.DETERMINED: 3,
    MarketStatus.DISPUTED: 4,
    MarketStatus.AMENDED: 5,
    MarketStatus.FINALIZED: 6,
}
"""A list that shows a later step of a market's life is not the older news, however old it may be."""


class _Followed:
    """One market: whom to tell, and what was told last. Status and close are None until AddMarket says them.

    announced_ns  when the socket last spoke of its status (real, monotonic)
    """

    __slots__ = (
        "announced_ns",
        "close_time",
        "feed_status",
        "fees",
        "grid",
        "market",
        "prints",
        "reason",
        "status",
        "subscriber",
    )

    def __init__(self) -> None:
        self.market: Market | None = None
        self.status: MarketStatus | None = None
        self.close_time: Timestamp | None = None
        self.grid: PriceGrid | None = None
        self.fees: FeeSchedule | None = None
        self.announced_ns: int | None = None
        self.subscriber: Address | None = None
        self.feed_status = FeedStatus.DOWN
        self.reason = "not connected"
        self.prints: list[Print] = []

    def take(self, market: Market) -> None:
        """What the venue's list said when the market was chosen."""
        self.market = market
        self.status, self.close_time = market.status, market.close_time
        self.grid, self.fees = market.grid, market.fees


class FeedMarkets:
    """Every market that somebody asked the feed about. A ticker that is not known is left alone."""

    def __init__(self, *, clock: Clock, listeners: tuple[MarketDataListener, ...]) -> None:
        self._clock = clock
        self._listeners = listeners
        self._markets: dict[str, _Followed] = {}
        self._printed: dict[str, _Followed] = {}

    # --- who is there -------------------------------------------------------------------------------------------

    def add(self, market: Market) -> None:
        """What the venue's list says of a market."""
        self._markets.setdefault(market.ticker, _Followed()).take(market)

    def subscribe(self, ticker: str, subscriber: Address, book: Book | None) -> None:
        """Tell this address from now on, beginning with what stands; `book` is None while it cannot be relied on."""
        followed = self._markets.setdefault(ticker, _Followed())
        followed.subscriber = subscriber
        at = self._clock.now()
        # Down is what a market starts with; saying so would be a warning at every start.
        if followed.feed_status is not FeedStatus.DOWN:
            status = FeedStatusChanged(at=at, status=followed.feed_status, reason=followed.reason)
            subscriber.tell(FactNews(status))
        if book is not None and not book.is_crossed:
            subscriber.tell(BookNews(BookChanged(at=at, view=book.view())))

    def drop(self, ticker: str) -> None:
        """Nobody wants to know any more."""
        self._markets.pop(ticker, None)
        self._printed.pop(ticker, None)

    def is_open(self, ticker: str) -> bool:
        """As far as known it takes orders, so that its book is worth comparing."""
        followed = self._markets.get(ticker)
        return followed is not None and followed.status in (MarketStatus.ACTIVE, None)

    def listed(self) -> Iterator[Market]:
        """The markets as they were when they were added."""
        return (followed.market for followed in self._markets.values() if followed.market is not None)

    # --- books and trades ---------------------------------------------------------------------------------------

    def book_moved(self, ticker: str, book: Book | None) -> None:
        """Let the listeners look. A crossed book is the middle of a match, or wrong: nothing is filled from it."""
        if book is not None and not book.is_crossed:
            at = self._clock.now()
            for listener in self._listeners:
                listener.on_book(ticker, book, at)

    def view_changed(self, ticker: str, view: BookView) -> None:
        """The best levels are now these."""
        self._tell(ticker, BookNews(BookChanged(at=self._clock.now(), view=view)))

    def restore(self, ticker: str, book: Book | None, reason: str) -> None:
        """Tell the market its book, and only then that it is good: nobody may price from the one that was lost.

        The book goes both ways, in place of an older view that waits unread, and ahead of the status.
        """
        if book is None:
            return
        news = BookChanged(at=self._clock.now(), view=book.view())
        self._tell(ticker, BookNews(news))
        self._tell(ticker, FactNews(news))
        self.set_feed_status(ticker, FeedStatus.LIVE, reason)

    def set_feed_status(self, ticker: str, status: FeedStatus, reason: str) -> None:
        """The book was lost or came back."""
        followed = self._markets[ticker]
        if followed.feed_status is status:
            return
        followed.feed_status, followed.reason = status, reason
        at = self._clock.now()
        for listener in self._listeners:
            listener.on_feed_status(ticker, status, reason, at)
        self._tell(ticker, FactNews(FeedStatusChanged(at=at, status=status, reason=reason)))

    def printed(self, ticker: str, trade: Print) -> None:
        """A public trade; the market is told with the rest of the batch."""
        at = self._clock.now()
        for listener in self._listeners:
            listener.on_trades(ticker, (trade,), at)
        followed = self._markets[ticker]
        followed.prints.append(trade)
        self._printed[ticker] = followed

    def tell_prints(self) -> None:
        """The batch is over."""
        for ticker, followed in self._printed.items():
            prints, followed.prints = tuple(followed.prints), []
            self._tell(ticker, TradeNews(TradesPrinted(at=self._clock.now(), prints=prints)))
        self._printed.clear()

    # --- what changes rarely ------------------------------------------------------------------------------------

    def announced(self, ticker: str, status: MarketStatus | None, close_time: Timestamp | None) -> None:
        """The socket spoke of the market's life; None is what it did not say."""
        self._markets[ticker].announced_ns = self._clock.monotonic_ns()
        self._set_status(ticker, status, close_time)

    def learned(self, ticker: str, status: MarketStatus, close_time: Timestamp) -> None:
        """A status from the venue's list, which may be older than what the socket has said."""
        followed = self._markets.get(ticker)
        if followed is None:
            return
        announced_ns, known = followed.announced_ns, followed.status
        is_older = announced_ns is not None and self._clock.monotonic_ns() - announced_ns <= LIST_LAG_NS
        if not is_older or (known is not None and _STEPS[status] > _STEPS[known]):
            self._set_status(ticker, status, close_time)

    def close_what_is_due(self) -> None:
        """The venue does not announce that a market's close has come."""
        now = self._clock.now()
        for ticker, followed in self._markets.items():
            if followed.status is None or followed.close_time is None or followed.status.is_over:
                continue
            if followed.close_time <= now:
                self._set_status(ticker, MarketStatus.CLOSED, None)

    def set_grid(self, ticker: str, grid: PriceGrid) -> None:
        """The market accepts these prices."""
        followed = self._markets.get(ticker)
        if followed is None or followed.grid == grid:
            return
        followed.grid = grid
        at = self._clock.now()
        for listener in self._listeners:
            listener.on_grid(ticker, grid, at)
        self._tell(ticker, FactNews(GridChanged(at=at, grid=grid)))

    def set_fees(self, event_ticker: str, fees: FeeSchedule) -> None:
        """The markets of this event are charged so."""
        at = self._clock.now()
        for ticker, followed in self._markets.items():
            market = followed.market
            if market is not None and market.event_ticker == event_ticker and followed.fees != fees:
                followed.fees = fees
                for listener in self._listeners:
                    listener.on_fees(ticker, fees, at)

    def paid(self, ticker: str, value: Price) -> None:
        """One YES got `value`."""
        at = self._clock.now()
        if ticker in self._markets:
            for listener in self._listeners:
                listener.on_settled(ticker, value, at)

    def _set_status(self, ticker: str, status: MarketStatus | None, close_time: Timestamp | None) -> None:
        followed = self._markets[ticker]
        new_status, new_close = status or followed.status, close_time or followed.close_time
        if new_status is None or new_close is None or (new_status, new_close) == (followed.status, followed.close_time):
            return
        followed.status, followed.close_time = new_status, new_close
        at = self._clock.now()
        for listener in self._listeners:
            listener.on_market_status(ticker, new_status, new_close, at)
        self._tell(ticker, FactNews(MarketStatusChanged(at=at, status=new_status, close_time=new_close)))

    def _tell(self, ticker: str, message: BookNews | TradeNews | FactNews) -> None:
        subscriber = self._markets[ticker].subscriber
        if subscriber is not None:
            subscriber.tell(message)
