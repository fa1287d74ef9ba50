"""Cancel, decrease and amend, and what they do to the place in the queue."""

import pytest

from edgelock.core.units import Size
from edgelock.exchange.facts import Filled
from edgelock.exchange.flow import MarketPhase
from edgelock.exchange.orders import AmendTerms, Order, OrderStatus, UpdateReason
from edgelock.exchange.refusals import Reason, Refused
from tests.exchange.engine_builders import ASK, BID, NOON, Desk, at, cents, contracts


def amend(desk: Desk, order: Order, *, price: int, total: int, **more: object) -> Order | Refused:
    """Amend to whole cents and contracts; `more` replaces any of the terms."""
    fields: dict[str, object] = {
        "ticker": desk.ticker,
        "side": order.side,
        "price": cents(price),
        "total": contracts(total),
        **more,
    }
    return desk.engine.amend(desk.member(), order.order_id, AmendTerms(**fields), NOON)  # type: ignore[arg-type]


def queue_of_two() -> tuple[Desk, Order]:
    """Ann's 10 at 50 stand before the house's 10 at 50."""
    desk = Desk()
    order = desk.placed(BID, 50, 10)
    desk.house(BID, 50, 10)
    return desk, order


def test_a_cancel_says_how_much_was_still_open() -> None:
    desk = Desk()
    order = desk.placed(BID, 50, 10)
    desk.house(ASK, 50, 4)
    canceled = desk.engine.cancel(desk.member(), order.order_id, NOON)
    assert canceled == (order, contracts(6))
    assert (order.status, order.filled, order.total) == (OrderStatus.CANCELED, contracts(4), contracts(10))


def test_unknown_canceled_filled_and_foreign_orders_get_the_same_answer() -> None:
    desk = Desk()
    canceled, filled, foreign = desk.placed(BID, 40, 1), desk.placed(BID, 50, 1), desk.placed(BID, 45, 1, who="bob")
    desk.engine.cancel(desk.member(), canceled.order_id, NOON)
    desk.house(ASK, 50, 1)
    for order_id in ("unknown", canceled.order_id, filled.order_id, foreign.order_id):
        assert desk.engine.cancel(desk.member(), order_id, NOON) == Refused(Reason.NOT_FOUND)


def test_nothing_can_be_done_to_an_order_after_the_close() -> None:
    desk = Desk()
    order = desk.placed(BID, 50, 10)
    desk.engine.change_phase(desk.ticker, MarketPhase.CLOSED, at(1))
    assert (order.status, order.reason) == (OrderStatus.CANCELED, UpdateReason.CLOSE_CANCEL)
    assert desk.engine.cancel(desk.member(), order.order_id, at(1)) == Refused(Reason.MARKET_INACTIVE)


@pytest.mark.parametrize("amounts", [{"reduce_by": contracts(4)}, {"reduce_to": contracts(6)}])
def test_a_decrease_keeps_the_place_in_the_queue(amounts: dict[str, Size]) -> None:
    desk, order = queue_of_two()
    assert desk.engine.decrease(desk.member(), order.order_id, NOON, **amounts) is order
    assert order.remaining == contracts(6)
    assert desk.market.book.size_ahead(order) == 0


def test_a_decrease_to_nothing_cancels() -> None:
    desk, order = queue_of_two()
    desk.engine.decrease(desk.member(), order.order_id, NOON, reduce_by=contracts(10))
    assert order.status is OrderStatus.CANCELED


@pytest.mark.parametrize(
    "amounts", [{}, {"reduce_by": Size(1), "reduce_to": Size(1)}, {"reduce_to": Size(2000)}, {"reduce_by": Size(-1)}]
)
def test_a_decrease_that_is_not_one_is_refused(amounts: dict[str, Size]) -> None:
    desk, order = queue_of_two()
    assert isinstance(desk.engine.decrease(desk.member(), order.order_id, NOON, **amounts), Refused)
    assert order.remaining == contracts(10)


def test_an_amend_to_a_smaller_size_keeps_the_place_in_the_queue() -> None:
    desk, order = queue_of_two()
    assert amend(desk, order, price=50, total=7) is order
    assert (order.remaining, desk.market.book.size_ahead(order)) == (contracts(7), 0)


def test_an_amend_to_a_larger_size_goes_to_the_back() -> None:
    desk, order = queue_of_two()
    amend(desk, order, price=50, total=11)
    assert (order.remaining, desk.market.book.size_ahead(order)) == (contracts(11), contracts(10))


def test_an_amend_to_another_price_and_back_goes_to_the_back() -> None:
    desk, order = queue_of_two()
    amend(desk, order, price=49, total=10)
    amend(desk, order, price=50, total=10)
    assert desk.market.book.size_ahead(order) == contracts(10)


def test_the_amended_count_includes_what_was_filled() -> None:
    desk, order = queue_of_two()
    desk.house(ASK, 50, 4)
    amend(desk, order, price=50, total=7)
    assert (order.filled, order.remaining, order.total) == (contracts(4), contracts(3), contracts(7))


def test_an_amend_to_exactly_the_filled_size_cancels_and_below_it_is_refused() -> None:
    desk, order = queue_of_two()
    desk.house(ASK, 50, 4)
    assert amend(desk, order, price=50, total=3) == Refused(Reason.INVALID_SIZE)
    assert order.remaining == contracts(6)
    amend(desk, order, price=50, total=4)
    assert (order.status, order.reason) == (OrderStatus.CANCELED, UpdateReason.AMEND)


def test_an_amend_that_crosses_trades_as_taker() -> None:
    desk, order = queue_of_two()
    desk.house(ASK, 53, 4)
    desk.drain()
    amend(desk, order, price=53, total=10)
    fills = [fact for fact in desk.drain() if isinstance(fact, Filled)]
    assert [(fill.price, fill.size, fill.is_taker) for fill in fills] == [(5300, 400, True)]
    assert order.remaining == contracts(6)


def test_a_post_only_order_cannot_be_amended_across_the_book() -> None:
    desk = Desk()
    order = desk.placed(BID, 50, 10, is_post_only=True)
    desk.house(ASK, 53, 4)
    assert amend(desk, order, price=53, total=10) == Refused(Reason.INVALID_ORDER, "post only cross")
    assert order.price == cents(50)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ticker": "OTHER"}, Reason.TICKER_MISMATCH),
        ({"side": ASK}, Reason.SIDE_MISMATCH),
        ({"client_order_id": "not-mine"}, Reason.CLIENT_ORDER_ID_MISMATCH),
        ({"updated_client_order_id": "first"}, Reason.DUPLICATE_CLIENT_ORDER_ID),
        ({"changes_expiry": True, "expires_at": NOON}, Reason.INVALID_PARAMETERS),
    ],
)
def test_a_refused_amend_leaves_the_order_as_it_was(changes: dict[str, object], reason: Reason) -> None:
    desk = Desk()
    order = desk.placed(BID, 50, 10, client_order_id="first")
    before = order.view()
    refused = amend(desk, order, price=50, total=10, **changes)
    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert order.view() == before


@pytest.mark.parametrize(
    ("price", "total", "reason"),
    [(100, 10, Reason.INVALID_PRICE), (50, 90_000, Reason.INSUFFICIENT_BALANCE), (50, 0, Reason.INVALID_SIZE)],
)
def test_an_amend_to_an_impossible_price_or_size_is_refused(price: int, total: int, reason: Reason) -> None:
    desk, order = queue_of_two()
    before = order.view()
    assert amend(desk, order, price=price, total=total) == Refused(reason)
    assert order.view() == before


def test_an_amend_can_move_and_remove_the_expiry_and_rename_the_order() -> None:
    desk = Desk()
    order = desk.placed(BID, 50, 10, client_order_id="first", expires_at=at(5))
    amend(desk, order, price=50, total=10, changes_expiry=True, expires_at=at(9), updated_client_order_id="second")
    desk.engine.advance(at(8))
    assert (order.status, order.client_order_id) == (OrderStatus.RESTING, "second")
    amend(desk, order, price=50, total=10, changes_expiry=True, expires_at=None)
    desk.engine.advance(at(100))
    assert order.status is OrderStatus.RESTING
    assert desk.place(BID, 40, 1, client_order_id="second") == Refused(Reason.DUPLICATE_CLIENT_ORDER_ID)


def test_cancel_all_ends_every_order_of_the_member_and_of_nobody_else() -> None:
    desk = Desk()
    desk.placed(BID, 50, 1)
    desk.placed(ASK, 60, 1)
    other = desk.placed(BID, 50, 1, who="bob")
    assert desk.engine.cancel_all(desk.member(), NOON) == 2
    assert other.status is OrderStatus.RESTING
