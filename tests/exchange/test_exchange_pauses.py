"""The whole exchange pauses, halts and resumes."""

from collections.abc import Callable

import pytest

from edgelock.exchange.flow import ChangeTrading, SetLevel, Take, Trading
from edgelock.exchange.orders import AmendTerms, Order, OrderStatus, UpdateReason
from edgelock.exchange.refusals import Reason, Refused
from tests.exchange.engine_builders import ASK, BID, NOON, Desk, at, cents, contracts
from tests.exchange.test_house_traders import Flowing


def resting(desk: Desk) -> Order:
    desk.engine.create_group(desk.member(), contracts(10), NOON)
    return desk.placed(BID, 40, 5)


def amend(desk: Desk, order: Order) -> object:
    terms = AmendTerms(ticker=desk.ticker, side=BID, price=cents(41), total=contracts(5))
    return desk.engine.amend(desk.member(), order.order_id, terms, at(1))


WRITES: dict[str, Callable[[Desk, Order], object]] = {
    "place": lambda desk, _: desk.place(BID, 41, 1, now=at(1)),
    "amend": amend,
    "decrease": lambda desk, order: desk.engine.decrease(desk.member(), order.order_id, at(1), reduce_by=contracts(1)),
    "cancel": lambda desk, order: desk.engine.cancel(desk.member(), order.order_id, at(1)),
    "cancel unknown": lambda desk, _: desk.engine.cancel(desk.member(), "nobody's", at(1)),
    "cancel all": lambda desk, _: desk.engine.cancel_all(desk.member(), at(1)),
    "create group": lambda desk, _: desk.engine.create_group(desk.member(), contracts(1), at(1)),
    "trigger group": lambda desk, _: desk.engine.trigger_group(desk.member(), *desk.member().groups, at(1)),
    "delete group": lambda desk, _: desk.engine.delete_group(desk.member(), *desk.member().groups, at(1)),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_halted_exchange_refuses_every_write(write: str) -> None:
    desk = Desk()
    order = resting(desk)
    desk.engine.change_trading(Trading.HALTED, at(1))
    assert WRITES[write](desk, order) == Refused(Reason.EXCHANGE_PAUSED)
    assert (order.status, order.remaining) == (OrderStatus.RESTING, contracts(5))


@pytest.mark.parametrize(("write", "is_refused"), [("place", True), ("amend", True), ("cancel", False)])
def test_a_trading_pause_stops_orders_but_not_cancels(write: str, is_refused: bool) -> None:
    desk = Desk()
    order = resting(desk)
    desk.engine.change_trading(Trading.PAUSED, at(1))
    assert (WRITES[write](desk, order) == Refused(Reason.TRADING_PAUSED)) is is_refused


@pytest.mark.parametrize("trading", [Trading.PAUSED, Trading.HALTED])
def test_only_orders_that_asked_for_it_are_canceled_by_a_pause_and_none_by_its_end(trading: Trading) -> None:
    desk = Desk()
    stays, goes = desk.placed(BID, 40, 1), desk.placed(BID, 41, 1, cancels_on_pause=True)
    desk.engine.change_trading(trading, at(1))
    assert (goes.status, goes.reason) == (OrderStatus.CANCELED, UpdateReason.HALT_CANCEL)
    desk.engine.change_trading(Trading.OPEN, at(2))
    assert stays.status is OrderStatus.RESTING
    assert isinstance(desk.place(BID, 41, 1, now=at(2)), Order)


def test_other_traders_stand_still_in_a_pause_and_then_show_what_they_wished() -> None:
    desk = Flowing()
    desk.set_bid(45, 10)
    ask = desk.placed(ASK, 46, 1)
    desk.apply(ChangeTrading(Trading.PAUSED))
    desk.apply(SetLevel(desk.ticker, BID, cents(44), contracts(7)))
    desk.apply(Take(desk.ticker, BID, cents(46), contracts(1)))
    assert (ask.status, desk.market.book.size_at(BID, cents(44))) == (OrderStatus.RESTING, 0)
    desk.apply(ChangeTrading(Trading.OPEN))
    assert desk.market.book.size_at(BID, cents(44)) == contracts(7)
    assert desk.market.book.size_at(BID, cents(45)) == contracts(10)
