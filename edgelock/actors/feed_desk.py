"""What happens on the feed's socket thread: frames into the conversation, and what it says to listeners and markets.

Nothing here is shared: other threads leave requests, which are taken up between two batches of frames. A market is
told views, and only when they changed; listeners see every change of the book.
"""

from collections import deque
from collections.abc import Callable

from edgelock.actors.address import Address
from edgelock.actors.clock import Clock
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
from edgelock.core.market import MarketStatus
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
    OutcomePaid,
    TradeSeen,
    ViewChanged,
)

FeedRequest = AddMarket | MarketNews | Subscribe | Unsubscribe


class _Followed:
    """One market: whom to tell, and what was told last. Status and close are None until AddMarket says them."""

    __slots__ = ("close_time", "feed_status", "prints", "reason", "status", "subscriber")

    def __init__(self) -> None:
        self.status: MarketStatus | None = None
        self.close_time: Timestamp | None = None
        self.subscriber: Address | None = None
        self.feed_status = FeedStatus.DOWN
        self.reason = "not connected"
        self.prints: list[Print] = []


class FeedDesk:
    """The talk of one socket (kalshi.socket.SocketTalk).

    stale_after_ns  silence, in real nanoseconds, after which no book is relied on any more
    record          takes telemetry; must not wait
    """

    def __init__(
        self,
        *,
        url: str,
        clock: Clock,
        listeners: tuple[MarketDataListener, ...],
        record: Callable[[Record], None],
        stale_after_ns: int,
    ) -> None:
        self._url = url
        self._clock = clock
        self._listeners = listeners
        self._record = record
        self._stale_after_ns = stale_after_ns
        self._conversation = FeedConversation()
        self._requests: deque[FeedRequest] = deque()
        self._markets: dict[str, _Followed] = {}
        self._printed: dict[str, _Followed] = {}
        self._lost_status = FeedStatus.GAP

    def post(self, request: FeedRequest) -> None:
        """From any thread: to be taken up at the next pause."""
        self._requests.append(request)

    # --- the socket's talk --------------------------------------------------------------------------------------

    def on_open(self, attempt: int) -> None:
        """Connected: subscriptions start from nothing."""
        self._record(SocketConnected(at=self._clock.now(), url=self._url, attempt=attempt))
        self._conversation.opened()

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
        if heard_ns is not None and self._clock.monotonic_ns() - heard_ns > self._stale_after_ns:
            self._lose(FeedStatus.STALE, self._conversation.doubt("nothing heard from the venue"))
        self._close_what_is_due()

    def on_close(self, reason: str, retry_ns: int | None) -> None:
        """Every book is gone."""
        retry = None if retry_ns is None else Duration(retry_ns)
        self._record(SocketDisconnected(at=self._clock.now(), url=self._url, reason=reason, retry_s=retry))
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

    # --- requests -----------------------------------------------------------------------------------------------

    def _take_up(self, request: FeedRequest) -> None:
        match request:
            case AddMarket(market):
                known = self._markets.setdefault(market.ticker, _Followed())
                known.status, known.close_time = market.status, market.close_time
            case MarketNews(ticker, fact):
                if ticker in self._markets:
                    self._set_market_status(ticker, fact.status, fact.close_time)
            case Subscribe(ticker, subscriber):
                self._subscribe(ticker, subscriber)
            case Unsubscribe(ticker):
                self._conversation.leave(ticker)
                self._markets.pop(ticker, None)
                self._printed.pop(ticker, None)

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
                if book is not None:
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
                self._set_feed_status(ticker, FeedStatus.LIVE, "snapshot")
            case LifeChanged(ticker, status, close_time):
                self._set_market_status(ticker, status, close_time)
            case GridSeen(ticker, grid):
                for listener in self._listeners:
                    listener.on_grid(ticker, grid, at)
                self._tell_market(ticker, FactNews(GridChanged(at=at, grid=grid)))
            case OutcomePaid(ticker, value):
                # Without a value the announcement was missed; the market's status brings it by REST.
                if value is not None:
                    for listener in self._listeners:
                        listener.on_settled(ticker, value, at)
            case FeesOverridden():
                # A market's fees are read when it is selected; a change during the game is taken up with it.
                pass

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
