"""What a person reads about a fact: each kind once, in the words of the log, and nothing about what is no news."""

from dataclasses import replace

import pytest

from edgelock.core.evolve import evolve
from edgelock.core.facts import (
    AmendRejected,
    BookChanged,
    CancelRejected,
    FeedStatus,
    FeedStatusChanged,
    IntentRefused,
    MarketSettled,
    MarketStatusChanged,
    OrderAcknowledged,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    OrderUnanswered,
    TimePassed,
)
from edgelock.core.intents import AmendOrder
from edgelock.core.market import MarketStatus
from edgelock.core.order import CancelReason, Kind, OrderState, Role
from edgelock.core.report import find_order, in_zone, report
from edgelock.core.telemetry import Fill, InventoryLimit, OrderCancelled, OrderReject, OrderResolved, Realize
from edgelock.core.units import Money, Price, Size
from tests.core.builders import (
    ASK,
    BID,
    NOON,
    a_book,
    a_market,
    a_position,
    a_state,
    after,
    an_exit,
    an_order,
    cents,
    contracts,
    seconds,
)
from tests.core.obedient_venue import ObedientVenue

NAMED = {"at": NOON, "sequence": 1, "client_order_id": "t-1"}


def records_of(state, fact):
    return report(state, fact, evolve(state, fact))


def actions_of(state, fact):
    return [record.action for record in records_of(state, fact)]


def a_fill(order_id="t-1", price=46, size=10, **changes) -> OrderFilled:
    fact = OrderFilled(
        at=NOON,
        sequence=1,
        client_order_id=order_id,
        trade_id="x1",
        price=cents(price),
        size=contracts(size),
        fee=Money(43_500),
        is_taker=False,
    )
    return replace(fact, **changes)


@pytest.mark.parametrize(
    ("side", "price", "role", "expected"),
    [
        (BID, 48, Role.ENTRY, True),
        (BID, 49, Role.ENTRY, False),
        (BID, 70, Role.ENTRY, False),
        (ASK, 65, Role.ENTRY, True),
        (ASK, 64, Role.ENTRY, False),
        (ASK, 40, Role.ENTRY, False),
        (ASK, 40, Role.EXIT, True),
        (BID, 70, Role.EXIT, True),
    ],
)
def test_an_entry_fill_is_in_its_zone_at_or_beyond_its_own_gate_and_an_exit_anywhere(side, price, role, expected):
    assert in_zone(an_order(side=side, role=role), cents(price), a_state()) is expected


def test_a_fill_tells_everything_about_itself():
    state = a_state(orders=(an_order(),))

    (fill, change) = records_of(state, a_fill(size=4, queue_ahead=contracts(30)))

    assert isinstance(fill, Fill)
    assert (fill.side, fill.price, fill.qty, fill.role) == ("bid", cents(46), contracts(4), "entry")
    assert (fill.in_zone, fill.fee, fill.is_taker, fill.trade_id) == (True, 43_500, False, "x1")
    assert (fill.kind, fill.queue_position, fill.state_after) == ("quote", contracts(30), "SKEW_LONG")
    assert fill.context.state == "FLAT"
    assert (change.old_state, change.new_state) == ("FLAT", "SKEW_LONG")


def test_a_closing_fill_tells_its_result_net_of_both_fees():
    state = a_state(position=a_position(10, 48, fee=100), orders=(an_exit(),), now=after(60))

    realize = records_of(state, a_fill(price=55, size=5, fee=Money(70)))[1]

    assert isinstance(realize, Realize)
    assert (realize.qty, realize.entry_vwap, realize.exit_price) == (contracts(5), 4800, cents(55))
    assert (realize.pnl, realize.fees) == (5 * 70_000 - 120, 120)
    assert (realize.age_s, realize.exit_reason) == (seconds(60), "take_profit")


def test_the_results_told_add_up_to_the_ledger_to_the_last_millionth():
    venue = ObedientVenue(a_state(position=a_position(9, 48, fee=77_777), orders=(an_exit(size=9),)))
    for size, fee in ((2, 13_331), (4, 7), (3, 99_999)):
        venue.fill("t-1", size, fee=fee)

    told = sum(record.pnl for record in venue.records if isinstance(record, Realize))

    assert told == venue.state.position.realized == 9 * 70_000 - 77_777 - 13_331 - 7 - 99_999


def test_a_completed_exit_of_another_kind_is_no_take_profit_exit():
    state = a_state(position=a_position(10), orders=(an_exit(kind=Kind.HARD_CAP),))

    assert actions_of(state, a_fill(price=40)) == ["FILL", "REALIZE", "state_change"]


@pytest.mark.parametrize(
    ("order_state", "fact", "action"),
    [
        (OrderState.PLACING, OrderAcknowledged(**NAMED, venue_order_id="v"), "order_ack"),
        (OrderState.PLACING, OrderRejected(**NAMED, code="post_only_cross", text="no"), "order_reject"),
        (OrderState.AMENDING, AmendRejected(**NAMED, code="amend_refused", text="no"), "order_reject"),
        (OrderState.RESTING, OrderCanceled(**NAMED), "order_gone"),
        (OrderState.CANCELING, CancelRejected(**NAMED, code="not_found", text=""), "order_unknown"),
        (OrderState.PLACING, OrderUnanswered(**NAMED, reason="timeout"), "order_unknown"),
    ],
)
def test_each_answer_of_the_venue_is_one_line(order_state, fact, action):
    assert actions_of(a_state(orders=(an_order(state=order_state),)), fact) == [action]


def test_an_order_that_leaves_the_book_tells_why_and_how_much_was_left():
    ours = an_order(state=OrderState.CANCELING, cancel_reason=CancelReason.QUOTE, filled=contracts(3))
    theirs = an_order()

    (by_us,) = records_of(a_state(orders=(ours,)), OrderCanceled(**NAMED))
    (by_venue,) = records_of(a_state(orders=(theirs,)), OrderCanceled(**NAMED))

    assert isinstance(by_us, OrderCancelled)
    assert isinstance(by_venue, OrderCancelled)
    assert (by_us.reason, by_us.unfilled) == ("quote", contracts(7))
    assert by_venue.reason == "venue"


def test_a_late_confirmation_of_a_finished_order_is_no_news():
    done = an_order(state=OrderState.FILLED, filled=contracts(10))

    assert actions_of(a_state(ended=(done,)), OrderCanceled(**NAMED)) == []


def test_a_cancel_that_finds_no_order_because_it_filled_is_no_news():
    done = an_order(state=OrderState.FILLED, filled=contracts(10))

    assert actions_of(a_state(ended=(done,)), CancelRejected(**NAMED, code="not_found", text="")) == []


@pytest.mark.parametrize(
    ("fact", "became", "actions"),
    [
        (OrderAcknowledged(**NAMED, venue_order_id="v"), "resting", ["order_resolved", "order_ack"]),
        (OrderRejected(**NAMED, code="no", text="no"), "rejected", ["order_resolved", "order_reject"]),
        (OrderCanceled(**NAMED), "canceled", ["order_resolved", "order_gone"]),
        (a_fill(), "filled", ["FILL", "state_change", "order_resolved"]),
    ],
)
def test_an_unknown_order_that_is_known_again_is_told_as_resolved(fact, became, actions):
    state = a_state(orders=(an_order(state=OrderState.UNKNOWN),))

    records = records_of(state, fact)

    assert [record.action for record in records] == actions
    (resolved,) = (record for record in records if isinstance(record, OrderResolved))
    assert resolved.became == became


def test_an_unknown_order_that_stays_unknown_is_not_resolved():
    state = a_state(orders=(an_order(state=OrderState.UNKNOWN),))

    assert actions_of(state, a_fill(size=3)) == ["FILL", "state_change"]
    assert actions_of(state, OrderUnanswered(**NAMED, reason="again")) == ["order_unknown"]


@pytest.mark.parametrize("limit", ["inventory_market", "inventory_global", "order_notional"])
def test_a_limit_on_inventory_is_told_as_such(limit):
    venue = ObedientVenue()
    venue.wait(0)
    fact = IntentRefused(at=NOON, sequence=1, intent=venue.intents[0], limit=limit, found=60, allowed=50)

    (record,) = records_of(venue.state, fact)

    assert isinstance(record, InventoryLimit)
    assert (record.limit, record.found, record.allowed, record.client_order_id) == (limit, 60, 50, "t-1")


def test_any_other_refusal_of_our_own_is_told_as_a_reject_with_its_limit():
    venue = ObedientVenue()
    venue.wait(0)
    placed = IntentRefused(at=NOON, sequence=1, intent=venue.intents[0], limit="permit", found=1, allowed=2)
    amendment = AmendOrder(client_order_id="t-1", price=cents(55), size=contracts(5), reason=CancelReason.EXIT)
    amending = a_state(position=a_position(10), orders=(an_exit(state=OrderState.AMENDING),))
    amended = IntentRefused(at=NOON, sequence=1, intent=amendment, limit="order_notional", found=1, allowed=0)

    for state, fact in ((venue.state, placed), (amending, amended)):
        (record,) = records_of(state, fact)
        assert isinstance(record, OrderReject)
        assert record.code == f"refused_{fact.limit}"
        assert str(fact.found) in record.text


def test_the_book_is_told_when_it_becomes_two_sided_and_not_at_every_change():
    changed = BookChanged(at=NOON, view=a_book(45, 47))

    assert actions_of(a_state(view=a_book(None, None)), changed) == ["book_snapshot"]
    assert actions_of(a_state(), changed) == []
    assert actions_of(a_state(view=a_book(None, None)), BookChanged(at=NOON, view=a_book(45, None))) == []


@pytest.mark.parametrize(
    ("status", "action"),
    [(FeedStatus.GAP, "feed_gap"), (FeedStatus.STALE, "feed_stale"), (FeedStatus.DOWN, "feed_stale")],
)
def test_a_lost_feed_and_its_return_are_told_once(status, action):
    lost = FeedStatusChanged(at=NOON, status=status, reason="why")
    back = FeedStatusChanged(at=NOON, status=FeedStatus.LIVE, reason="back")

    assert actions_of(a_state(), lost) == [action]
    assert actions_of(a_state(feed=status), lost) == []
    assert actions_of(a_state(feed=status), back) == ["feed_resume"]


def test_a_status_of_the_market_is_told_when_it_changes():
    market = a_market()
    same = MarketStatusChanged(at=NOON, status=market.status, close_time=market.close_time)
    moved = replace(same, close_time=after(60))
    closed = replace(same, status=MarketStatus.CLOSED)

    assert actions_of(a_state(), same) == []
    assert actions_of(a_state(), moved) == ["market_status"]
    assert actions_of(a_state(), closed) == ["market_status"]


@pytest.mark.parametrize(("net", "value", "pnl"), [(10, 10_000, 5_200_000), (10, 0, -4_800_000), (-10, 0, 6_500_000)])
def test_a_settlement_tells_the_result_of_what_was_held(net, value, pnl):
    state = a_state(position=a_position(net, 48 if net > 0 else 65))

    realize, settlement, change = records_of(state, MarketSettled(at=NOON, sequence=1, value=Price(value)))

    assert (realize.action, realize.exit_reason, realize.pnl) == ("REALIZE", "settlement", pnl)
    assert (settlement.action, settlement.qty, settlement.pnl) == ("settlement", Size(net * 100), pnl)
    assert change.new_state == "FLAT"


def test_time_is_no_news():
    assert actions_of(a_state(), TimePassed(at=after(5))) == []


def test_an_order_is_found_live_or_finished_or_not_at_all():
    live, ended = an_order("a"), an_order("b", state=OrderState.CANCELED)
    state = a_state(orders=(live,), ended=(ended,))

    assert (find_order(state, "a"), find_order(state, "b"), find_order(state, "c")) == (live, ended, None)
