"""What the exchange refuses at the door, and what it does with each time in force."""

from dataclasses import replace

import pytest

from edgelock.core.units import Size
from edgelock.exchange.flow import MarketPhase
from edgelock.exchange.habits import Habits
from edgelock.exchange.orders import Order, OrderStatus, OrderTerms, TimeInForce, UpdateReason
from edgelock.exchange.refusals import Reason, Refused
from tests.exchange.engine_builders import ASK, BID, NOON, Desk, at, cents, contracts, dollars

IOC, FOK = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"ticker": "NOBODY-KNOWS"}, Reason.MARKET_NOT_FOUND),
        ({"size": Size(0)}, Reason.INVALID_SIZE),
        ({"price": cents(0)}, Reason.INVALID_PRICE),
        ({"price": cents(100)}, Reason.INVALID_PRICE),
        ({"price": cents(40) + 50}, Reason.INVALID_PRICE),
        ({"expires_at": NOON}, Reason.INVALID_PARAMETERS),
        ({"expires_at": at(9), "time_in_force": IOC}, Reason.INVALID_PARAMETERS),
        ({"is_reduce_only": True}, Reason.INVALID_ORDER),
        ({"is_post_only": True, "time_in_force": IOC}, Reason.INVALID_ORDER),
        ({"group_id": "no-such-group"}, Reason.GROUP_NOT_FOUND),
        ({"is_post_only": True, "price": cents(60)}, Reason.INVALID_ORDER),
        ({"size": contracts(2500)}, Reason.INSUFFICIENT_BALANCE),
        ({"time_in_force": FOK, "price": cents(60), "size": contracts(11)}, Reason.FILL_OR_KILL),
    ],
)
def test_a_bad_order_is_refused_with_its_reason_and_changes_nothing(terms: dict[str, object], reason: Reason) -> None:
    desk = Desk()
    desk.house(ASK, 55, 10)
    desk.drain()
    plain = OrderTerms(ticker=desk.ticker, side=BID, price=cents(50), size=contracts(1))
    refused = desk.engine.place(desk.member(), replace(plain, **terms), NOON)  # type: ignore[arg-type]
    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert desk.drain() == []
    assert desk.member().available == dollars(1000)


@pytest.mark.parametrize(
    ("phases", "reason"),
    [
        ((), Reason.MARKET_INACTIVE),
        ((MarketPhase.ACTIVE, MarketPhase.INACTIVE), Reason.TRADING_PAUSED),
        ((MarketPhase.ACTIVE, MarketPhase.CLOSED), Reason.MARKET_INACTIVE),
    ],
)
def test_a_market_that_does_not_trade_takes_no_order(phases: tuple[MarketPhase, ...], reason: Reason) -> None:
    desk = Desk(opened=False)
    for phase in phases:
        desk.engine.change_phase(desk.ticker, phase, NOON)
    assert desk.place(BID, 50, 1) == Refused(reason)


def test_a_client_order_id_is_good_for_one_order_only_even_after_a_cancel() -> None:
    desk = Desk()
    order = desk.placed(BID, 50, 1, client_order_id="one")
    assert desk.place(BID, 50, 1, client_order_id="one") == Refused(Reason.DUPLICATE_CLIENT_ORDER_ID)
    desk.engine.cancel(desk.member(), order.order_id, NOON)
    assert desk.place(BID, 50, 1, client_order_id="one") == Refused(Reason.DUPLICATE_CLIENT_ORDER_ID)
    assert isinstance(desk.place(BID, 50, 1, client_order_id="one", who="bob"), Order)


def test_a_killed_fill_or_kill_uses_up_its_client_order_id() -> None:
    desk = Desk()
    killed = desk.place(BID, 50, 1, client_order_id="one", time_in_force=FOK)
    assert killed == Refused(Reason.FILL_OR_KILL)
    assert desk.place(BID, 50, 1, client_order_id="one") == Refused(Reason.DUPLICATE_CLIENT_ORDER_ID)


def test_a_refused_order_does_not_use_up_its_client_order_id() -> None:
    desk = Desk()
    assert isinstance(desk.place(BID, 50, 5000, client_order_id="one"), Refused)
    assert isinstance(desk.place(BID, 50, 5, client_order_id="one"), Order)


def test_fill_or_kill_takes_all_or_nothing_over_several_levels() -> None:
    desk = Desk()
    desk.house(ASK, 50, 5)
    desk.house(ASK, 51, 5)
    assert desk.place(BID, 51, 11, time_in_force=FOK) == Refused(Reason.FILL_OR_KILL)
    assert desk.placed(BID, 51, 10, time_in_force=FOK).status is OrderStatus.EXECUTED


def test_a_fill_or_kill_that_meets_an_own_order_acts_as_immediate_or_cancel() -> None:
    desk = Desk()
    desk.house(ASK, 50, 5)
    desk.placed(ASK, 51, 5)
    order = desk.placed(BID, 51, 10, time_in_force=FOK)
    assert (order.filled, order.status) == (contracts(5), OrderStatus.CANCELED)


def test_immediate_or_cancel_never_rests() -> None:
    desk = Desk()
    desk.house(ASK, 50, 5)
    order = desk.placed(BID, 50, 8, time_in_force=IOC)
    assert (order.filled, order.remaining, order.status) == (contracts(5), 0, OrderStatus.CANCELED)
    assert desk.market.book.levels(BID) == []


def test_reduce_only_is_cut_to_the_position() -> None:
    desk = Desk()
    desk.house(ASK, 50, 5)
    desk.placed(BID, 50, 5)
    desk.house(BID, 49, 100)
    order = desk.placed(ASK, 49, 50, time_in_force=IOC, is_reduce_only=True)
    assert (order.filled, order.status) == (contracts(5), OrderStatus.EXECUTED)
    assert desk.member().held(desk.ticker) == 0


@pytest.mark.parametrize("side", [BID, ASK])
def test_reduce_only_without_a_position_to_reduce_is_canceled(side: object) -> None:
    desk = Desk()
    desk.house(BID, 48, 10)
    desk.house(ASK, 50, 10)
    order = desk.placed(side, 49, 5, time_in_force=IOC, is_reduce_only=True)  # type: ignore[arg-type]
    assert (order.status, order.reason) == (OrderStatus.CANCELED, UpdateReason.REDUCE_ONLY_CANCEL)


def test_resting_orders_reserve_what_they_could_cost() -> None:
    desk = Desk()
    desk.placed(BID, 50, 1000)
    reserved = dollars(1000) - desk.member().available
    assert dollars(500) < reserved <= dollars(518)
    assert desk.place(BID, 49, 1000) == Refused(Reason.INSUFFICIENT_BALANCE)
    desk.engine.cancel_all(desk.member(), NOON)
    assert desk.member().available == dollars(1000)


def test_an_order_that_only_closes_needs_no_money() -> None:
    desk = Desk()
    desk.house(ASK, 90, 1000)
    desk.placed(BID, 90, 1000)
    poor = desk.member()
    assert poor.available < dollars(100)
    assert isinstance(desk.place(ASK, 95, 1000), Order)
    assert desk.place(ASK, 94, 2000) == Refused(Reason.INSUFFICIENT_BALANCE)


def test_sizes_go_down_to_a_hundredth_of_a_contract() -> None:
    desk = Desk()
    terms = OrderTerms(ticker=desk.ticker, side=BID, price=cents(50), size=Size(1))
    order = desk.engine.place(desk.member(), terms, NOON)
    assert isinstance(order, Order)
    assert desk.market.book.levels(BID) == [(5000, 1)]


def test_a_position_limit_counts_what_is_held_and_all_that_rests_on_the_side() -> None:
    desk = Desk()
    desk.engine.venue.habits = Habits(position_limit=contracts(10))
    desk.house(ASK, 50, 6)
    desk.placed(BID, 50, 6)
    desk.placed(BID, 40, 3)
    assert desk.place(BID, 41, 2) == Refused(Reason.RISK_LIMIT)
    assert isinstance(desk.place(BID, 41, 1), Order)
    assert isinstance(desk.place(ASK, 60, 16), Order)
    assert desk.place(ASK, 61, 1) == Refused(Reason.RISK_LIMIT)
