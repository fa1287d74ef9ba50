"""What each piece of evidence proves about an order, one at a time; all of them together are the machine's."""

from dataclasses import replace

import pytest

from edgelock.actors.live_index import KEPT_AFTER_END
from edgelock.actors.live_lists import LOOK_UPS_MAX
from edgelock.actors.live_orders import LiveOrders
from edgelock.actors.order_gateway import (
    Acknowledged,
    Amended,
    AmendRejected,
    Canceled,
    CancelRejected,
    Filled,
    Rejected,
    RenewOrder,
    ResendOrder,
    Unanswered,
)
from edgelock.actors.sweep import Sweep
from edgelock.core.intents import AmendOrder, PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import CancelReason, Kind, Role, TimeInForce
from edgelock.core.units import SECOND, Duration, Money, Price, Size, Timestamp
from edgelock.kalshi import wire_orders as wire
from edgelock.kalshi.account import VenueFill, VenueOrder, VenueOrderStatus
from edgelock.kalshi.private_events import FillSeen, OrderSeen
from tests.core.builders import NOON, after

T, ID, V = "TICKER", "run-1", "v1"
RESTING, CANCELED, EXECUTED = VenueOrderStatus.RESTING, VenueOrderStatus.CANCELED, VenueOrderStatus.EXECUTED
LOST, BUSY = wire.Unknown("no answer"), wire.Refused(429, "too_many_requests", "")
NOT_FOUND, UNWANTED = wire.Refused(404, "not_found", ""), wire.Refused(400, "invalid_order", "post only cross")


def the_orders(**changes) -> LiveOrders:
    return LiveOrders("run", entry_life=Duration(60 * SECOND), exit_life=Duration(900 * SECOND), **changes)


def a_wish(name: str = ID, *, role: Role = Role.ENTRY, waits: bool = True) -> PlaceOrder:
    return PlaceOrder(
        client_order_id=name,
        side=Side.BID,
        price=Price(4400),
        size=Size(300),
        role=role,
        kind=Kind.QUOTE,
        time_in_force=TimeInForce.GOOD_TILL_CANCELED if waits else TimeInForce.IMMEDIATE_OR_CANCEL,
        post_only=waits,
        skew="FLAT",
    )


def shown(status: VenueOrderStatus = RESTING, filled: int = 0, remaining: int = 300, **changes) -> VenueOrder:
    order = VenueOrder(
        order_id=V,
        client_order_id=ID,
        ticker=T,
        side=Side.BID,
        price=Price(4400),
        size=Size(300),
        filled=Size(filled),
        remaining=Size(remaining),
        status=status,
    )
    return replace(order, **changes)


def a_fill(size: int = 100, trade: str = "t1", **changes) -> VenueFill:
    fill = VenueFill(
        trade_id=trade,
        order_id=V,
        ticker=T,
        side=Side.BID,
        price=Price(4400),
        size=Size(size),
        fee=Money(0),
        is_taker=False,
        at=NOON,
    )
    return replace(fill, **changes)


def heard(fill: VenueFill, name: str | None = ID) -> FillSeen:
    return FillSeen(fill, name, Size(0))


def a_look(seconds: int, *resting: VenueOrder, fills: tuple[VenueFill, ...] = (), **more) -> Sweep:
    listed = {T: resting}
    return Sweep(as_of=after(seconds), resting=resting, fills=fills, **{"listed": listed, **more})


def kinds(news) -> list[type]:
    return [type(each) for each in news]


@pytest.fixture
def sent() -> LiveOrders:
    orders = the_orders()
    orders.place_sent(T, a_wish(), NOON)
    return orders


@pytest.fixture
def resting(sent) -> LiveOrders:
    sent.placed(ID, wire.Placed(V, Size(0), Size(300)), NOON)
    return sent


def test_an_answer_that_names_the_order_acknowledges_it(sent):
    assert kinds(sent.placed(ID, wire.Placed(V, Size(0), Size(300)), NOON)) == [Acknowledged]
    assert not sent.needs_a_look


def test_an_answer_that_nothing_rests_ends_it_once_its_fills_were_told(sent):
    assert kinds(sent.placed(ID, wire.Placed(V, Size(100), Size(0)), NOON)) == [Acknowledged]
    assert sent.needs_a_look
    assert kinds(sent.heard(heard(a_fill()), NOON)) == [Filled, Canceled]
    assert not sent.needs_a_look


def test_a_first_refusal_is_the_end(sent):
    (news,) = sent.placed(ID, UNWANTED, NOON)
    assert isinstance(news, Rejected)
    assert news.is_judged
    assert sent.find(ID).is_over


def test_a_refusal_of_an_order_that_has_filled_proves_nothing(sent):
    sent.heard(heard(a_fill()), NOON)
    assert kinds(sent.placed(ID, UNWANTED, NOON)) == [Unanswered]
    assert not sent.find(ID).is_over


@pytest.mark.parametrize("outcome", [LOST, wire.AlreadyExists()])
def test_an_answer_that_proves_nothing_makes_it_unknown(sent, outcome):
    assert kinds(sent.placed(ID, outcome, NOON)) == [Unanswered]
    assert sent.needs_a_look


def test_an_unknown_order_that_the_list_shows_is_what_it_is(sent):
    sent.placed(ID, LOST, NOON)
    assert kinds(sent.swept(a_look(1, shown()), after(1))) == [Acknowledged]
    assert not sent.needs_a_look


def test_an_unknown_entry_is_never_sent_again_and_ends_after_its_expiry(sent):
    sent.placed(ID, LOST, NOON)
    for seconds in range(2, 60):
        assert sent.swept(a_look(seconds), after(seconds)) == []
        assert sent.due(after(seconds)) == []
    assert sent.swept(a_look(62), after(62)) == []
    (news,) = sent.swept(a_look(63), after(63))
    assert isinstance(news, Canceled)
    assert news.reason == "never_arrived"


def test_an_unknown_exit_is_sent_again_after_two_looks_each_newer_than_the_last():
    orders = the_orders()
    orders.place_sent(T, a_wish(role=Role.EXIT), NOON)
    orders.placed(ID, LOST, NOON)
    for seconds in (1, 2, 2):
        orders.swept(a_look(seconds), after(seconds))
        assert orders.due(after(seconds)) == []
    orders.swept(a_look(3), after(3))
    assert orders.due(after(3)) == [(T, ResendOrder(client_order_id=ID))]

    orders.resend_sent(ID, after(3))
    assert orders.due(after(3)) == []
    assert kinds(orders.placed(ID, wire.Placed(V, Size(0), Size(300)), after(4))) == [Acknowledged]


@pytest.mark.parametrize(("outcome", "is_sent_again"), [(BUSY, True), (UNWANTED, False), (wire.AlreadyExists(), False)])
def test_the_answer_to_a_second_sending_says_whether_to_go_on(outcome, is_sent_again):
    orders = the_orders()
    orders.place_sent(T, a_wish(role=Role.EXIT), NOON)
    orders.placed(ID, LOST, NOON)
    orders.placed(ID, outcome, after(3))
    for seconds in (5, 6):
        assert orders.swept(a_look(seconds), after(seconds)) == []
    assert bool(orders.due(after(6))) is is_sent_again


def test_an_exit_refused_when_it_was_sent_again_ends_when_the_first_sending_cannot_arrive_any_more():
    orders = the_orders()
    orders.place_sent(T, a_wish(role=Role.EXIT), NOON)
    orders.placed(ID, LOST, NOON)
    orders.placed(ID, UNWANTED, after(3))
    for seconds in (5, 13):
        assert orders.swept(a_look(seconds), after(seconds)) == []
    assert kinds(orders.swept(a_look(14), after(14))) == [Canceled]


def test_an_immediate_order_of_unknown_fate_ends_at_the_close_once_it_cannot_arrive_any_more():
    orders = the_orders()
    orders.place_sent(T, a_wish(role=Role.EXIT, waits=False), NOON)
    orders.placed(ID, LOST, NOON)
    orders.is_closing = True
    assert orders.swept(a_look(5), after(5)) == []
    assert orders.due(after(5)) == []
    assert kinds(orders.swept(a_look(11), after(11))) == [Canceled]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (wire.Amended(None), [Amended]),
        (UNWANTED, [AmendRejected]),
        (BUSY, [AmendRejected]),
        (NOT_FOUND, [Unanswered]),
        (LOST, [Unanswered]),
    ],
)
def test_what_the_answer_to_an_amendment_proves(resting, outcome, expected):
    resting.amend_sent(AmendOrder(client_order_id=ID, price=Price(4500), size=Size(500), reason=CancelReason.EXIT))
    assert kinds(resting.amended(ID, outcome, NOON)) == expected


def test_an_amendment_of_unknown_fate_is_settled_by_what_is_newer_than_it_only(resting):
    resting.amend_sent(AmendOrder(client_order_id=ID, price=Price(4500), size=Size(500), reason=CancelReason.EXIT))
    resting.amended(ID, LOST, after(5))
    assert resting.swept(a_look(6, shown()), after(6)) == []
    (news,) = resting.swept(a_look(7, shown(remaining=500, price=Price(4500))), after(7))
    assert (type(news), news.price, news.size) == (Amended, 4500, 500)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (wire.Canceled(Size(300)), [Canceled]),
        (wire.Canceled(Size(200)), []),
        (wire.Canceled(Size(400)), []),
        (NOT_FOUND, [CancelRejected]),
        (BUSY, [CancelRejected, Acknowledged]),
        (LOST, [Unanswered]),
    ],
)
def test_what_the_answer_to_a_cancel_proves(resting, outcome, expected):
    resting.cancel_sent(ID)
    assert kinds(resting.canceled(ID, outcome, NOON)) == expected


def test_a_cancel_after_an_amendment_that_was_given_up_is_settled_by_the_record(resting):
    """It was carried out after all, later, and 200 had filled of the larger order: what was left is 300, as before."""
    resting.amend_sent(AmendOrder(client_order_id=ID, price=Price(4400), size=Size(500), reason=CancelReason.EXIT))
    resting.amended(ID, LOST, NOON)
    resting.swept(a_look(2, shown()), after(2))
    resting.cancel_sent(ID)
    assert resting.canceled(ID, wire.Canceled(Size(300)), after(3)) == []
    assert resting.swept(a_look(5, looked_up={V: shown(CANCELED, 200, 0)}), after(5)) == []
    assert kinds(resting.heard(heard(a_fill(200)), after(5))) == [Filled, Canceled]


def test_while_a_request_is_under_way_nothing_is_concluded_from_absence(sent):
    sent.placed(ID, LOST, NOON)
    sent.swept(a_look(63), after(63))
    sent.cancel_sent(ID)
    assert sent.swept(a_look(64), after(64)) == []
    assert kinds(sent.canceled(ID, None, after(64))) == [Unanswered]
    assert kinds(sent.swept(a_look(65), after(65))) == [Canceled]


def test_fills_are_read_from_before_an_order_was_placed_until_they_were_read_under_its_name(sent):
    sent.placed(ID, LOST, NOON)
    sent.swept(a_look(199), after(200))
    sent.heard(OrderSeen(shown(filled=100, remaining=200), None), after(200))
    assert sent.look_ups((), after(200)).fills_since_s < NOON // SECOND
    sent.swept(Sweep(as_of=after(201), resting=(shown(),)), after(201))
    assert sent.look_ups((), after(202)).fills_since_s > NOON // SECOND


def test_an_entry_is_due_for_renewal_at_half_its_life_and_again_until_it_succeeds(resting):
    renewal = (T, RenewOrder(client_order_id=ID))
    assert resting.due(after(29)) == []
    assert resting.due(after(30)) == [renewal]
    assert resting.due(after(31)) == []
    assert resting.due(after(34)) == [renewal]
    resting.renew_sent(ID)
    assert resting.due(after(39)) == []
    resting.renewed(ID, wire.Amended(None), after(100), after(40))
    assert resting.due(after(60)) == []
    assert resting.due(after(70)) == [renewal]


def test_a_renewal_without_an_answer_counts_as_proof_of_an_end_only_when_it_is_over(resting):
    resting.renew_sent(ID)
    assert resting.renewed(ID, LOST, after(100), after(40)) == []
    assert resting.find(ID).expires_at == after(100)
    assert resting.due(after(45)) != []


def test_a_renewal_of_an_order_that_the_venue_does_not_find_makes_it_unknown(resting):
    resting.renew_sent(ID)
    assert kinds(resting.renewed(ID, NOT_FOUND, after(100), NOON)) == [Unanswered]
    assert kinds(resting.swept(a_look(3, looked_up={V: shown(CANCELED, 0, 0)}), after(3))) == [Canceled]


def test_a_fill_counts_once_whoever_tells_it_and_also_after_the_end(resting):
    assert kinds(resting.heard(heard(a_fill()), NOON)) == [Filled]
    assert resting.heard(heard(a_fill()), NOON) == []
    assert resting.swept(a_look(1, shown(filled=100, remaining=200), fills=(a_fill(),)), after(1)) == []
    resting.heard(OrderSeen(shown(CANCELED, 100, 0), None), NOON)
    assert resting.find(ID).is_over
    assert kinds(resting.heard(heard(a_fill(50, "t2")), NOON)) == [Filled]
    assert resting.net(T) == 150


def test_a_fill_that_names_only_the_venues_id_is_booked_when_that_is_known(sent):
    assert sent.heard(heard(a_fill(), None), NOON) == []
    assert sent.look_ups((), NOON).order_ids == (V,)
    assert kinds(sent.placed(ID, wire.Placed(V, Size(100), Size(200)), NOON)) == [Acknowledged, Filled]


@pytest.mark.parametrize(
    "odd",
    [
        {"size": Size(30_000)}, {"price": Price(4500)}, {"side": Side.ASK}, {"ticker": "OTHER"}, {"fee": Money(60_000)},
    ],
)  # fmt: skip
def test_a_fill_that_no_order_of_ours_can_have_had_is_believed_when_two_reads_of_the_list_tell_it(resting, odd):
    fill = a_fill(**odd)
    assert resting.heard(heard(fill), NOON) == []
    assert resting.needs_a_look
    assert resting.swept(a_look(3, shown(), fills=(fill,)), after(3)) == []
    assert Filled in kinds(resting.swept(a_look(5, shown(), fills=(fill,)), after(5)))


def test_a_garbled_fill_gives_way_to_what_the_list_tells(resting):
    resting.heard(heard(a_fill(30_000)), NOON)
    (news,) = resting.swept(a_look(3, shown(filled=100, remaining=200), fills=(a_fill(),)), after(3))
    assert news.size == 100
    assert not resting.needs_a_look


def test_fills_that_the_venue_counts_and_that_nobody_told_are_looked_for(resting):
    resting.heard(OrderSeen(shown(filled=100, remaining=200), "Trade"), NOON)
    assert resting.needs_a_look


def test_orders_of_ours_that_nobody_keeps_are_strays_and_others_orders_are_not(resting):
    orders = the_orders(previous=frozenset({"old-7"}))
    old = shown(order_id="v7", client_order_id="old-7")
    hand = shown(order_id="v8", client_order_id="by-hand")
    orders.swept(a_look(1, old, hand), after(1))
    assert orders.strays == {"v7": T}


def test_an_order_that_ended_here_and_rests_there_is_a_stray(resting):
    resting.heard(OrderSeen(shown(CANCELED, 0, 0), None), NOON)
    resting.swept(a_look(1, shown()), after(1))
    assert resting.strays == {}
    resting.swept(a_look(2, shown()), after(2))
    assert resting.strays == {V: T}


@pytest.mark.parametrize("odd", [{"side": Side.ASK}, {"ticker": "OTHER"}, {"client_order_id": "run-2"}])
def test_what_contradicts_an_order_itself_is_not_about_it(resting, odd):
    resting.place_sent(T, a_wish("run-2"), NOON)
    assert resting.heard(OrderSeen(shown(CANCELED, 0, 0, **odd), None), NOON) == []
    assert not resting.find(ID).is_over


def test_every_missing_order_gets_its_turn_at_being_looked_up():
    orders = the_orders()
    number = LOOK_UPS_MAX + 5
    for n in range(number):
        orders.place_sent(T, a_wish(f"run-{n}"), NOON)
        orders.placed(f"run-{n}", wire.Placed(f"v{n}", Size(0), Size(300)), NOON)
    first = orders.look_ups((), NOON).order_ids
    assert orders.needs_a_look
    orders.swept(a_look(2, looked_up=dict.fromkeys(first)), after(2))
    second = orders.look_ups((), after(2)).order_ids
    assert len({*first, *second}) == number


def test_an_order_that_ended_long_ago_is_forgotten(resting):
    resting.heard(OrderSeen(shown(CANCELED, 0, 0), None), NOON)
    later = Timestamp(NOON + KEPT_AFTER_END + SECOND)
    resting.swept(Sweep(as_of=later, resting=()), later)
    with pytest.raises(KeyError):
        resting.find(ID)


def test_nothing_is_due_while_the_run_ends(resting):
    resting.is_closing = True
    assert resting.due(after(59)) == []
