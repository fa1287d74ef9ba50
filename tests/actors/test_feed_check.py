"""When books are compared with the venue's lists, and what a comparison means. Time is moved by hand."""

import pytest

from edgelock.actors.feed_check import BookCheck
from edgelock.actors.feed_lookup import BooksRead
from edgelock.core.market import Side
from edgelock.core.units import SECOND, Price, Size
from tests.actors.feed_doubles import book_of
from tests.actors.trading_doubles import HandClock
from tests.kalshi.frames import ASKS, BIDS, delta, snapshot
from tests.kalshi.test_feed import a_conversation, suspects

PATIENCE_S = 10
TRUE = book_of(BIDS, ASKS)
OTHER = book_of((("0.4600", "3.00"),), ASKS)


class Checked:
    """A live conversation about A and B, its check, and hands to move both."""

    def __init__(self):
        self.clock = HandClock()
        self.conversation = a_conversation("A", "B")
        self.check = BookCheck(self.conversation, clock=self.clock, stale_after_ns=PATIENCE_S * SECOND)
        self.check.opened()
        self.seq = 0
        for ticker in "AB":
            self.seq += 1
            self.conversation.feed(snapshot(ticker, self.seq))
        self.is_stale()

    def pass_time(self, seconds):
        self.clock.real.advance(int(seconds * SECOND))

    def frame(self, ticker="B", price="0.0100", **more):
        self.seq += 1
        return self.conversation.feed(delta(ticker, self.seq, price=price, change="1.00", **more))

    def is_stale(self):
        return self.check.is_stale()

    def wish(self):
        return self.check.wish(lambda _: True)

    def look(self, a=TRUE, b=TRUE, meanwhile=lambda: None):
        """Ask, let something happen, and take the answer."""
        wish = self.wish()
        assert wish is not None
        meanwhile()
        return self.check.take(BooksRead(wish, {"A": a, "B": b}))


def test_nothing_is_compared_while_frames_come_until_an_audit_is_due():
    checked = Checked()
    for _ in range(PATIENCE_S - 1):
        checked.pass_time(1)
        checked.frame()
        assert checked.wish() is None

    checked.pass_time(1)
    checked.frame()
    assert checked.wish().tickers == ("A", "B")


def test_half_the_patience_of_silence_is_a_reason_to_compare_and_equal_books_are_heard_of():
    checked = Checked()
    checked.pass_time(4.9)
    assert checked.wish() is None
    checked.pass_time(0.1)
    assert checked.look() == []

    checked.pass_time(4.9)
    assert checked.wish() is None
    checked.pass_time(5.2)
    assert checked.is_stale()


def test_a_silent_socket_whose_book_differs_twice_costs_the_connection():
    checked = Checked()
    checked.pass_time(5)
    assert checked.look(a=OTHER) == []
    assert checked.wish() is None

    checked.pass_time(1)
    assert suspects(checked.look(a=OTHER)) == ["A", "B"]
    assert "other books of A" in checked.conversation.give_up_reason
    assert not checked.is_stale()


def test_a_frame_that_was_on_its_way_explains_the_difference():
    checked = Checked()
    checked.pass_time(5)
    checked.look(a=OTHER)
    checked.frame()
    checked.pass_time(1)

    assert checked.wish() is None
    assert checked.conversation.give_up_reason is None


def test_a_level_that_is_wrong_in_the_same_way_twice_is_wrong_although_frames_come():
    checked = Checked()
    checked.pass_time(PATIENCE_S)
    checked.frame()
    with_level = TRUE.copy()
    with_level.change(Side.BID, Price(4600), Size(300))

    assert checked.look(a=with_level, meanwhile=checked.frame) == []
    checked.pass_time(1)
    checked.frame()

    (suspect,) = checked.look(a=with_level, meanwhile=checked.frame)
    assert (suspect.ticker, "shows 300 at bid 4600" in suspect.reason) == ("A", True)
    assert checked.conversation.give_up_reason is None


def test_differences_of_two_moments_that_are_not_the_same_mean_nothing():
    checked = Checked()
    checked.pass_time(PATIENCE_S)
    checked.frame()

    assert checked.look(a=OTHER, meanwhile=checked.frame) == []
    checked.pass_time(1)
    assert checked.look(a=TRUE, b=OTHER, meanwhile=checked.frame) == []

    checked.pass_time(1)
    checked.frame()
    assert checked.wish() is None


def test_an_answer_for_an_older_connection_means_nothing():
    checked = Checked()
    checked.pass_time(5)
    wish = checked.wish()
    checked.check.opened()

    assert checked.check.take(BooksRead(wish, {"A": OTHER})) == []
    assert checked.check.take(BooksRead(wish, {"A": OTHER})) == []
    assert checked.conversation.give_up_reason is None


@pytest.mark.parametrize("books", [None, {}])
def test_without_an_answer_the_socket_is_asked_for_its_books(books):
    checked = Checked()
    checked.pass_time(5)

    assert checked.check.take(BooksRead(checked.wish(), books)) == []

    (command,) = checked.conversation.commands(0)
    assert "get_snapshot" in command


def test_where_no_market_is_open_silence_is_what_is_expected():
    checked = Checked()
    checked.pass_time(9)
    assert checked.check.wish(lambda _: False) is None
    checked.pass_time(9)

    assert not checked.is_stale()


def test_a_book_that_fits_either_scale_is_compared_at_once():
    checked = Checked()
    checked.conversation.follow("THIN")
    checked.conversation.closed("gone")
    checked.conversation.opened()
    checked.conversation.commands(0)
    checked.check.opened()
    checked.conversation.feed('{"type":"subscribed","id":4,"msg":{"channel":"orderbook_delta","sid":1}}')
    checked.conversation.feed(snapshot("THIN", 1, asks=(("0.5200", "2.00"),)))

    assert checked.wish().tickers == ("THIN",)


def test_frames_that_were_sent_long_before_they_came_are_not_heard_of():
    checked = Checked()
    now_ms = checked.clock.now() // 1_000_000
    checked.frame(sending_ts_ms=now_ms)
    assert not checked.is_stale()
    checked.pass_time(20)

    checked.frame(sending_ts_ms=now_ms + 5_000)

    assert checked.is_stale()
