"""The thread that reads the venue's lists for the feed."""

import queue
from fractions import Fraction

from edgelock.actors.feed_lookup import BooksRead, CompareBooks, FeedLookup, FeesOf, FeesRead, MarketRead
from edgelock.core.fees import fee_schedule
from edgelock.kalshi.wire_error import VenueError
from edgelock.kalshi.wire_market import EventTerms, SeriesTerms
from tests.actors.feed_doubles import ListedReads
from tests.kalshi.loopback_socket import PATIENCE_S
from tests.ops.trading_house import a_listing

BOOKS = {"A": ([["0.4700", "3.00"]], [["0.5200", "2.00"]])}
WISH = CompareBooks(("A",), connection=1, sequence=2, asked_ns=3)


class Asking:
    """A lookup, what it answered, and what it died of."""

    def __init__(self, reads):
        self.reads = reads
        self.answers, self.failures = queue.SimpleQueue(), queue.SimpleQueue()
        self.lookup = FeedLookup(
            lambda: reads, answer=self.answers.put, on_failed=self.failures.put, name="lookup of a test"
        )

    def __enter__(self):
        self.lookup.start()
        return self

    def __exit__(self, *_):
        self.lookup.request_stop()
        assert self.reads.is_closed.wait(PATIENCE_S)

    def answer(self):
        return self.answers.get(timeout=PATIENCE_S)


def terms(fee_type="quadratic", multiplier=1):
    return SeriesTerms("S", fee_type, Fraction(multiplier))


def event(fee_type=None, multiplier=None):
    return EventTerms("E", "S", "a game", True, fee_type, multiplier)


def test_books_are_read_and_the_wish_comes_back_with_them():
    with Asking(ListedReads(BOOKS)) as asking:
        asking.lookup.compare(WISH)

        answer = asking.answer()

    assert answer.wish == WISH
    assert answer.books["A"].view().best_ask == 5200


def test_books_that_nobody_answers_for_are_told_as_none():
    reads = ListedReads(BOOKS)
    reads.is_down = True
    with Asking(reads) as asking:
        asking.lookup.compare(WISH)

        assert asking.answer() == BooksRead(WISH, None)


def test_a_market_is_read():
    listing = a_listing("A")
    with Asking(ListedReads(listings={"A": listing})) as asking:
        asking.lookup.read_market("A")

        assert asking.answer() == MarketRead(listing)


def test_a_market_that_could_not_be_read_is_read_again():
    reads = ListedReads(listings={"A": a_listing("A")})
    reads.is_down = True
    with Asking(reads) as asking:
        asking.lookup.read_market("A")
        reads.wait_until_asked("market", 1, PATIENCE_S)
        reads.is_down = False

        assert isinstance(asking.answer(), MarketRead)


class ReadsOfALostMarket(ListedReads):
    def market(self, ticker):
        self._ask("market", ticker)
        raise VenueError(404, "not_found", "not found", "")


def test_a_market_the_venue_does_not_have_is_asked_for_once():
    reads = ReadsOfALostMarket(BOOKS, series={"S": terms()}, events={"E": event()})
    with Asking(reads) as asking:
        asking.lookup.read_market("A")
        asking.lookup.read_fees(FeesOf("E", "S"))
        assert isinstance(asking.answer(), FeesRead)

    assert [what for what, _ in reads.asked] == ["market", "series", "event"]


def test_a_comparison_does_not_wait_for_the_pace_of_the_rest():
    reads = ListedReads(BOOKS, listings={name: a_listing(name) for name in "ABCD"})
    reads.is_down = True
    with Asking(reads) as asking:
        for name in "ABCD":
            asking.lookup.read_market(name)
        reads.wait_until_asked("market", 1, PATIENCE_S)
        asking.lookup.compare(WISH)

        assert isinstance(asking.answer(), BooksRead)
        assert [what for what, _ in reads.asked] == ["market", "books"]


def test_fees_are_those_of_the_event_over_its_series():
    reads = ListedReads(series={"S": terms()}, events={"E": event(multiplier=Fraction(1, 2))})
    with Asking(reads) as asking:
        asking.lookup.read_fees(FeesOf("E", "S"))

        assert asking.answer() == FeesRead("E", fee_schedule("quadratic", Fraction(1, 2)))


def test_overrides_that_the_socket_told_are_not_read_from_an_older_list():
    reads = ListedReads(series={"S": terms()}, events={"E": event()})
    with Asking(reads) as asking:
        asking.lookup.read_fees(FeesOf("E", "S", ("quadratic_with_maker_fees", None)))

        assert asking.answer() == FeesRead("E", fee_schedule("quadratic_with_maker_fees", Fraction(1)))
    assert reads.asked == [("series", "S")]


def test_a_defect_ends_the_thread_and_is_reported():
    reads = ListedReads()
    with Asking(reads) as asking:
        asking.lookup.read_market("A")  # no such listing in the double: its own defect

        assert "KeyError" in asking.failures.get(timeout=PATIENCE_S)
