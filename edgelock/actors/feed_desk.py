"""What happens on the feed's socket thread: frames into the conversation, and what it says to listeners and markets.

Nothing here is shared: other threads leave requests, which are taken up between two batches of frames. A market is
told views, and only when they changed; listeners see every change of the book.
"""

from collections import deque
from collections.abc import Callable
from fractions import Fraction

from edgelock.actors.address import Address
from edgelock.actors.clock import Clock
from edgelock.actors.feed_check import BookCheck
from edgelock.actors.feed_lookup import BooksRead, FeedLookup, FeesOf, FeesRead, LookupAnswer, MarketRead
from edgelock.actors.market_data import MarketDataListener
from edgelock.actors.messages import AddMarket, BookNews, FactNews, MarketNews, Subscribe, TradeNews, Unsubscribe
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
from edgelock.core.telemetry import Record, SocketConnected, SocketDisconnected
from edgelock.core.units import Duration, Timestamp
from edgelock.kalshi.feed import FeedConversation
from edgelock.kalshi.feed_events import (
    BookMoved,
    BookRestored,
    BookSuspect,
    FeedEvent,
    FeesOverridden,
    GridSeen,
    LifeChanged,
    LifeUnsure,
    OutcomePaid,
    PrintsLost,
    TradeSeen,
    ViewChanged,
)

FeedRequest = AddMarket | MarketNews | Subscribe | Unsubscribe | LookupAnswer

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
SAME_FAILURE_NS = 60_000_000_000
"""While the venue cannot be reached for one and the same reason, it is said once in so many real nanoseconds."""


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


class FeedDesk:
    """The talk of one socket (kalshi.socket.SocketTalk).

    lookup          reads the venue's lists; None: nothing is compared or looked up, and quiet books are asked for again
                    on the socket itself
    record          takes telemetry; must not wait
    stale_after_ns  real nanoseconds after which a book that was not heard of is not to be relied on
    """

    def __init__(
        self,
        *,
        url: str,
        clock: Clock,
        listeners: tuple[MarketDataListener, ...],
        lookup: FeedLookup | None,
        record: Callable[[Record], None],
        stale_after_ns: int,
    ) -> None:
        self._url = url
        self._clock = clock
        self._listeners = listeners
        self._lookup = lookup
        self._record = record
        self._conversation = FeedConversation(can_compare=lookup is not None)
        self._check = BookCheck(self._conversation, clock=clock, stale_after_ns=stale_after_ns)
        self._requests: deque[FeedRequest] = deque()
        self._markets: dict[str, _Followed] = {}
        self._printed: dict[str, _Followed] = {}
        self._lost_status = FeedStatus.GAP
        self._failure = ("", 0)
        self._was_connected = False

    def post(self, request: FeedRequest) -> None:
        """From any thread: to be taken up at the next pause."""
        self._requests.append(request)

    # --- the socket's talk --------------------------------------------------------------------------------------

    def on_open(self, attempt: int) -> None:
        """Connected: subscriptions start from nothing, and what was announced meanwhile is looked up."""
        self._record(SocketConnected(at=self._clock.now(), url=self._url, attempt=attempt))
        self._failure = ("", 0)
        self._conversation.opened()
        self._check.opened()
        if self._was_connected:
            self._look_up_all()
        self._was_connected = True

    def on_text(self, text: bytes) -> None:
        """One frame."""
        for event in self._conversation.feed(text):
            self._tell(event)

    def on_pause(self, heard_ns: int | None) -> None:
        """Tell the views and prints of the batch, and look at requests and clocks."""
        while self._requests:
            self._take_up(self._requests.popleft())
        for event in self._conversation.settle():
            self._tell(event)
        self._tell_prints()
        if heard_ns is not None:
            self._compare_or_lose()
        self._close_what_is_due()

    def on_close(self, reason: str, retry_ns: int | None) -> None:
        """Every book is gone."""
        self._say_closed(reason, retry_ns)
        self._lose(FeedStatus.DOWN, self._conversation.closed(reason))
        for ticker in self._conversation.tickers:
            self._set_feed_status(ticker, FeedStatus.DOWN, reason)

    def outgoing(self) -> list[str]:
        """The frames to send now."""
        return self._conversation.commands(self._clock.monotonic_ns())

    @property
    def give_up_reason(self) -> str | None:
        """Why this connection is of no use any more."""
        return self._conversation.give_up_reason

    def _compare_or_lose(self) -> None:
        if self._check.is_stale():
            self._lose(FeedStatus.STALE, self._conversation.doubt("no book was heard of in time"))
            return
        wish = self._check.wish(lambda ticker: self._markets[ticker].status in (MarketStatus.ACTIVE, None))
        if wish is None:
            return
        if self._lookup is None:
            self._conversation.ask_again()
        else:
            self._lookup.compare(wish)

    def _say_closed(self, reason: str, retry_ns: int | None) -> None:
        known, said_ns = self._failure
        now_ns = self._clock.monotonic_ns()
        if retry_ns is not None and reason == known and now_ns - said_ns < SAME_FAILURE_NS:
            return
        self._failure = (reason, now_ns)
        retry = None if retry_ns is None else Duration(retry_ns)
        self._record(SocketDisconnected(at=self._clock.now(), url=self._url, reason=reason, retry_s=retry))

    # --- requests -----------------------------------------------------------------------------------------------

    def _take_up(self, request: FeedRequest) -> None:
        match request:
            case AddMarket(market):
                self._markets.setdefault(market.ticker, _Followed()).take(market)
            case MarketNews(ticker, fact):
                self._learn_status(ticker, fact.status, fact.close_time)
            case Subscribe(ticker, subscriber):
                self._subscribe(ticker, subscriber)
            case Unsubscribe(ticker):
                self._conversation.leave(ticker)
                self._markets.pop(ticker, None)
                self._printed.pop(ticker, None)
            case BooksRead():
                for event in self._check.take(request):
                    self._tell(event)
            case MarketRead(listing):
                self._learn_status(listing.ticker, listing.status, listing.close_time)
                if listing.ticker in self._markets:
                    self._set_grid(listing.ticker, listing.grid)
                    if listing.status is MarketStatus.FINALIZED and listing.settlement_value is not None:
                        self._tell(OutcomePaid(listing.ticker, listing.settlement_value))
            case FeesRead(event_ticker, fees):
                self._set_fees(event_ticker, fees)

    def _learn_status(self, ticker: str, status: MarketStatus, close_time: Timestamp) -> None:
        """A status from the venue's list, which may be older than what the socket has said."""
        followed = self._markets.get(ticker)
        if followed is None:
            return
        if status in (MarketStatus.DISPUTED, MarketStatus.AMENDED):
            self._conversation.outcome_disputed(ticker)
        announced_ns, known = followed.announced_ns, followed.status
        is_older = announced_ns is not None and self._clock.monotonic_ns() - announced_ns <= LIST_LAG_NS
        if not is_older or (known is not None and _STEPS[status] > _STEPS[known]):
            self._set_market_status(ticker, status, close_time)

    def _look_up_all(self) -> None:
        for ticker, followed in self._markets.items():
            self._look_up(ticker, followed)

    def _look_up(self, ticker: str, followed: _Followed) -> None:
        """Ask for all that announcements may have changed."""
        if self._lookup is not None and followed.market is not None:
            self._lookup.read_market(ticker)
            self._lookup.read_fees(FeesOf(followed.market.event_ticker, followed.market.series_ticker))

    def _subscribe(self, ticker: str, subscriber: Address) -> None:
        followed = self._markets.setdefault(ticker, _Followed())
        followed.subscriber = subscriber
        self._conversation.follow(ticker)
        at = self._clock.now()
        # Down is what a market starts with; saying so would be a warning at every start.
        if followed.feed_status is not FeedStatus.DOWN:
            status = FeedStatusChanged(at=at, status=followed.feed_status, reason=followed.reason)
            subscriber.tell(FactNews(status))
        book = self._conversation.book(ticker)
        if book is not None and not book.is_crossed:
            subscriber.tell(BookNews(BookChanged(at=at, view=book.view())))

    # --- events -------------------------------------------------------------------------------------------------

    def _tell(self, event: FeedEvent) -> None:
        at = self._clock.now()
        match event:
            case BookMoved(ticker):
                book = self._conversation.book(ticker)
                # A crossed one is the middle of a match, or wrong: nothing is filled from it.
                if book is not None and not book.is_crossed:
                    for listener in self._listeners:
                        listener.on_book(ticker, book, at)
            case ViewChanged(ticker, view):
                self._tell_market(ticker, BookNews(BookChanged(at=at, view=view)))
            case TradeSeen(ticker, trade):
                for listener in self._listeners:
                    listener.on_trades(ticker, (trade,), at)
                followed = self._markets[ticker]
                followed.prints.append(trade)
                self._printed[ticker] = followed
            case BookSuspect(ticker, reason):
                self._set_feed_status(ticker, self._lost_status, reason)
            case BookRestored(ticker):
                if not self._check.is_stale():
                    self._restore(ticker, "snapshot")
            case PrintsLost(reason):
                self._start_reference_again(reason)
            case LifeUnsure():
                self._look_up_all()
            case LifeChanged(ticker, status, close_time):
                self._markets[ticker].announced_ns = self._clock.monotonic_ns()
                self._set_market_status(ticker, status, close_time)
            case GridSeen(ticker, grid):
                self._set_grid(ticker, grid)
            case OutcomePaid(ticker, value):
                if value is None:
                    # It was announced while nobody listened, or disputed since: the venue's list says what was paid.
                    self._look_up(ticker, self._markets[ticker])
                else:
                    for listener in self._listeners:
                        listener.on_settled(ticker, value, at)
            case FeesOverridden(event_ticker, fee_type, multiplier):
                self._look_up_fees(event_ticker, (fee_type, multiplier))

    def _start_reference_again(self, reason: str) -> None:
        """The reference is an average of prints: where some are missing it starts again, as after any gap.

        The books are as good as before, so they are told again at once.
        """
        for ticker in self._conversation.tickers:
            book = self._conversation.book(ticker)
            if book is None or book.is_crossed:
                continue
            self._set_feed_status(ticker, FeedStatus.GAP, f"prints were missed: {reason}")
            self._tell(BookMoved(ticker))
            self._restore(ticker, "the book is complete")

    def _restore(self, ticker: str, reason: str) -> None:
        """Tell the market its book, and only then that it is good: nobody may price from the one that was lost.

        The book goes both ways, in place of an older view that waits unread, and ahead of the status.
        """
        book = self._conversation.book(ticker)
        if book is None:
            return
        news = BookChanged(at=self._clock.now(), view=book.view())
        self._tell_market(ticker, BookNews(news))
        self._tell_market(ticker, FactNews(news))
        self._set_feed_status(ticker, FeedStatus.LIVE, reason)

    def _look_up_fees(self, event_ticker: str, overrides: tuple[str | None, Fraction | None]) -> None:
        for followed in self._markets.values():
            market = followed.market
            if market is not None and market.event_ticker == event_ticker and self._lookup is not None:
                self._lookup.read_fees(FeesOf(event_ticker, market.series_ticker, overrides))
                return

    def _set_fees(self, event_ticker: str, fees: FeeSchedule) -> None:
        at = self._clock.now()
        for ticker, followed in self._markets.items():
            market = followed.market
            if market is not None and market.event_ticker == event_ticker and followed.fees != fees:
                followed.fees = fees
                for listener in self._listeners:
                    listener.on_fees(ticker, fees, at)

    def _set_grid(self, ticker: str, grid: PriceGrid) -> None:
        followed = self._markets[ticker]
        if followed.grid == grid:
            return
        followed.grid = grid
        at = self._clock.now()
        for listener in self._listeners:
            listener.on_grid(ticker, grid, at)
        self._tell_market(ticker, FactNews(GridChanged(at=at, grid=grid)))

    def _lose(self, status: FeedStatus, events: list[FeedEvent]) -> None:
        self._lost_status = status
        for event in events:
            self._tell(event)
        self._lost_status = FeedStatus.GAP

    def _set_feed_status(self, ticker: str, status: FeedStatus, reason: str) -> None:
        followed = self._markets[ticker]
        if followed.feed_status is status:
            return
        followed.feed_status, followed.reason = status, reason
        at = self._clock.now()
        for listener in self._listeners:
            listener.on_feed_status(ticker, status, reason, at)
        self._tell_market(ticker, FactNews(FeedStatusChanged(at=at, status=status, reason=reason)))

    def _set_market_status(self, ticker: str, status: MarketStatus | None, close_time: Timestamp | None) -> None:
        followed = self._markets[ticker]
        new_status, new_close = status or followed.status, close_time or followed.close_time
        if new_status is None or new_close is None or (new_status, new_close) == (followed.status, followed.close_time):
            return
        followed.status, followed.close_time = new_status, new_close
        at = self._clock.now()
        for listener in self._listeners:
            listener.on_market_status(ticker, new_status, new_close, at)
        self._tell_market(ticker, FactNews(MarketStatusChanged(at=at, status=new_status, close_time=new_close)))

    def _close_what_is_due(self) -> None:
        # The venue does not announce that a market's close has come.
        now = self._clock.now()
        for ticker, followed in self._markets.items():
            if followed.status is None or followed.close_time is None or followed.status.is_over:
                continue
            if followed.close_time <= now:
                self._set_market_status(ticker, MarketStatus.CLOSED, None)

    def _tell_prints(self) -> None:
        for ticker, followed in self._printed.items():
            prints, followed.prints = tuple(followed.prints), []
            self._tell_market(ticker, TradeNews(TradesPrinted(at=self._clock.now(), prints=prints)))
        self._printed.clear()

    def _tell_market(self, ticker: str, message: BookNews | TradeNews | FactNews) -> None:
        subscriber = self._markets[ticker].subscriber
        if subscriber is not None:
            subscriber.tell(message)
