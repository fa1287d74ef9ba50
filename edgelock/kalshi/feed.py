"""The market data conversation, without a socket: frames go in, events and commands come out.

It keeps one book per followed market. Numbers (`seq`) run per subscription over every frame that has one, whatever
its type and market, so a missing number makes every book of that subscription suspect until a snapshot of each has
come. What we want to follow and what the venue has been asked for are two sets; commands are their difference, so
markets come and go while running, and a reconnect is just an empty second set.
Source: venue reference §10 (read 2026-11-22).
"""

from collections import Counter
from enum import Enum

from edgelock.core.book import Book, BookError
from edgelock.core.facts import Print
from edgelock.core.market import MarketStatus
from edgelock.core.units import Price
from edgelock.kalshi.feed_book import FollowedBook, ScaleError
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
from edgelock.kalshi.wire import WireError, price_field, ratio_field, seconds_field, size_field
from edgelock.kalshi.wire_feed import (
    FEE_ENDPOINT,
    LIFECYCLE_ENDPOINT,
    TRADE_ENDPOINT,
    DeltaBody,
    DeltaFrame,
    ErrorFrame,
    FeeBody,
    FeeFrame,
    Frame,
    LifecycleBody,
    LifecycleFrame,
    OkFrame,
    SnapshotBody,
    SnapshotFrame,
    SubscribedFrame,
    TradeBody,
    TradeFrame,
    UnknownFrame,
    UnsubscribedFrame,
    read_frame,
    subscribe_command,
    update_command,
)
from edgelock.kalshi.wire_market import grid_field, side_field

_SECOND_NS = 1_000_000_000
ANSWER_WITHIN_NS = 10 * _SECOND_NS
"""An unanswered subscription is given up, with the connection, after this long."""
SNAPSHOT_WITHIN_NS = 2 * _SECOND_NS
"""A snapshot that has not come is asked for again after this long, then after twice, four times … as long."""
SNAPSHOT_ASKS_MAX = 3
"""After so many unanswered asks for a book that had been there, the connection is given up."""
RETRY_AFTER_NS = 2 * _SECOND_NS
"""A refused command is not repeated sooner."""

_TERMINAL_ERRORS = frozenset({10, 25})
_AUTHENTICATION_REQUIRED = 9
_STATUS_OF_EVENT = {
    "created": MarketStatus.INITIALIZED,
    "activated": MarketStatus.ACTIVE,
    "deactivated": MarketStatus.INACTIVE,
    "determined": MarketStatus.DETERMINED,
    "settled": MarketStatus.FINALIZED,
}


class Channel(Enum):
    """The channels this conversation opens."""

    BOOK = "orderbook_delta"
    TRADES = "trade"
    LIFECYCLE = "market_lifecycle_v2"


class _Subscription:
    """One channel: what the venue calls it, where its numbering stands and which markets it was asked for."""

    __slots__ = ("asked", "asked_ns", "channel", "last_seq", "pending_id", "retry_ns", "sid")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.retry_ns = 0
        self.forget()

    def forget(self) -> None:
        self.sid: int | None = None
        self.last_seq = 0
        self.pending_id: int | None = None
        self.asked_ns = 0
        self.asked: set[str] = set()


class FeedConversation:
    """One connection after the other with the venue's market data; kept by one thread.

    counts  how often things happened that no event tells: "gap:CHANNEL", "unknown:TYPE", "unreadable", "error:CODE"
    """

    def __init__(self) -> None:
        self._followed: dict[str, FollowedBook] = {}
        self._book = _Subscription(Channel.BOOK)
        self._subscriptions = (self._book, _Subscription(Channel.TRADES), _Subscription(Channel.LIFECYCLE))
        self._by_sid: dict[int, _Subscription] = {}
        self._updates: dict[int, tuple[_Subscription, str, tuple[str, ...]]] = {}
        self._touched: dict[str, FollowedBook] = {}
        self._outcomes: dict[str, Price] = {}
        self._is_open = False
        self._number = 0
        self._now_ns = 0
        self.counts: Counter[str] = Counter()
        self.give_up_reason: str | None = None
        """Why this connection should be closed and another opened; None while it is good."""

    # --- what to follow -----------------------------------------------------------------------------------------

    def follow(self, ticker: str) -> None:
        """Keep the book of this market from now on; nothing changes when it is followed already."""
        if ticker not in self._followed:
            self._followed[ticker] = FollowedBook(ticker)

    def leave(self, ticker: str) -> None:
        """Stop following; what still comes for it is ignored."""
        self._followed.pop(ticker, None)
        self._touched.pop(ticker, None)
        self._outcomes.pop(ticker, None)

    def book(self, ticker: str) -> Book | None:
        """The book of a followed market while it can be relied on, else None. Not to be kept: it changes."""
        followed = self._followed.get(ticker)
        return followed.book if followed is not None and followed.is_fresh else None

    @property
    def tickers(self) -> tuple[str, ...]:
        """The followed markets, in order of name."""
        return tuple(sorted(self._followed))

    # --- the connection -----------------------------------------------------------------------------------------

    def opened(self) -> None:
        """A connection is up: numbering and subscriptions start from nothing."""
        self._reset()
        self._is_open = True

    def closed(self, reason: str) -> list[FeedEvent]:
        """The connection is gone; every book with it."""
        self._reset()
        return self._suspect_all(reason)

    def doubt(self, reason: str) -> list[FeedEvent]:
        """Something outside says that no book can be relied on; a snapshot of each is asked for."""
        return self._suspect_all(reason)

    def commands(self, now_ns: int) -> list[str]:
        """The frames to send now. `now_ns` is real, monotonic time. Ask after every batch, and now and then."""
        self._now_ns = now_ns
        if not self._is_open or self.give_up_reason is not None:
            return []
        commands = [command for subscription in self._subscriptions for command in self._open_or_update(subscription)]
        commands.extend(self._ask_for_snapshots())
        return commands

    # --- frames -------------------------------------------------------------------------------------------------

    def feed(self, text: bytes | str) -> list[FeedEvent]:
        """One frame. Never raises for what the venue sent: what cannot be read makes books suspect.

        A connection that is given up is not listened to any more.
        """
        if self.give_up_reason is not None:
            return []
        try:
            frame = read_frame(text)
        except WireError as error:
            lines = text.split(b"\n") if isinstance(text, bytes) else text.split("\n")
            several = [line for line in lines if line.strip()]
            if len(several) > 1:
                return [event for line in several for event in self.feed(line)]
            self.counts["unreadable"] += 1
            return self._suspect_all(str(error))
        if type(frame) is DeltaFrame and frame.sid == self._book.sid and frame.seq == self._book.last_seq + 1:
            self._book.last_seq = frame.seq
            return self._delta(frame.msg)
        return self._numbered(frame)

    def settle(self) -> list[FeedEvent]:
        """Call when no further frame is at hand: the views that changed, and the books that stayed crossed."""
        events: list[FeedEvent] = []
        for ticker, followed in tuple(self._touched.items()):
            try:
                view = followed.new_view()
            except BookError as error:
                events.extend(self._suspect(followed, str(error)))
                continue
            if view is not None:
                events.append(ViewChanged(ticker, view))
            if view is not None or not followed.is_held_back:
                del self._touched[ticker]
        return events

    def _numbered(self, frame: Frame) -> list[FeedEvent]:
        events: list[FeedEvent] = []
        if isinstance(frame, SubscribedFrame):
            self._subscribed(frame)
            return events
        if frame.sid is not None and frame.seq is not None:
            subscription = self._by_sid.get(frame.sid)
            if subscription is None:
                self.counts["unknown sid"] += 1
                return events
            expected, subscription.last_seq = subscription.last_seq + 1, frame.seq
            if frame.seq != expected:
                self.counts[f"gap:{subscription.channel.value}"] += 1
                if subscription is self._book:
                    events.extend(self._suspect_all(f"expected frame {expected}, got {frame.seq}"))
        events.extend(self._content(frame))
        return events

    def _content(self, frame: Frame) -> list[FeedEvent]:
        try:
            match frame:
                case DeltaFrame():
                    return self._delta(frame.msg)
                case SnapshotFrame():
                    return self._snapshot(frame.msg)
                case TradeFrame():
                    return self._trade(frame.msg)
                case LifecycleFrame():
                    return self._lifecycle(frame.msg)
                case FeeFrame():
                    return self._fees(frame.msg)
                case OkFrame():
                    self._updates.pop(frame.id, None)
                case ErrorFrame():
                    return self._error(frame)
                case UnsubscribedFrame():
                    return self._ended(frame.sid, "the venue ended the subscription")
                case UnknownFrame():
                    self.counts[f"unknown:{frame.type[:40]}"] += 1
        except WireError:
            # Numbered and well-formed, but a field of it is odd. Books have their own answer to that, in _change.
            self.counts["unreadable"] += 1
        return []

    def _delta(self, delta: DeltaBody) -> list[FeedEvent]:
        followed = self._followed.get(delta.market_ticker)
        if followed is None or not followed.is_fresh:
            return []
        try:
            followed.change(delta)
        except (WireError, BookError) as error:
            return self._suspect(followed, str(error))
        self._touched[followed.ticker] = followed
        return [BookMoved(followed.ticker)]

    def _snapshot(self, snapshot: SnapshotBody) -> list[FeedEvent]:
        followed = self._followed.get(snapshot.market_ticker)
        if followed is None:
            return []
        was_fresh = followed.is_fresh
        try:
            followed.replace(snapshot)
        except ScaleError as error:
            # The scale belongs to the subscription: books that look right are as wrong as this one.
            self.give_up_reason = str(error)
            return [*self._suspect(followed, str(error), even_again=True), *self._suspect_all(str(error))]
        except (WireError, BookError) as error:
            return self._suspect(followed, str(error), even_again=True)
        self._touched[followed.ticker] = followed
        restored = [] if was_fresh else [BookRestored(followed.ticker)]
        return [*restored, BookMoved(followed.ticker)]

    def _trade(self, trade: TradeBody) -> list[FeedEvent]:
        if trade.is_block_trade or trade.market_ticker not in self._followed:
            return []
        seen = Print(
            trade_id=trade.trade_id,
            price=price_field(trade.yes_price_dollars, "yes_price_dollars", TRADE_ENDPOINT),
            size=size_field(trade.count_fp, "count_fp", TRADE_ENDPOINT),
            taker_side=side_field(trade.taker_book_side, "taker_book_side", TRADE_ENDPOINT),
        )
        return [TradeSeen(trade.market_ticker, seen)]

    def _lifecycle(self, life: LifecycleBody) -> list[FeedEvent]:
        ticker = life.market_ticker
        if ticker not in self._followed:
            return []
        events: list[FeedEvent] = []
        status = _STATUS_OF_EVENT.get(life.event_type)
        close = None if life.close_ts is None else seconds_field(life.close_ts, "close_ts", LIFECYCLE_ENDPOINT)
        if life.settlement_value is not None:
            self._outcomes[ticker] = price_field(life.settlement_value, "settlement_value", LIFECYCLE_ENDPOINT)
        if status is not None or close is not None:
            events.append(LifeChanged(ticker, status, close))
        if life.price_ranges is not None:
            events.append(GridSeen(ticker, grid_field(life.price_ranges, LIFECYCLE_ENDPOINT)))
        if status is MarketStatus.FINALIZED:
            events.append(OutcomePaid(ticker, self._outcomes.get(ticker)))
        return events

    def _fees(self, fees: FeeBody) -> list[FeedEvent]:
        multiplier = fees.fee_multiplier_override
        if multiplier is None:
            return [FeesOverridden(fees.event_ticker, fees.fee_type_override, None)]
        exact = ratio_field(multiplier, "fee_multiplier_override", FEE_ENDPOINT)
        return [FeesOverridden(fees.event_ticker, fees.fee_type_override, exact)]

    def _subscribed(self, frame: SubscribedFrame) -> None:
        for subscription in self._subscriptions:
            if subscription.channel.value == frame.msg.channel:
                subscription.pending_id = None
                if subscription.sid != frame.msg.sid:
                    subscription.sid, subscription.last_seq = frame.msg.sid, 0
                    self._by_sid[frame.msg.sid] = subscription

    def _error(self, frame: ErrorFrame) -> list[FeedEvent]:
        code, said = frame.msg.code, f"venue error {frame.msg.code} ({frame.msg.msg})"
        self.counts[f"error:{code}"] += 1
        if code == _AUTHENTICATION_REQUIRED:
            self.give_up_reason = said
        if code in _TERMINAL_ERRORS:
            return self._ended(frame.sid, said)
        if frame.id in self._updates:
            subscription, action, tickers = self._updates.pop(frame.id)
            if action == "add_markets":
                subscription.asked.difference_update(tickers)
            subscription.retry_ns = self._now_ns + RETRY_AFTER_NS
        for subscription in self._subscriptions:
            if frame.id != 0 and subscription.pending_id == frame.id:
                subscription.forget()
                subscription.retry_ns = self._now_ns + RETRY_AFTER_NS
        return []

    def _ended(self, sid: int | None, reason: str) -> list[FeedEvent]:
        subscription = None if sid is None else self._by_sid.pop(sid, None)
        if subscription is None:
            # A subscription ended and the venue does not say which: only a new connection is sure.
            self.give_up_reason = reason
            return []
        subscription.forget()
        subscription.retry_ns = self._now_ns + RETRY_AFTER_NS
        return self._suspect_all(reason) if subscription is self._book else []

    # --- trust --------------------------------------------------------------------------------------------------

    def _suspect_all(self, reason: str) -> list[FeedEvent]:
        return [event for ticker in self.tickers for event in self._suspect(self._followed[ticker], reason)]

    def _suspect(self, followed: FollowedBook, reason: str, *, even_again: bool = False) -> list[FeedEvent]:
        self._touched.pop(followed.ticker, None)
        return [BookSuspect(followed.ticker, reason)] if followed.distrust() or even_again else []

    # --- commands -----------------------------------------------------------------------------------------------

    def _open_or_update(self, subscription: _Subscription) -> list[str]:
        if self._now_ns < subscription.retry_ns or not self._followed:
            return []
        takes_markets = subscription.channel is not Channel.LIFECYCLE
        if subscription.sid is None:
            if subscription.pending_id is None:
                return [self._open(subscription, self.tickers if takes_markets else ())]
            if self._now_ns - subscription.asked_ns > ANSWER_WITHIN_NS:
                self.give_up_reason = f"no answer to the subscription to {subscription.channel.value}"
            return []
        if not takes_markets:
            return []
        return [
            *self._update(subscription, "add_markets", self._followed.keys() - subscription.asked),
            *self._update(subscription, "delete_markets", subscription.asked - self._followed.keys()),
        ]

    def _open(self, subscription: _Subscription, tickers: tuple[str, ...]) -> str:
        subscription.pending_id = self._next_number()
        subscription.asked_ns = self._now_ns
        subscription.asked.update(tickers)
        is_book = subscription is self._book
        if is_book:
            self._snapshots_are_coming(tickers)
        return subscribe_command(subscription.pending_id, subscription.channel.value, tickers, is_book=is_book)

    def _update(self, subscription: _Subscription, action: str, markets: set[str]) -> list[str]:
        if not markets or subscription.sid is None:
            return []
        tickers, number = tuple(sorted(markets)), self._next_number()
        if action == "add_markets":
            subscription.asked.update(tickers)
            if subscription is self._book:
                self._snapshots_are_coming(tickers)
        elif action == "delete_markets":
            subscription.asked.difference_update(tickers)
        if action != "get_snapshot":
            self._updates[number] = (subscription, action, tickers)
        return [update_command(number, subscription.sid, action, tickers)]

    def _ask_for_snapshots(self) -> list[str]:
        if self._book.sid is None or self._now_ns < self._book.retry_ns:
            return []
        overdue = [f for f in self._followed.values() if f.ticker in self._book.asked and self._is_overdue(f)]
        if not overdue:
            return []
        is_any_fresh = any(followed.is_fresh for followed in self._followed.values())
        for followed in overdue:
            # A market the venue does not know never gets a snapshot, and must not cost the others their connection.
            if followed.asked_times >= SNAPSHOT_ASKS_MAX and (followed.was_fresh or not is_any_fresh):
                self.give_up_reason = f"no snapshot of {followed.ticker} after {followed.asked_times} asks"
                return []
        tickers = {followed.ticker for followed in overdue}
        self._snapshots_are_coming(tuple(sorted(tickers)))
        return self._update(self._book, "get_snapshot", tickers)

    def _is_overdue(self, followed: FollowedBook) -> bool:
        if followed.is_fresh:
            return False
        if followed.asked_ns is None:
            return True
        patience = SNAPSHOT_WITHIN_NS << min(max(followed.asked_times - 1, 0), 5)
        return self._now_ns - followed.asked_ns > patience

    def _snapshots_are_coming(self, tickers: tuple[str, ...]) -> None:
        for ticker in tickers:
            self._followed[ticker].asked_for_snapshot(self._now_ns)

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _reset(self) -> None:
        self._is_open = False
        self.give_up_reason = None
        self._by_sid.clear()
        self._updates.clear()
        for subscription in self._subscriptions:
            subscription.forget()
            subscription.retry_ns = 0
        for followed in self._followed.values():
            followed.connection_lost()
