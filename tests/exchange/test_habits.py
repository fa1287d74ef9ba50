"""What the venue does sometimes, or may do: each only where it is asked for."""

import pytest

from edgelock.core.units import SECOND, Duration
from edgelock.exchange.facts import Filled, LevelChanged
from edgelock.exchange.flow import MarketPhase
from edgelock.exchange.habits import Habits, PostOnlyCross
from edgelock.exchange.orders import AmendTerms, Order, OrderStatus, UpdateReason
from edgelock.exchange.refusals import Reason, Refused
from tests.exchange.engine_builders import ASK, BID, Desk, at, cents, contracts


def desk_with(**habits: object) -> Desk:
    desk = Desk()
    desk.engine.venue.habits = Habits(**habits)  # type: ignore[arg-type]
    return desk


def seconds(number: int) -> Duration:
    return Duration(number * SECOND)


def test_for_a_moment_after_the_close_an_order_rests_that_nobody_can_cancel() -> None:
    desk = desk_with(close_cancels_after=seconds(1))
    order = desk.placed(BID, 40, 5)
    desk.engine.change_phase(desk.ticker, MarketPhase.CLOSED, at(10))
    assert order.status is OrderStatus.RESTING
    assert desk.engine.cancel(desk.member(), order.order_id, at(10.5)) == Refused(Reason.MARKET_INACTIVE)
    assert desk.engine.cancel_all(desk.member(), at(10.6)) == 0
    assert desk.engine.next_due() == at(11)
    desk.engine.advance(at(11))
    assert (order.status, order.reason) == (OrderStatus.CANCELED, UpdateReason.CLOSE_CANCEL)


def test_a_result_takes_the_book_away_at_once() -> None:
    desk = desk_with(close_cancels_after=seconds(60))
    order = desk.placed(BID, 40, 5)
    desk.engine.determine(desk.ticker, cents(100), at(1))
    assert order.reason is UpdateReason.CLOSE_CANCEL
    desk.engine.advance(at(1000))
    assert desk.money_in_the_system() == desk.engine.venue.deposited


def test_a_cancel_all_reaches_orders_of_the_following_minute_too() -> None:
    desk = desk_with(cancel_all_lasts=seconds(60))
    desk.engine.cancel_all(desk.member(), at(0))
    soon, later = desk.placed(BID, 40, 1, now=at(59)), desk.placed(BID, 41, 1, now=at(61))
    others = desk.placed(BID, 42, 1, now=at(61), who="bob")
    desk.engine.advance(at(120))
    assert [order.status for order in (soon, later, others)] == [
        OrderStatus.CANCELED,
        OrderStatus.RESTING,
        OrderStatus.RESTING,
    ]


def test_a_crossing_post_only_order_is_taken_and_canceled_without_a_trade() -> None:
    desk = desk_with(post_only_cross=PostOnlyCross.CANCELED)
    desk.house(ASK, 50, 10)
    desk.drain()
    order = desk.placed(BID, 50, 5, is_post_only=True, client_order_id="once")
    assert (order.status, order.filled, order.reason) == (
        OrderStatus.CANCELED,
        0,
        UpdateReason.POST_ONLY_CROSS_CANCEL,
    )
    assert not [fact for fact in desk.drain() if isinstance(fact, Filled | LevelChanged)]
    again = desk.place(BID, 40, 5, client_order_id="once")
    assert again == Refused(Reason.DUPLICATE_CLIENT_ORDER_ID)


def test_an_amend_that_makes_a_post_only_order_cross_cancels_it() -> None:
    desk = desk_with(post_only_cross=PostOnlyCross.CANCELED)
    desk.house(ASK, 50, 10)
    order = desk.placed(BID, 40, 5, is_post_only=True)
    terms = AmendTerms(ticker=desk.ticker, side=BID, price=cents(50), total=contracts(5))
    assert isinstance(desk.engine.amend(desk.member(), order.order_id, terms, at(1)), Order)
    assert (order.status, order.remaining, order.reason) == (
        OrderStatus.CANCELED,
        0,
        UpdateReason.POST_ONLY_CROSS_CANCEL,
    )
    assert desk.market.book.size_at(BID, cents(40)) == 0


@pytest.mark.parametrize("side", [BID, ASK])
def test_an_exchange_may_refuse_and_cancel_in_turn(side: object) -> None:
    desk = desk_with(post_only_cross=PostOnlyCross.ALTERNATELY)
    desk.house(ASK, 50, 10)
    desk.house(BID, 45, 10)
    price = 50 if side is BID else 45
    found = [desk.place(side, price, 1, is_post_only=True) for _ in range(4)]  # type: ignore[arg-type]
    assert [isinstance(each, Order) for each in found] == [False, True, False, True]
