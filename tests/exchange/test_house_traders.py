"""How a flow's actions become orders of the house."""

import pytest

from edgelock.core.units import ONE_DOLLAR, Price
from edgelock.exchange.facts import Traded
from edgelock.exchange.flow import ChangePhase, List, MarketPhase, SetLevel, Settle, Take
from edgelock.exchange.house_traders import HouseTraders
from edgelock.exchange.market import MarketStatus
from tests.exchange.engine_builders import ASK, BID, NOON, TICKER, Desk, a_listing, at, cents, contracts


class Flowing(Desk):
    """A market listed and opened by a flow."""

    def __init__(self) -> None:
        super().__init__(a_listing("UNUSED"))
        self.house_traders = HouseTraders(self.engine)
        self.apply(List(a_listing()))
        self.apply(ChangePhase(TICKER, MarketPhase.ACTIVE))
        self.ticker = TICKER
        self.market = self.engine.markets[TICKER]
        self.drain()

    def apply(self, action: object, seconds: float = 0) -> None:
        self.house_traders.apply(action, at(seconds))  # type: ignore[arg-type]

    def set_bid(self, price: int, size: int) -> None:
        self.apply(SetLevel(TICKER, BID, cents(price), contracts(size)))

    def set_ask(self, price: int, size: int) -> None:
        self.apply(SetLevel(TICKER, ASK, cents(price), contracts(size)))


def test_a_level_shows_exactly_the_size_that_was_set_last() -> None:
    desk = Flowing()
    for size in (10, 25, 5, 40, 0, 3):
        desk.set_bid(45, size)
        assert desk.market.book.size_at(BID, cents(45)) == contracts(size)


def test_a_member_keeps_its_place_between_house_orders() -> None:
    desk = Flowing()
    desk.set_bid(45, 10)
    order = desk.placed(BID, 45, 1)
    desk.set_bid(45, 30)
    assert desk.market.book.size_ahead(order) == contracts(10)
    desk.set_bid(45, 15)
    assert desk.market.book.size_ahead(order) == contracts(10)
    desk.set_bid(45, 4)
    assert desk.market.book.size_ahead(order) == contracts(4)


def test_members_orders_at_the_price_are_not_counted_as_the_houses() -> None:
    desk = Flowing()
    desk.placed(BID, 45, 7)
    desk.set_bid(45, 10)
    assert desk.market.book.size_at(BID, cents(45)) == contracts(17)


def test_a_level_that_crosses_trades_with_members_first_and_rests_what_is_left() -> None:
    desk = Flowing()
    order = desk.placed(ASK, 45, 7)
    desk.set_bid(45, 10)
    assert order.filled == contracts(7)
    assert desk.market.book.levels(BID) == [(cents(45), contracts(3))]


def test_a_take_stops_at_its_limit_and_its_rest_is_dropped() -> None:
    desk = Flowing()
    desk.set_ask(45, 3)
    desk.set_ask(47, 3)
    desk.drain()
    desk.apply(Take(TICKER, BID, cents(46), contracts(10)))
    assert [(fact.price, fact.size) for fact in desk.drain() if isinstance(fact, Traded)] == [(4500, 300)]
    assert desk.market.book.levels(BID) == []


def test_what_was_traded_away_comes_back_with_the_next_setting() -> None:
    desk = Flowing()
    desk.set_ask(45, 10)
    desk.apply(Take(TICKER, BID, cents(45), contracts(6)))
    desk.set_ask(45, 10)
    assert desk.market.book.size_at(ASK, cents(45)) == contracts(10)


def test_levels_set_before_the_opening_are_quoted_at_the_opening() -> None:
    desk = Flowing()
    desk.apply(List(a_listing("LATER")))
    desk.apply(SetLevel("LATER", BID, cents(30), contracts(5)))
    assert desk.engine.markets["LATER"].book.levels(BID) == []
    desk.apply(ChangePhase("LATER", MarketPhase.ACTIVE))
    assert desk.engine.markets["LATER"].book.levels(BID) == [(cents(30), contracts(5))]


def test_house_makers_quote_again_after_a_pause_and_heed_what_was_set_during_it() -> None:
    desk = Flowing()
    desk.set_bid(45, 10)
    desk.set_bid(44, 10)
    desk.apply(ChangePhase(TICKER, MarketPhase.INACTIVE))
    desk.set_bid(44, 2)
    desk.apply(Take(TICKER, ASK, cents(1), contracts(5)))
    desk.apply(ChangePhase(TICKER, MarketPhase.ACTIVE))
    assert desk.market.book.levels(BID) == [(cents(44), contracts(2)), (cents(45), contracts(10))]


def test_a_flow_closes_and_settles_a_market() -> None:
    desk = Flowing()
    desk.set_bid(45, 10)
    desk.apply(ChangePhase(TICKER, MarketPhase.CLOSED), 1)
    desk.apply(SetLevel(TICKER, BID, cents(45), contracts(1)), 1)
    desk.apply(Settle(TICKER, ONE_DOLLAR), 2)
    desk.engine.advance(at(100))
    assert desk.market.status is MarketStatus.FINALIZED


def test_a_market_that_was_never_listed_is_an_error() -> None:
    with pytest.raises(KeyError):
        Flowing().apply(SetLevel("NEVER", BID, cents(1), contracts(1)))


def test_house_trades_build_up_open_interest_and_volume() -> None:
    desk = Flowing()
    desk.set_ask(45, 10)
    desk.apply(Take(TICKER, BID, cents(45), contracts(6)))
    assert (desk.market.open_interest, desk.market.volume) == (contracts(6), contracts(12))
    assert desk.engine.now == NOON


def test_what_an_outsider_ends_stays_ended_whatever_the_flow_says_later() -> None:
    desk = Flowing()
    desk.house_traders.intervene(Settle(TICKER, ONE_DOLLAR), at(1))
    desk.apply(ChangePhase(TICKER, MarketPhase.INACTIVE), 2)
    desk.apply(Settle(TICKER, Price(0)), 3)
    assert (desk.market.status, desk.market.value) == (MarketStatus.DETERMINED, ONE_DOLLAR)


def test_the_house_quotes_again_after_an_outsiders_pause() -> None:
    desk = Flowing()
    desk.set_bid(45, 10)
    desk.house_traders.intervene(ChangePhase(TICKER, MarketPhase.INACTIVE), at(1))
    assert desk.market.book.size_at(BID, cents(45)) == contracts(10)
    desk.house_traders.intervene(ChangePhase(TICKER, MarketPhase.ACTIVE), at(2))
    assert desk.market.book.size_at(BID, cents(45)) == contracts(10)
