"""Orders and position as order facts make them: once, in order, and never by guesswork."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.facts import (
    AmendRejected,
    CancelRejected,
    IntentRefused,
    MarketSettled,
    OrderAcknowledged,
    OrderAmended,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    OrderUnanswered,
)
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.order import CancelReason, Kind, OrderState, Role, TimeInForce
from edgelock.core.order_ledger import ENDED_ORDERS_KEPT, OrderLedger, SequenceGap, UnknownOrder
from edgelock.core.units import Money
from tests.core.builders import ASK, BID, NOON, after, cents, contracts


def a_wish(name="a", **changes) -> PlaceOrder:
    wish = {
        "client_order_id": name,
        "side": BID,
        "price": cents(46),
        "size": contracts(10),
        "role": Role.ENTRY,
        "kind": Kind.QUOTE,
        "time_in_force": TimeInForce.GOOD_TILL_CANCELED,
        "post_only": True,
        "skew": "FLAT",
    }
    return PlaceOrder(**{**wish, **changes})


class Told:
    """A ledger and the facts it is told, numbered one after the other."""

    def __init__(self, *names: str) -> None:
        self.ledger = OrderLedger()
        for name in names:
            self.ledger = self.ledger.with_intent(a_wish(name), NOON)

    def tell(self, kind, name="a", **fields):
        about = {} if kind in (MarketSettled, IntentRefused) else {"client_order_id": name}
        fact = kind(at=after(1), sequence=self.ledger.sequence + 1, **about, **fields)
        self.ledger, realized = self.ledger.after(fact)
        return realized

    def fill(self, size, name="a", trade="x1", price=46):
        return self.tell(
            OrderFilled, name, trade_id=trade, price=cents(price), size=contracts(size), fee=Money(0), is_taker=False
        )

    def state(self, name="a") -> OrderState:
        return self.ledger.order(name).state


def test_an_intent_is_an_order_in_flight_and_an_answer_moves_it():
    told = Told("a")
    assert OrderState.PLACING is told.state()

    told.tell(OrderAcknowledged, venue_order_id="v1")
    assert OrderState.RESTING is told.state()

    told.ledger = told.ledger.with_intent(CancelOrder(client_order_id="a", reason=CancelReason.QUOTE), NOON)
    assert OrderState.CANCELING is told.state()
    told.tell(OrderCanceled)
    assert (told.state(), told.ledger.orders) == (OrderState.CANCELED, ())


def test_an_amendment_counts_as_the_larger_size_until_it_is_answered():
    told = Told("a")
    told.tell(OrderAcknowledged, venue_order_id="v1")
    wish = AmendOrder(client_order_id="a", price=cents(45), size=contracts(4), reason=CancelReason.EXIT)

    told.ledger = told.ledger.with_intent(wish, NOON)
    assert contracts(10) == told.ledger.order("a").remaining
    told.tell(OrderAmended, price=cents(45), size=contracts(4))

    order = told.ledger.order("a")
    assert (OrderState.RESTING, cents(45), contracts(4)) == (order.state, order.price, order.remaining)


def test_a_refused_amendment_leaves_the_order_as_it_was():
    told = Told("a")
    told.tell(OrderAcknowledged, venue_order_id="v1")
    wish = AmendOrder(client_order_id="a", price=cents(45), size=contracts(4), reason=CancelReason.EXIT)
    told.ledger = told.ledger.with_intent(wish, NOON)

    told.tell(AmendRejected, code="no", text="no")

    assert (OrderState.RESTING, cents(46)) == (told.state(), told.ledger.order("a").price)


@pytest.mark.parametrize(
    ("fact", "fields"),
    [(OrderUnanswered, {"reason": "timeout"}), (CancelRejected, {"code": "not_found", "text": "no order"})],
)
def test_an_answer_that_proves_nothing_leaves_the_order_live(fact, fields):
    told = Told("a")
    told.tell(OrderAcknowledged, venue_order_id="v1")
    told.ledger = told.ledger.with_intent(CancelOrder(client_order_id="a", reason=CancelReason.QUOTE), NOON)

    told.tell(fact, **fields)

    assert OrderState.UNKNOWN is told.state()
    assert contracts(10) == told.ledger.orders[0].remaining


def test_a_rejection_and_a_refusal_of_our_own_end_the_order():
    told = Told("a", "b")

    told.tell(OrderRejected, "a", code="no", text="no")
    told.tell(IntentRefused, intent=a_wish("b"), limit="permit", found=1, allowed=2)

    assert (told.state("a"), told.state("b"), told.ledger.orders) == (OrderState.REJECTED, OrderState.REJECTED, ())


def test_a_fill_moves_the_order_and_the_position_together():
    told = Told("a")

    assert told.fill(4) is None
    assert (contracts(4), contracts(6)) == (told.ledger.position.net, told.ledger.order("a").remaining)
    told.fill(6, trade="x2")

    assert (OrderState.FILLED, contracts(10)) == (told.state(), told.ledger.position.net)


def test_a_fill_that_closes_says_what_it_realized():
    told = Told("a")
    told.fill(10)
    told.ledger = told.ledger.with_intent(a_wish("b", side=ASK, role=Role.EXIT), NOON)

    realized = told.fill(10, "b", "x2", price=53)

    assert (contracts(10), 700_000) == (realized.size, realized.pnl)


def test_a_trade_told_twice_under_a_new_number_counts_once_and_the_number_is_used_up():
    told = Told("a")
    told.fill(4)

    told.fill(4)

    assert (contracts(4), contracts(6), 2) == (
        told.ledger.position.net,
        told.ledger.order("a").remaining,
        told.ledger.sequence,
    )


def test_a_late_fill_of_a_cancelled_order_is_booked_and_the_order_stays_ended():
    told = Told("a")
    told.tell(OrderCanceled)

    told.fill(4)

    assert (contracts(4), OrderState.CANCELED, ()) == (told.ledger.position.net, told.state(), told.ledger.orders)


def test_settlement_closes_the_position_at_its_value():
    told = Told("a")
    told.fill(10)

    realized = told.tell(MarketSettled, value=cents(100))

    assert (0, contracts(10), 5_400_000) == (told.ledger.position.sign, realized.size, realized.pnl)


def test_a_fact_heard_before_changes_nothing():
    told = Told("a")
    told.tell(OrderAcknowledged, venue_order_id="v1")
    again = OrderRejected(at=NOON, sequence=1, client_order_id="a", code="no", text="no")

    assert (told.ledger, None) == told.ledger.after(again)


def test_a_missing_fact_is_an_error():
    later = OrderAcknowledged(at=NOON, sequence=2, client_order_id="a", venue_order_id="v1")

    with pytest.raises(SequenceGap, match="2 follows 0"):
        Told("a").ledger.after(later)


def test_a_fact_about_an_order_that_nobody_knows_is_an_error():
    with pytest.raises(UnknownOrder, match="no order b"):
        Told("a").tell(OrderAcknowledged, "b", venue_order_id="v1")


def test_the_last_finished_orders_are_remembered_for_late_news_and_older_ones_are_not():
    names = [f"o{number}" for number in range(ENDED_ORDERS_KEPT + 1)]
    told = Told(*names)
    for name in names:
        told.tell(OrderCanceled, name)

    assert len(told.ledger.ended) == ENDED_ORDERS_KEPT
    assert told.ledger.find(names[0]) is None
    assert OrderState.CANCELED is told.state(names[1])


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.data())
def test_facts_told_again_at_any_moment_give_the_same_ledger(sizes, data):
    total = sum(sizes)
    start = OrderLedger().with_intent(a_wish(size=contracts(total)), NOON)
    facts = [
        OrderFilled(
            at=NOON,
            sequence=number,
            client_order_id="a",
            trade_id=f"x{number}",
            price=cents(46),
            size=contracts(size),
            fee=Money(0),
            is_taker=False,
        )
        for number, size in enumerate(sizes, start=1)
    ]
    plain = repeated = start
    for number, fact in enumerate(facts):
        plain, _ = plain.after(fact)
        repeated, _ = repeated.after(fact)
        repeated, _ = repeated.after(data.draw(st.sampled_from(facts[: number + 1])))

    assert plain == repeated
    assert contracts(total) == plain.position.net
