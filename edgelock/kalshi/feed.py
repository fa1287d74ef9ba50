"""The market data conversation, without a socket: frames go in, events and commands come out.

It keeps one book per followed market. Numbers (`seq`) run per subscription over every frame that has one, whatever
its type and market, so a missing number makes every book of that subscription suspect until a snapshot of each has
come; among trades and announcements it means that some were missed, and that is told.
Source: venue reference §10 (read 2026-11-22).
"""

from collections import Counter

from edgelock.core.book import Book, BookError
from edgelock.kalshi.feed_announcements import Announcements
from edgelock.kalshi.feed_book import Difference, FollowedBook, ScaleError
from edgelock.kalshi.feed_events import (
    BookMoved,
    BookRestored,
    BookSuspect,
    FeedEvent,
    LifeUnsure,
    PrintsLost,
    ViewChanged,
)
from edgelock.kalshi.feed_subscriptions import Channel, Subscription, Subscriptions
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_feed import (
    DeltaBody,
    DeltaFrame,
    ErrorFrame,
    FeeFrame,
    Frame,
    LifecycleFrame,
    OddFrame,
    OkFrame,
    SnapshotBody,
    SnapshotFrame,
    SubscribedFrame,
    TradeFrame,
    UnknownFrame,
    UnsubscribedFrame,
    read_frame,
)

_TERMINAL_ERRORS = frozenset({10, 17, 25})
_AUTHENTICATION_REQUIRED = 9


class FeedConversation:
    """One connection after the other with the venue's market data; kept by one thread.

    can_compare  somebody compares books with the venue's lists; without it one that fits either scale is believed
    sent_ms  when the venue queued the newest frame of a book (Unix milliseconds); None when it did not say
    counts   how often things happened that no event tells: "gap:CHANNEL", "unknown:TYPE", "unreadable", "error:CODE"
    """

    def __init__(self, *, can_compare: bool = True) -> None:
        self._can_compare = can_compare
        self._followed: dict[str, FollowedBook] = {}
        self._subscriptions = Subscriptions()
        self._book = self._subscriptions.book
        self._announcements = Announcements()
        self._touched: dict[str, FollowedBook] = {}
        self._is_open = False
        self._is_scale_proven = not self._can_compare
        self.sent_ms: int | None = None
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
        self._announcements.forget(ticker)

    def book(self, ticker: str) -> Book | None:
        """The book of a followed market while it can be relied on, else None. Not to be kept: it changes."""
        followed = self._followed.get(ticker)
        return followed.book if followed is not None and followed.is_shown else None

    @property
    def tickers(self) -> tuple[str, ...]:
        """The followed markets, in order of name."""
        return tuple(sorted(self._followed))

    @property
    def fresh_tickers(self) -> tuple[str, ...]:
        """The markets whose books lack nothing that the venue sent, in order of name."""
        return tuple(ticker for ticker in self.tickers if self._followed[ticker].is_fresh)

    @property
    def withheld_tickers(self) -> tuple[str, ...]:
        """The markets whose books lack nothing and are not shown, because they may be on either scale."""
        return tuple(ticker for ticker in self.fresh_tickers if not self._followed[ticker].is_shown)

    @property
    def book_sequence(self) -> int:
        """The highest number among the frames of books on this connection: it moves with every one."""
        return self._book.last_seq

    # --- the connection -----------------------------------------------------------------------------------------

    def opened(self) -> None:
        """A connection is up: numbering and subscriptions start from nothing."""
        self._reset()
        self._is_open = True

    def closed(self, reason: str) -> list[FeedEvent]:
        """The connection is gone; every book with it."""
        suspects = self._suspect_all(reason)
        self._reset()
        return suspects

    def doubt(self, reason: str, ticker: str | None = None) -> list[FeedEvent]:
        """Something outside says that this book, or any, cannot be relied on; a snapshot is asked for."""
        if ticker is None:
            return self._suspect_all(reason)
        return self._suspect(self._followed[ticker], reason) if ticker in self._followed else []

    def give_up(self, reason: str) -> list[FeedEvent]:
        """Something outside says that this connection is no good."""
        self._subscriptions.give_up_reason = reason
        return self._suspect_all(reason)

    def ask_again(self) -> None:
        """Ask for a snapshot of every book, whether it is fresh or not; what comes proves that they are still sent."""
        self._subscriptions.ask_all_again()

    def outcome_disputed(self, ticker: str) -> None:
        """What was announced as the outcome is not certain any more; only the venue's list says what was paid."""
        self._announcements.forget(ticker)

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
            self.sent_ms = frame.sending_ts_ms
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

    def compare(self, ticker: str, venue: Book) -> tuple[frozenset[Difference], list[FeedEvent]]:
        """Where the venue's own list shows another book than ours, and what follows from it for the scale."""
        followed = self._followed.get(ticker)
        if followed is None or not followed.is_fresh:
            return frozenset(), []
        differences = followed.differences(venue)
        if differences and followed.is_mirror_of(venue):
            return differences, self.give_up("NO prices come on the NO scale, by the venue's list of the book")
        if not differences and followed.needs_scale and not self._is_scale_proven:
            self._is_scale_proven = True
            return differences, self._show_withheld()
        return differences, []

    def _numbered(self, frame: Frame) -> list[FeedEvent]:
        if isinstance(frame, SubscribedFrame):
            return self._subscribed(frame)
        if frame.sid is None or frame.seq is None:
            return self._content(frame)
        subscription = self._subscriptions.of_sid(frame.sid)
        if subscription is None:
            self.counts["unknown sid"] += 1
            return []
        is_old = frame.seq <= subscription.last_seq
        oddity = self._subscriptions.numbered(subscription, frame.seq)
        events = self._out_of_sequence(subscription, oddity, is_old=is_old) if oddity else []
        # What comes late is lost already: a book is asked for again, a print or an announcement is told as missed.
        return events if is_old else [*events, *self._content(frame)]

    def _out_of_sequence(self, subscription: Subscription, oddity: str, *, is_old: bool) -> list[FeedEvent]:
        self.counts[f"gap:{subscription.channel.value}"] += 1
        if subscription is self._book:
            return self._suspect_all(oddity)
        return [] if is_old else self._missed(subscription, oddity)

    def _subscribed(self, frame: SubscribedFrame) -> list[FeedEvent]:
        subscription = self._subscriptions.opened(frame.msg.channel, frame.msg.sid)
        # The first of a connection says nothing new: whatever was missed before is told of the connection itself.
        if subscription is None or subscription is self._book or subscription.ends == 0:
            return []
        return self._missed(subscription, f"{subscription.channel.value} had ended")

    def _missed(self, subscription: Subscription, reason: str) -> list[FeedEvent]:
        return [PrintsLost(reason) if subscription.channel is Channel.TRADES else LifeUnsure(reason)]

    def _content(self, frame: Frame) -> list[FeedEvent]:
        match frame:
            case DeltaFrame():
                self.sent_ms = frame.sending_ts_ms
                return self._delta(frame.msg)
            case SnapshotFrame():
                self.sent_ms = frame.sending_ts_ms
                return self._snapshot(frame.msg)
            case TradeFrame() | LifecycleFrame() | FeeFrame():
                return self._announced(frame)
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
                return self._suspect_all(frame.reason) if frame.is_of_a_book else self._unread(frame.sid, frame.reason)
        return []

    def _announced(self, frame: TradeFrame | LifecycleFrame | FeeFrame) -> list[FeedEvent]:
        try:
            match frame:
                case TradeFrame(msg=trade) if trade.market_ticker in self._followed:
                    return self._announcements.trade(trade)
                case LifecycleFrame(msg=life) if life.market_ticker in self._followed:
                    return self._announcements.life(life)
                case FeeFrame(msg=fees):
                    return self._announcements.fees(fees)
        except WireError as error:
            self.counts["unreadable"] += 1
            return self._unread(frame.sid, str(error))
        return []

    def _unread(self, sid: int | None, reason: str) -> list[FeedEvent]:
        subscription = None if sid is None else self._subscriptions.of_sid(sid)
        return [] if subscription is None or subscription is self._book else self._missed(subscription, reason)

    def _delta(self, delta: DeltaBody) -> list[FeedEvent]:
        followed = self._followed.get(delta.market_ticker)
        if followed is None or not followed.is_fresh:
            return []
        try:
            followed.change(delta)
        except (WireError, BookError) as error:
            return self._suspect(followed, str(error))
        if not self._is_scale_proven and not followed.has_scale:
            return self._weigh_scale(followed)
        self._touched[followed.ticker] = followed
        return [BookMoved(followed.ticker)]

    def _snapshot(self, snapshot: SnapshotBody) -> list[FeedEvent]:
        followed = self._followed.get(snapshot.market_ticker)
        if followed is None:
            return []
        try:
            followed.replace(snapshot)
        except ScaleError as error:
            # The scale belongs to the subscription: books that look right are as wrong as this one.
            self._subscriptions.give_up_reason = str(error)
            return [*self._suspect(followed, str(error), even_again=True), *self._suspect_all(str(error))]
        except (WireError, BookError) as error:
            return self._suspect(followed, str(error), even_again=True)
        return self._shown(followed) if self._is_scale_proven else self._weigh_scale(followed)

    def _error(self, frame: ErrorFrame) -> list[FeedEvent]:
        code, said = frame.msg.code, f"venue error {frame.msg.code} ({frame.msg.msg})"
        self.counts[f"error:{code}"] += 1
        if code == _AUTHENTICATION_REQUIRED:
            self._subscriptions.give_up_reason = said
        elif code in _TERMINAL_ERRORS or (frame.sid is not None and frame.id == 0):
            # One that answers no command and names a subscription ends it, whatever its code.
            return self._ended(frame.sid, said)
        else:
            self._subscriptions.refused(frame.id)
        return []

    def _ended(self, sid: int | None, reason: str) -> list[FeedEvent]:
        ended = self._subscriptions.ended(sid, reason)
        return self._suspect_all(reason) if ended is self._book else []

    # --- which scale --------------------------------------------------------------------------------------------

    def _weigh_scale(self, followed: FollowedBook) -> list[FeedEvent]:
        """A change of a fresh book while no book of the subscription has proven which scale its NO prices are on."""
        if followed.proves_scale:
            self._is_scale_proven = True
            return [*self._shown(followed), *self._show_withheld()]
        if not followed.needs_scale:
            return self._shown(followed)
        was_shown = followed.is_shown
        followed.hide()
        self._touched.pop(followed.ticker, None)
        reason = "the scale of its NO prices is not proven"
        return [BookSuspect(followed.ticker, reason)] if was_shown else []

    def _show_withheld(self) -> list[FeedEvent]:
        return [event for ticker in self.withheld_tickers for event in self._shown(self._followed[ticker])]

    def _shown(self, followed: FollowedBook) -> list[FeedEvent]:
        restored = [] if followed.is_shown else [BookRestored(followed.ticker)]
        followed.show(has_scale=self._is_scale_proven)
        self._touched[followed.ticker] = followed
        return [BookMoved(followed.ticker), *restored]

    # --- trust --------------------------------------------------------------------------------------------------

    def _suspect_all(self, reason: str) -> list[FeedEvent]:
        return [event for ticker in self.tickers for event in self._suspect(self._followed[ticker], reason)]

    def _suspect(self, followed: FollowedBook, reason: str, *, even_again: bool = False) -> list[FeedEvent]:
        self._touched.pop(followed.ticker, None)
        # A wrong scale may be what is behind it, so whatever comes next has to prove its scale anew.
        self._is_scale_proven = not self._can_compare
        return [BookSuspect(followed.ticker, reason)] if followed.distrust() or even_again else []

    def _reset(self) -> None:
        self._is_open = False
        self._is_scale_proven = not self._can_compare
        self.sent_ms = None
        self._subscriptions.reset()
        for followed in self._followed.values():
            followed.connection_lost()
