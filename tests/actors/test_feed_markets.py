"""What a followed market and the listeners are told, and in which order."""

import pytest

from edgelock.actors.feed_markets import LIST_LAG_NS, FeedMarkets
from edgelock.core.facts import BookChanged, FeedStatus, FeedStatusChanged, MarketStatusChanged
from edgelock.core.fees import fee_schedule
from edgelock.core.market import MarketStatus, Side
from edgelock.core.units import ONE_DOLLAR, Price, Size
from tests.actors.feed_doubles import book_of
from tests.actors.test_feed import ListenerThatKeeps
from tests.actors.trading_doubles import HandClock, Letterbox
from tests.core.builders import a_market, after

MARKET = a_market()
T = MARKET.ticker
BOOK = book_of((("0.4700", "3.00"),), (("0.5200", "2.00"),))
OLD = book_of((("0.3000", "3.00"),), (("0.3200", "2.00"),))


class Told:
    """A market that is subscribed, and everybody who hears of it."""

    def __init__(self):
        self.clock, self.listener, self.market = HandClock(), ListenerThatKeeps(), Letterbox("market")
        self.markets = FeedMarkets(clock=self.clock, listeners=(self.listener,))
        self.markets.add(MARKET)
        self.markets.subscribe(T, self.market.address, None)

    def statuses(self):
        facts = [message.fact for message in self.market.taken()]
        return [fact.status for fact in facts if isinstance(fact, MarketStatusChanged)]


def test_a_book_that_is_good_again_comes_before_the_word_that_it_is_and_in_place_of_an_older_one():
    told = Told()
    told.markets.view_changed(T, OLD.view())
    told.markets.set_feed_status(T, FeedStatus.STALE, "silence")
    told.market.taken()
    told.markets.view_changed(T, OLD.view())

    told.markets.restore(T, BOOK, "snapshot")

    facts = [message.fact for message in told.market.taken()]
    assert [type(fact) for fact in facts] == [BookChanged, FeedStatusChanged, BookChanged]
    assert {fact.view for fact in facts if isinstance(fact, BookChanged)} == {BOOK.view()}


def test_listeners_never_see_a_crossed_book():
    told = Told()
    wrong = BOOK.copy()
    wrong.change(Side.BID, Price(6000), Size(300))

    told.markets.book_moved(T, wrong)
    told.markets.book_moved(T, None)
    assert told.listener.calls.empty()
    told.markets.book_moved(T, BOOK)
    assert told.listener.next("book") == ("book", T, BOOK.view())


def test_what_is_no_news_is_not_told():
    told = Told()
    for _ in range(2):
        told.markets.set_feed_status(T, FeedStatus.DOWN, "not connected")
        told.markets.set_grid(T, MARKET.grid)
        told.markets.set_fees(MARKET.event_ticker, MARKET.fees)
        told.markets.learned(T, MARKET.status, MARKET.close_time)

    assert told.market.taken() == []
    assert told.listener.calls.empty()


def test_fees_are_told_to_the_markets_of_their_event_alone():
    told = Told()
    dear = fee_schedule("quadratic_with_maker_fees", 3 * MARKET.fees.taker_rate)

    told.markets.set_fees("ANOTHER", dear)
    assert told.listener.calls.empty()
    told.markets.set_fees(MARKET.event_ticker, dear)
    assert told.listener.next("fees") == ("fees", T, dear)


def test_a_list_overrules_what_the_socket_announced_only_when_it_cannot_be_the_older_news():
    told = Told()
    told.markets.announced(T, MarketStatus.INACTIVE, None)
    told.markets.learned(T, MarketStatus.ACTIVE, MARKET.close_time)
    assert told.statuses() == [MarketStatus.INACTIVE]

    told.clock.real.advance(LIST_LAG_NS + 1)
    told.markets.learned(T, MarketStatus.ACTIVE, MARKET.close_time)
    assert told.statuses() == [MarketStatus.ACTIVE]


@pytest.mark.parametrize("later", [MarketStatus.CLOSED, MarketStatus.DISPUTED, MarketStatus.FINALIZED])
def test_a_list_that_shows_a_later_step_is_believed_at_once(later):
    told = Told()
    told.markets.announced(T, MarketStatus.INACTIVE, None)

    told.markets.learned(T, later, MARKET.close_time)

    assert told.statuses() == [MarketStatus.INACTIVE, later]


def test_the_close_comes_by_itself_and_a_market_moved_beyond_it_does_not_close():
    told = Told()
    told.markets.announced(T, None, after(10))
    told.clock.real.advance(after(9) - after(0))
    told.markets.close_what_is_due()
    told.markets.announced(T, None, after(60))
    told.clock.real.advance(after(2) - after(0))
    told.markets.close_what_is_due()
    assert MarketStatus.CLOSED not in told.statuses()

    told.clock.real.advance(after(60) - after(0))
    told.markets.close_what_is_due()
    assert told.statuses() == [MarketStatus.CLOSED]


def test_a_market_that_nobody_follows_any_more_is_told_nothing():
    told = Told()
    told.markets.drop(T)

    told.markets.learned(T, MarketStatus.CLOSED, MARKET.close_time)
    told.markets.set_grid(T, MARKET.grid)
    told.markets.paid(T, ONE_DOLLAR)

    assert not told.markets.is_open(T)
    assert told.market.taken() == []
    assert told.listener.calls.empty()
