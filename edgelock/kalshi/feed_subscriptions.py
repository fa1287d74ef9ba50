"""What a conversation has asked the venue for, and the commands that are still to be said.

What is wanted and what was asked for are two sets; commands are their difference. So markets come and go while a
connection lives, a refused command is simply said again, and a new connection is an empty second set.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from enum import Enum

from edgelock.kalshi.feed_book import FollowedBook
from edgelock.kalshi.wire_feed import subscribe_command, update_command

_SECOND_NS = 1_000_000_000
ANSWER_WITHIN_NS = 10 * _SECOND_NS
"""An unanswered subscription is given up, with the connection, after this long."""
SNAPSHOT_WITHIN_NS = 2 * _SECOND_NS
"""A snapshot that has not come is asked for again after this long, then after twice, four times … as long."""
SNAPSHOT_ASKS_MAX = 3
"""After so many unanswered asks for a book that had been there, the connection is given up."""
RETRY_AFTER_NS = 2 * _SECOND_NS
"""A refused command is not repeated sooner."""
DOUBTS_MAX = 20
DOUBTS_WITHIN_NS = 60 * _SECOND_NS
"""A connection whose books are lost more often than this within that time is given up."""
ENDS_MAX = 3
"""So often may the venue end one subscription of a connection before the connection is given up."""
OLD_FRAMES_MAX = 20
"""After so many frames in a row with numbers that have been, the venue counts anew and we cannot follow."""


class Channel(Enum):
    """The channels a conversation opens."""

    BOOK = "orderbook_delta"
    TRADES = "trade"
    LIFECYCLE = "market_lifecycle_v2"


class Subscription:
    """One channel: what the venue calls it, where its numbering stands and which markets it was asked for.

    sid         None until the venue has answered
    pending_id  number of the unanswered command that opens it, None when there is none
    old_frames  how many frames in a row had numbers that have been
    ends        how often the venue has ended it on this connection
    """

    __slots__ = ("asked", "asked_ns", "channel", "ends", "last_seq", "old_frames", "pending_id", "retry_ns", "sid")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.begin()

    def begin(self) -> None:
        """A connection begins."""
        self.retry_ns = 0
        self.ends = 0
        self.forget()

    def forget(self) -> None:
        """It does not exist at the venue (any more)."""
        self.sid: int | None = None
        self.last_seq = 0
        self.old_frames = 0
        self.pending_id: int | None = None
        self.asked_ns = 0
        self.asked: set[str] = set()


class Subscriptions:
    """The channels of one connection after the other. Times are real, monotonic nanoseconds."""

    def __init__(self) -> None:
        self.book = Subscription(Channel.BOOK)
        self.give_up_reason: str | None = None
        self._all = (self.book, Subscription(Channel.TRADES), Subscription(Channel.LIFECYCLE))
        self._by_sid: dict[int, Subscription] = {}
        self._updates: dict[int, tuple[Subscription, str, tuple[str, ...]]] = {}
        self._doubts: deque[int] = deque(maxlen=DOUBTS_MAX)
        self._wants_all_again = False
        self._number = 0
        self._now_ns = 0

    def reset(self) -> None:
        """A connection begins or ends: nothing is asked for."""
        self.give_up_reason = None
        self._by_sid.clear()
        self._updates.clear()
        self._doubts.clear()
        self._wants_all_again = False
        for subscription in self._all:
            subscription.begin()

    def of_sid(self, sid: int) -> Subscription | None:
        """The subscription that the venue calls `sid`."""
        return self._by_sid.get(sid)

    def opened(self, channel: str, sid: int) -> Subscription | None:
        """The venue took a subscription. Said again for one that is open, its numbering goes on, and it is None."""
        for subscription in self._all:
            if subscription.channel.value == channel:
                subscription.pending_id = None
                if subscription.sid != sid:
                    subscription.sid, subscription.last_seq = sid, 0
                    self._by_sid[sid] = subscription
                    return subscription
        return None

    def numbered(self, subscription: Subscription, seq: int) -> str:
        """Take note of a frame's number; why it is not the next one, or "". An older number is not gone back to."""
        expected = subscription.last_seq + 1
        if seq >= expected:
            subscription.last_seq, subscription.old_frames = seq, 0
        else:
            subscription.old_frames += 1
            if subscription.old_frames >= OLD_FRAMES_MAX:
                self.give_up_reason = f"the numbers of {subscription.channel.value} have gone back to {seq}"
        return "" if seq == expected else f"expected frame {expected} of {subscription.channel.value}, got {seq}"

    def ask_all_again(self) -> None:
        """Ask for a snapshot of every book once more, fresh or not: an answer proves that they are still sent."""
        self._wants_all_again = True

    def done(self, number: int) -> None:
        """The venue took the command of this number."""
        self._updates.pop(number, None)

    def refused(self, number: int) -> None:
        """The venue refused the command of this number; it is repeated after a while."""
        if number in self._updates:
            subscription, action, tickers = self._updates.pop(number)
            if action == "add_markets":
                subscription.asked.difference_update(tickers)
            subscription.retry_ns = self._now_ns + RETRY_AFTER_NS
        for subscription in self._all:
            if number != 0 and subscription.pending_id == number:
                subscription.forget()
                subscription.retry_ns = self._now_ns + RETRY_AFTER_NS

    def ended(self, sid: int | None, reason: str) -> Subscription | None:
        """A subscription is over, and is opened again after a while. None, and a new connection, if it is not known."""
        subscription = None if sid is None else self._by_sid.pop(sid, None)
        if subscription is None:
            self.give_up_reason = reason
            return None
        subscription.forget()
        subscription.ends += 1
        if subscription.ends > ENDS_MAX:
            self.give_up_reason = f"{subscription.channel.value} ended {subscription.ends} times: {reason}"
        subscription.retry_ns = self._now_ns + RETRY_AFTER_NS
        return subscription

    def commands(self, followed: Mapping[str, FollowedBook], now_ns: int) -> list[str]:
        """What to say now so that exactly these markets are followed and every book is fresh or on its way."""
        self._now_ns = now_ns
        commands: list[str] = []
        if followed and self.give_up_reason is None:
            for subscription in self._all:
                commands.extend(self._open_or_update(subscription, followed))
            commands.extend(self._ask_for_snapshots(followed))
        return commands

    def _open_or_update(self, subscription: Subscription, followed: Mapping[str, FollowedBook]) -> list[str]:
        if self._now_ns < subscription.retry_ns:
            return []
        takes_markets = subscription.channel is not Channel.LIFECYCLE
        if subscription.sid is None:
            if subscription.pending_id is None:
                return [self._open(subscription, followed if takes_markets else {})]
            if self._now_ns - subscription.asked_ns > ANSWER_WITHIN_NS:
                self.give_up_reason = f"no answer to the subscription to {subscription.channel.value}"
            return []
        if not takes_markets:
            return []
        return [
            *self._add(subscription, followed),
            *self._update(subscription, "delete_markets", subscription.asked - followed.keys()),
        ]

    def _open(self, subscription: Subscription, followed: Mapping[str, FollowedBook]) -> str:
        tickers = tuple(sorted(followed))
        subscription.pending_id = self._next_number()
        subscription.asked_ns = self._now_ns
        subscription.asked.update(tickers)
        is_book = subscription is self.book
        if is_book:
            self._snapshots_are_coming(followed.values())
        return subscribe_command(subscription.pending_id, subscription.channel.value, tickers, is_book=is_book)

    def _add(self, subscription: Subscription, followed: Mapping[str, FollowedBook]) -> list[str]:
        new = followed.keys() - subscription.asked
        subscription.asked.update(new)
        if subscription is self.book:
            self._snapshots_are_coming(followed[ticker] for ticker in new)
        return self._update(subscription, "add_markets", new)

    def _update(self, subscription: Subscription, action: str, markets: set[str]) -> list[str]:
        if not markets or subscription.sid is None:
            return []
        tickers, number = tuple(sorted(markets)), self._next_number()
        if action == "delete_markets":
            subscription.asked.difference_update(tickers)
        if action != "get_snapshot":
            self._updates[number] = (subscription, action, tickers)
        return [update_command(number, subscription.sid, action, tickers)]

    def _ask_for_snapshots(self, followed: Mapping[str, FollowedBook]) -> list[str]:
        if self.book.sid is None or self._now_ns < self.book.retry_ns:
            return []
        asked = [book for book in followed.values() if book.ticker in self.book.asked]
        overdue = [book for book in asked if self._is_overdue(book)]
        again = {book.ticker for book in asked if book.is_fresh} if self._wants_all_again else set()
        self._wants_all_again = False
        if not overdue:
            return self._update(self.book, "get_snapshot", again)
        if any(book.was_fresh and book.asked_times == 0 for book in overdue) and self._is_one_doubt_too_many():
            return []
        is_any_fresh = any(book.is_fresh for book in followed.values())
        for book in overdue:
            # A market the venue does not know never gets a snapshot, and must not cost the others their connection.
            if book.asked_times >= SNAPSHOT_ASKS_MAX and (book.was_fresh or not is_any_fresh):
                self.give_up_reason = f"no snapshot of {book.ticker} after {book.asked_times} asks"
                return []
        self._snapshots_are_coming(overdue)
        return self._update(self.book, "get_snapshot", again | {book.ticker for book in overdue})

    def _is_one_doubt_too_many(self) -> bool:
        is_full = len(self._doubts) == DOUBTS_MAX
        if is_full and self._now_ns - self._doubts[0] <= DOUBTS_WITHIN_NS:
            self.give_up_reason = f"books were lost {DOUBTS_MAX + 1} times within a minute"
            return True
        self._doubts.append(self._now_ns)
        return False

    def _is_overdue(self, book: FollowedBook) -> bool:
        if book.is_fresh:
            return False
        if book.asked_ns is None:
            return True
        patience = SNAPSHOT_WITHIN_NS << min(max(book.asked_times - 1, 0), 5)
        return self._now_ns - book.asked_ns > patience

    def _snapshots_are_coming(self, books: Iterable[FollowedBook]) -> None:
        for book in books:
            book.asked_for_snapshot(self._now_ns)

    def _next_number(self) -> int:
        self._number += 1
        return self._number
