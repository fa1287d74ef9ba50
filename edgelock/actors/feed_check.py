"""Whether the books of the feed are still what the venue shows: when to compare, and what a comparison means."""

from collections.abc import Callable

from edgelock.actors.clock import Clock
from edgelock.actors.feed_lookup import BooksRead, CompareBooks
from edgelock.core.units import Timestamp
from edgelock.kalshi.feed import FeedConversation
from edgelock.kalshi.feed_book import Difference
from edgelock.kalshi.feed_events import FeedEvent
from edgelock.kalshi.feed_liveness import BookLiveness

_MS = 1_000_000
_Differences = dict[str, frozenset[Difference]]


class BookCheck:
    """Kept by the socket's thread.

    stale_after_ns  real nanoseconds after which a book that was not heard of is not to be relied on
    """

    def __init__(self, conversation: FeedConversation, *, clock: Clock, stale_after_ns: int) -> None:
        self._conversation = conversation
        self._clock = clock
        self._liveness = BookLiveness(stale_after_ns)
        self._connection = 0
        self._sequence = 0
        self._differences: _Differences = {}

    def opened(self) -> None:
        """Another connection: what was asked for an older one means nothing any more."""
        self._connection += 1
        self._sequence = 0
        self._differences = {}
        self._liveness.opened(self._clock.monotonic_ns())

    def is_stale(self) -> bool:
        """No book was heard of for too long, or what comes was sent too long ago."""
        self._hear()
        return self._liveness.is_stale(self._clock.monotonic_ns())

    def wish(self, is_open: Callable[[str], bool]) -> CompareBooks | None:
        """What to compare now, if anything. Only a market that `is_open` must look the same on the venue's list."""
        self._hear()
        now_ns = self._clock.monotonic_ns()
        if not self._liveness.may_ask(now_ns):
            return None
        tickers = self._conversation.withheld_tickers
        if self._liveness.is_silent(now_ns) or self._liveness.is_audit_due(now_ns):
            tickers = tuple(ticker for ticker in self._conversation.fresh_tickers if is_open(ticker))
            if not tickers:
                # No book that anybody prices from: nothing to lose sight of.
                self._liveness.heard_equal(now_ns)
        if not tickers:
            return None
        self._liveness.asked(now_ns)
        return CompareBooks(tickers, self._connection, self._sequence, now_ns)

    def take(self, answer: BooksRead) -> list[FeedEvent]:
        """What follows from a comparison."""
        wish = answer.wish
        if wish.connection != self._connection:
            return []
        if not answer.books:
            self._conversation.ask_again()
            return []
        before, self._differences = self._differences, {}
        events: list[FeedEvent] = []
        for ticker, book in answer.books.items():
            self._differences[ticker], found = self._conversation.compare(ticker, book)
            events.extend(found)
        self._hear()
        if wish.sequence == self._sequence:
            events.extend(self._judge_silent(wish, before))
        else:
            events.extend(self._judge_moving(before))
        self._conclude(wish, is_second_look=any(before.values()))
        return events

    def _conclude(self, wish: CompareBooks, *, is_second_look: bool) -> None:
        """Differences that a second look did not bear out were frames on their way."""
        if is_second_look or not any(self._differences.values()):
            self._liveness.audited(wish.asked_ns)
            if wish.sequence != self._sequence:
                self._differences = {}

    def _judge_silent(self, wish: CompareBooks, before: _Differences) -> list[FeedEvent]:
        """No frame came between question and answer. The frame that explains a difference may be on its way, once."""
        if not any(self._differences.values()):
            self._liveness.heard_equal(wish.asked_ns)
            return []
        lasting = [
            ticker
            for ticker, differences in self._differences.items()
            if {each.place for each in differences} & {each.place for each in before.get(ticker, ())}
        ]
        if not lasting:
            return []
        return self._conversation.give_up(f"silent, and the venue's list shows other books of {', '.join(lasting)}")

    def _judge_moving(self, before: _Differences) -> list[FeedEvent]:
        """Books of two moments need not be equal; a level that is wrong in the same way twice is wrong."""
        events: list[FeedEvent] = []
        for ticker, differences in self._differences.items():
            lasting = differences & before.get(ticker, frozenset())
            if lasting:
                worst = min(lasting, key=lambda each: (each.side.value, each.price))
                reason = f"the venue's list shows {worst.theirs} at {worst.side.value} {worst.price}, not {worst.ours}"
                events.extend(self._conversation.doubt(reason, ticker))
        return events

    def _hear(self) -> None:
        sequence = self._conversation.book_sequence
        if sequence != self._sequence:
            self._sequence = sequence
            self._liveness.heard_frame(self._clock.monotonic_ns(), self._age_ns())

    def _age_ns(self) -> int | None:
        """Real nanoseconds since the venue sent the newest frame, by two clocks that need not agree."""
        sent_ms, now = self._conversation.sent_ms, self._clock.now()
        if sent_ms is None:
            return None
        age = now - sent_ms * _MS
        real_ns = self._clock.real_delay_ns(Timestamp(now + abs(age)))
        return real_ns if age >= 0 else -real_ns
