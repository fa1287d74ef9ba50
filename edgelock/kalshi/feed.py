"""The market data conversation, without a socket: frames go in, events and commands come out.

It keeps one book per followed market. Numbers (`seq`) run per subscription over every frame that has one, whatever
its type and market, so a missing number makes every book of that subscription suspect until a snapshot of each has
come.
Source: venue reference §10 (read 2026-11-22).
"""

from collections import Counter

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
from edgelock.kalshi.feed_subscriptions import Subscriptions
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
    OddFrame,
    OkFrame,
    SnapshotBody,
    SnapshotFrame,
    SubscribedFrame,
    TradeBody,
    TradeFrame,
    UnknownFrame,
    UnsubscribedFrame,
    read_frame,
)
from edgelock.kalshi.wire_market import grid_field, side_field

_TERMINAL_ERRORS = frozenset({10, 25})
_AUTHENTICATION_REQUIRED = 9
_STATUS_OF_EVENT = {
    "created": MarketStatus.INITIALIZED,
    "activated": MarketStatus.ACTIVE,
    "deactivated": MarketStatus.INACTIVE,
    "determined": MarketStatus.DETERMINED,
    "settled": MarketStatus.FINALIZED,
}


class FeedConversation:
    """One connection after the other with the venue's market data; kept by one thread.

    counts  how often things happened that no event tells: "gap:CHANNEL", "unknown:TYPE", "unreadable", "error:CODE"
    """

    def __init__(self) -> None:
        self._followed: dict[str, FollowedBook] = {}
        self._subscriptions = Subscriptions()
        self._book = self._subscriptions.book
        self._touched: dict[str, FollowedBook] = {}
        self._outcomes: dict[str, Price] = {}
        self._is_open = False
        self.counts: Counter[str] = Counter()

    @property
    def give_up_reason(self) -> str | None:
        """Why this connection should be closed and another opened; None while it is good."""
        return self._subscriptions.give_up_reason

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
        return self._subscriptions.commands(self._followed, now_ns) if self._is_open else []

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
            self._subscriptions.opened(frame.msg.channel, frame.msg.sid)
            return events
        if frame.sid is not None and frame.seq is not None:
            subscription = self._subscriptions.of_sid(frame.sid)
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
                    self._subscriptions.done(frame.id)
                case ErrorFrame():
                    return self._error(frame)
                case UnsubscribedFrame():
                    return self._ended(frame.sid, "the venue ended the subscription")
                case UnknownFrame():
                    self.counts[f"unknown:{frame.type[:40]}"] += 1
                case OddFrame():
                    self.counts["unreadable"] += 1
                    return self._suspect_all(frame.reason) if frame.is_of_a_book else []
        except WireError:
            # A field of it is odd. Books have their own answer to that.
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
            self._subscriptions.give_up_reason = str(error)
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

    def _error(self, frame: ErrorFrame) -> list[FeedEvent]:
        code, said = frame.msg.code, f"venue error {frame.msg.code} ({frame.msg.msg})"
        self.counts[f"error:{code}"] += 1
        if code == _AUTHENTICATION_REQUIRED:
            self._subscriptions.give_up_reason = said
        elif code in _TERMINAL_ERRORS:
            return self._ended(frame.sid, said)
        else:
            self._subscriptions.refused(frame.id)
        return []

    def _ended(self, sid: int | None, reason: str) -> list[FeedEvent]:
        ended = self._subscriptions.ended(sid, reason)
        return self._suspect_all(reason) if ended is self._book else []

    # --- trust --------------------------------------------------------------------------------------------------

    def _suspect_all(self, reason: str) -> list[FeedEvent]:
        return [event for ticker in self.tickers for event in self._suspect(self._followed[ticker], reason)]

    def _suspect(self, followed: FollowedBook, reason: str, *, even_again: bool = False) -> list[FeedEvent]:
        self._touched.pop(followed.ticker, None)
        return [BookSuspect(followed.ticker, reason)] if followed.distrust() or even_again else []

    def _reset(self) -> None:
        self._is_open = False
        self._subscriptions.reset()
        for followed in self._followed.values():
            followed.connection_lost()
