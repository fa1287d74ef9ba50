"""From listing to settlement."""

import pytest

from edgelock.core.price_grid import PriceBand, PriceGrid
from edgelock.core.units import Price
from edgelock.exchange.facts import (
    CloseTimeMoved,
    GridChanged,
    LevelChanged,
    MarketDetermined,
    MarketListed,
    MarketPaused,
    MarketSettled,
)
from edgelock.exchange.flow import MarketPhase
from edgelock.exchange.market import MarketStatus
from edgelock.exchange.market_life import IllegalMarketChange
from edgelock.exchange.orders import Order, OrderStatus, OrderTerms, UpdateReason
from edgelock.exchange.refusals import Reason, Refused
from tests.exchange.engine_builders import ASK, BID, NOON, TICKER, Desk, a_listing, at, contracts, dollars

LIFECYCLE = (MarketListed, MarketPaused, CloseTimeMoved, MarketDetermined, MarketSettled)


def test_only_the_first_market_of_an_event_announces_the_event() -> None:
    desk = Desk(opened=False)
    desk.engine.list_market(a_listing("OTHER"), NOON)
    assert [fact.is_first_of_event for fact in desk.drain() if isinstance(fact, MarketListed)] == [True, False]


def test_a_market_can_be_listed_once() -> None:
    desk = Desk()
    with pytest.raises(IllegalMarketChange, match="listed already"):
        desk.engine.list_market(a_listing(), NOON)


def test_a_pause_keeps_resting_orders_unless_they_asked_to_be_canceled() -> None:
    desk = Desk()
    stays = desk.placed(BID, 50, 1)
    goes = desk.placed(BID, 49, 1, cancels_on_pause=True)
    desk.engine.change_phase(desk.ticker, MarketPhase.INACTIVE, at(1))
    assert (stays.status, goes.status, goes.reason) == (
        OrderStatus.RESTING,
        OrderStatus.CANCELED,
        UpdateReason.HALT_CANCEL,
    )
    assert desk.engine.cancel(desk.member(), stays.order_id, at(2)) == (stays, contracts(1))


def test_a_market_that_resumes_starts_with_an_empty_book() -> None:
    desk = Desk()
    order = desk.placed(BID, 50, 1)
    desk.engine.change_phase(desk.ticker, MarketPhase.INACTIVE, at(1))
    desk.engine.change_phase(desk.ticker, MarketPhase.ACTIVE, at(2))
    assert order.status is OrderStatus.CANCELED
    paused = [fact.is_paused for fact in desk.drain() if isinstance(fact, MarketPaused)]
    assert paused == [True, False]


def test_an_early_close_moves_the_close_time_and_cancels_everything() -> None:
    desk = Desk()
    order = desk.placed(BID, 50, 1)
    desk.engine.change_phase(desk.ticker, MarketPhase.CLOSED, at(60))
    assert desk.market.close_time == at(60)
    assert order.reason is UpdateReason.CLOSE_CANCEL
    assert CloseTimeMoved(at(60), TICKER, at(60)) in desk.drain()


def test_opening_and_a_close_on_time_are_not_announced() -> None:
    desk = Desk()
    desk.drain()
    desk.engine.change_phase(desk.ticker, MarketPhase.CLOSED, a_listing().close_time)
    assert not [fact for fact in desk.drain() if isinstance(fact, LIFECYCLE)]


@pytest.mark.parametrize(("before", "after"), [("CLOSED", "ACTIVE"), ("ACTIVE", "INITIALIZED"), ("CLOSED", "INACTIVE")])
def test_a_market_cannot_go_back(before: str, after: str) -> None:
    desk = Desk()
    desk.engine.change_phase(desk.ticker, MarketPhase[before], at(1))
    with pytest.raises(IllegalMarketChange):
        desk.engine.change_phase(desk.ticker, MarketPhase[after], at(2))


@pytest.mark.parametrize(
    ("value", "long_gets", "short_gets"), [(10_000, 10, 0), (0, 0, 10), (5_000, 5, 5), (2_500, 2, 7)]
)
def test_settlement_pays_yes_the_value_and_no_the_rest(value: int, long_gets: int, short_gets: int) -> None:
    desk = Desk()
    desk.placed(ASK, 40, 10, who="bob")
    desk.placed(BID, 40, 10, who="ann")
    before = {name: desk.member(name).cash for name in ("ann", "bob")}
    desk.engine.determine(desk.ticker, Price(value), at(1))
    assert desk.market.status is MarketStatus.DETERMINED
    assert desk.member("ann").cash == before["ann"]
    desk.engine.advance(at(61))
    assert desk.market.status is MarketStatus.FINALIZED
    assert (desk.member("ann").cash - before["ann"]) // 1_000_000 == long_gets
    assert (desk.member("bob").cash - before["bob"]) // 1_000_000 == short_gets
    assert desk.money_in_the_system() == desk.engine.venue.deposited


def test_settlement_leaves_a_row_with_what_was_held_and_what_it_cost() -> None:
    desk = Desk()
    desk.house(ASK, 40, 10)
    desk.placed(BID, 40, 10)
    desk.engine.determine(desk.ticker, Price(10_000), at(1))
    desk.engine.advance(at(61))
    (row,) = desk.member().settlements
    assert (row.size, row.cost, row.revenue, row.value) == (contracts(10), dollars(4), dollars(10), 10_000)
    assert desk.member().position(desk.ticker).realized == dollars(6)


@pytest.mark.parametrize("value", [-1, 10_001])
def test_an_outcome_lies_between_nothing_and_one_dollar(value: int) -> None:
    with pytest.raises(IllegalMarketChange, match="between 0 and 1"):
        Desk().engine.determine(TICKER, Price(value), at(1))


def test_an_outcome_is_final() -> None:
    desk = Desk()
    desk.engine.determine(desk.ticker, Price(0), at(1))
    with pytest.raises(IllegalMarketChange, match="already"):
        desk.engine.determine(desk.ticker, Price(0), at(2))


def test_the_close_takes_every_level_off_the_book() -> None:
    desk = Desk()
    desk.house(BID, 45, 10)
    desk.house(ASK, 47, 10)
    desk.drain()
    desk.engine.change_phase(desk.ticker, MarketPhase.CLOSED, at(1))
    assert [fact.delta for fact in desk.drain() if isinstance(fact, LevelChanged)] == [-1000, -1000]


def test_a_market_closes_by_itself_when_its_time_has_come() -> None:
    desk = Desk()
    order = desk.placed(BID, 50, 1)
    desk.engine.move_close(desk.ticker, at(60), at(1))
    assert CloseTimeMoved(at(1), TICKER, at(60)) in desk.drain()
    desk.engine.advance(at(59))
    assert desk.market.status is MarketStatus.ACTIVE
    desk.engine.advance(at(61))
    assert (desk.market.status, order.reason) == (MarketStatus.CLOSED, UpdateReason.CLOSE_CANCEL)


def test_only_the_last_close_that_was_announced_counts() -> None:
    desk = Desk()
    desk.engine.move_close(desk.ticker, at(60), at(1))
    desk.engine.move_close(desk.ticker, at(120), at(2))
    desk.engine.advance(at(61))
    assert desk.market.status is MarketStatus.ACTIVE
    with pytest.raises(IllegalMarketChange):
        desk.engine.move_close(desk.ticker, at(60), at(61))


def test_another_grid_judges_new_orders_and_keeps_what_rests() -> None:
    desk = Desk()
    fine = PriceGrid((PriceBand(Price(0), Price(10_000), Price(10)),))
    resting = desk.placed(BID, 50, 1)
    assert desk.engine.place(desk.member(), terms := a_bid(desk, 5010), at(1)) == Refused(Reason.INVALID_PRICE)
    desk.engine.change_grid(desk.ticker, "deci_cent", fine, at(2))
    assert isinstance(desk.engine.place(desk.member(), terms, at(3)), Order)
    assert resting.status is OrderStatus.RESTING
    assert GridChanged(at(2), TICKER) in desk.drain()


def a_bid(desk: Desk, price: int) -> OrderTerms:
    return OrderTerms(ticker=desk.ticker, side=BID, price=Price(price), size=contracts(1))


def test_a_dispute_stops_the_payment_and_its_decision_starts_the_timer_again() -> None:
    desk = Desk()
    desk.house(ASK, 40, 10)
    desk.placed(BID, 40, 10)
    desk.engine.determine(desk.ticker, Price(10_000), at(1))
    desk.engine.dispute(desk.ticker, at(30))
    desk.engine.advance(at(3600))
    assert (desk.market.status, desk.member().settlements) == (MarketStatus.DISPUTED, [])
    desk.engine.amend_result(desk.ticker, Price(0), at(3600))
    assert desk.market.status is MarketStatus.AMENDED
    desk.engine.advance(at(3659))
    assert desk.member().settlements == []
    desk.engine.advance(at(3661))
    (row,) = desk.member().settlements
    assert (desk.market.status, row.value, row.revenue) == (MarketStatus.FINALIZED, 0, 0)
    assert desk.money_in_the_system() == desk.engine.venue.deposited


def test_only_a_result_that_waits_can_be_disputed_and_only_a_disputed_one_decided() -> None:
    desk = Desk()
    with pytest.raises(IllegalMarketChange):
        desk.engine.dispute(desk.ticker, at(1))
    desk.engine.determine(desk.ticker, Price(0), at(2))
    with pytest.raises(IllegalMarketChange):
        desk.engine.amend_result(desk.ticker, Price(0), at(3))
    desk.engine.advance(at(120))
    with pytest.raises(IllegalMarketChange):
        desk.engine.dispute(desk.ticker, at(121))
