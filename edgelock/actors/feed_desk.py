"""What happens on the feed's socket thread: frames into the conversation, and what it says to listeners and markets.

Nothing here is shared: other threads leave requests, which are taken up between two batches of frames. A market is
told views, and only when they changed; listeners see every change of the book.
"""

from collections import deque
from collections.abc import Callable
from fractions import Fraction

from edgelock.actors.clock import Clock
from edgelock.actors.feed_check import BookCheck
from edgelock.actors.feed_lookup import BooksRead, FeedLookup, FeesOf, FeesRead, LookupAnswer, MarketRead
from edgelock.actors.feed_markets import FeedMarkets
from edgelock.actors.market_data import MarketDataListener
from edgelock.actors.messages import AddMarket, MarketNews, Subscribe, Unsubscribe
from edgelock.core.facts import FeedStatus
from edgelock.core.market import Market, MarketStatus
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

SAME_FAILURE_NS = 60_000_000_000
"""While the venue cannot be reached for one and the same reason, it is said once in so many real nanoseconds."""


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
        self._lookup = lookup
        self._record = record
        self._conversation = FeedConversation(can_compare=lookup is not None)
        self._check = BookCheck(self._conversation, clock=clock, stale_after_ns=stale_after_ns)
        self._requests: deque[FeedRequest] = deque()
        self._markets = FeedMarkets(clock=clock, listeners=listeners)
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
        self._markets.tell_prints()
        if heard_ns is not None:
            self._compare_or_lose()
        self._markets.close_what_is_due()

    def on_close(self, reason: str, retry_ns: int | None) -> None:
        """Every book is gone."""
        self._say_closed(reason, retry_ns)
        self._lose(FeedStatus.DOWN, self._conversation.closed(reason))
        for ticker in self._conversation.tickers:
            self._markets.set_feed_status(ticker, FeedStatus.DOWN, reason)

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
        wish = self._check.wish(self._markets.is_open)
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
                self._markets.add(market)
            case MarketNews(ticker, fact):
                self._learn_status(ticker, fact.status, fact.close_time)
            case Subscribe(ticker, subscriber):
                self._conversation.follow(ticker)
                self._markets.subscribe(ticker, subscriber, self._conversation.book(ticker))
            case Unsubscribe(ticker):
                self._conversation.leave(ticker)
                self._markets.drop(ticker)
            case BooksRead():
                for event in self._check.take(request):
                    self._tell(event)
            case MarketRead(listing):
                self._learn_status(listing.ticker, listing.status, listing.close_time)
                self._markets.set_grid(listing.ticker, listing.grid)
                if listing.status is MarketStatus.FINALIZED and listing.settlement_value is not None:
                    self._markets.paid(listing.ticker, listing.settlement_value)
            case FeesRead(event_ticker, fees):
                self._markets.set_fees(event_ticker, fees)

    def _learn_status(self, ticker: str, status: MarketStatus, close_time: Timestamp) -> None:
        if status in (MarketStatus.DISPUTED, MarketStatus.AMENDED):
            self._conversation.outcome_disputed(ticker)
        self._markets.learned(ticker, status, close_time)

    # --- events -------------------------------------------------------------------------------------------------

    def _tell(self, event: FeedEvent) -> None:
        match event:
            case BookMoved(ticker):
                self._markets.book_moved(ticker, self._conversation.book(ticker))
            case ViewChanged(ticker, view):
                self._markets.view_changed(ticker, view)
            case TradeSeen(ticker, trade):
                self._markets.printed(ticker, trade)
            case BookSuspect(ticker, reason):
                self._markets.set_feed_status(ticker, self._lost_status, reason)
            case BookRestored(ticker):
                if not self._check.is_stale():
                    self._markets.restore(ticker, self._conversation.book(ticker), "snapshot")
            case PrintsLost(reason):
                self._start_reference_again(reason)
            case LifeUnsure():
                self._look_up_all()
            case LifeChanged(ticker, status, close_time):
                self._markets.announced(ticker, status, close_time)
            case GridSeen(ticker, grid):
                self._markets.set_grid(ticker, grid)
            case OutcomePaid(ticker, None):
                # It was announced while nobody listened, or disputed since: the venue's list says what was paid.
                self._look_up(lambda market: market.ticker == ticker)
            case OutcomePaid(ticker, value) if value is not None:
                self._markets.paid(ticker, value)
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
            self._markets.set_feed_status(ticker, FeedStatus.GAP, f"prints were missed: {reason}")
            self._markets.book_moved(ticker, book)
            self._markets.restore(ticker, book, "the book is complete")

    def _lose(self, status: FeedStatus, events: list[FeedEvent]) -> None:
        self._lost_status = status
        for event in events:
            self._tell(event)
        self._lost_status = FeedStatus.GAP

    # --- what the venue's lists say -----------------------------------------------------------------------------

    def _look_up_all(self) -> None:
        self._look_up(lambda _: True)

    def _look_up(self, is_wanted: Callable[[Market], bool]) -> None:
        """Ask for all that announcements may have changed."""
        if self._lookup is None:
            return
        for market in self._markets.listed():
            if is_wanted(market):
                self._lookup.read_market(market.ticker)
                self._lookup.read_fees(FeesOf(market.event_ticker, market.series_ticker))

    def _look_up_fees(self, event_ticker: str, overrides: tuple[str | None, Fraction | None]) -> None:
        series = {m.series_ticker for m in self._markets.listed() if m.event_ticker == event_ticker}
        if self._lookup is not None:
            for series_ticker in series:
                self._lookup.read_fees(FeesOf(event_ticker, series_ticker, overrides))
