"""From what is wanted and what rests to the fewest steps: one entry a side, exits that never exceed the position."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import MarketStatus, Side
from edgelock.core.order import CancelReason, Kind, OrderState, Role, TimeInForce
from edgelock.core.plan import Entry, Plan, crossing_exit, resting_entry, resting_exit
from edgelock.core.reconcile import reconcile
from tests.core.builders import (
    ASK,
    BID,
    a_market,
    a_position,
    a_state,
    after,
    an_exit,
    an_order,
    cents,
    contracts,
)

NO_ENTRY = Entry(quote=None)


def a_plan(bid=None, ask=None, exits=()) -> Plan:
    return Plan(bid=NO_ENTRY if bid is None else bid, ask=NO_ENTRY if ask is None else ask, exits=tuple(exits))


def an_entry(side=BID, price=46, size=10) -> Entry:
    return Entry(quote=resting_entry(side, cents(price), contracts(size)))


def a_take_profit(price=55, size=10):
    return resting_exit(Kind.TAKE_PROFIT, ASK, cents(price), contracts(size), post_only=True)


def intents(state, plan):
    return [wished.intent for wished in reconcile(state, plan)]


def test_nothing_wanted_and_nothing_resting_needs_no_step():
    assert intents(a_state(), a_plan()) == []


def test_ids_are_counted_on_from_the_state_in_the_order_of_the_steps():
    steps = intents(a_state(next_order_number=7), a_plan(an_entry(BID), an_entry(ASK, 66)))

    assert [step.client_order_id for step in steps] == ["t-7", "t-8"]


def test_withdrawals_come_before_exits_and_exits_before_entries():
    orders = (an_order("t-1", BID), an_exit("t-2", ASK, size=4))
    state = a_state(position=a_position(10), orders=orders, next_order_number=3)
    withdrawn = Entry(quote=None, withdraw_for=CancelReason.KILL)
    plan = a_plan(withdrawn, an_entry(ASK, 66), [crossing_exit(Kind.MAE_TRIM, ASK, cents(40), contracts(6))])

    assert [type(step) for step in intents(state, plan)] == [CancelOrder, CancelOrder, PlaceOrder, PlaceOrder]


def test_a_resting_entry_is_withdrawn_for_the_reason_of_the_plan():
    plan = a_plan(Entry(quote=None, withdraw_for=CancelReason.STALE))

    assert intents(a_state(orders=(an_order(),)), plan) == [
        CancelOrder(client_order_id="t-1", reason=CancelReason.STALE)
    ]


def test_whatever_is_in_flight_is_waited_for():
    for state_of_order in (OrderState.PLACING, OrderState.CANCELING, OrderState.UNKNOWN):
        state = a_state(orders=(an_order(state=state_of_order),))
        assert intents(state, a_plan()) == []
        assert intents(state, a_plan(an_entry(price=40))) == []


def test_a_resting_entry_that_is_as_wanted_stays():
    assert intents(a_state(orders=(an_order(price=46),)), a_plan(an_entry(price=46))) == []


def test_an_ask_one_tick_too_low_is_replaced_and_one_three_ticks_too_high_stays():
    def steps(resting, wanted):
        return intents(a_state(orders=(an_order("t-1", ASK, resting),)), a_plan(ask=an_entry(ASK, wanted)))

    assert steps(66, 67) == [CancelOrder(client_order_id="t-1", reason=CancelReason.REPLACE)]
    assert steps(69, 66) == []
    assert steps(70, 66) == [CancelOrder(client_order_id="t-1", reason=CancelReason.REPLACE)]


def test_a_resting_entry_larger_than_allowed_is_withdrawn_without_waiting_for_the_cooldown():
    state = a_state(orders=(an_order(size=10),), bid_placed_at=after(0))

    assert intents(state, a_plan(an_entry(size=6))) == [CancelOrder(client_order_id="t-1", reason=CancelReason.LIMIT)]


def test_a_refused_entry_holds_both_sides_for_its_moment():
    state = a_state(entry_hold_until=after(1))

    assert intents(state, a_plan(an_entry())) == []
    assert len(intents(replace(state, now=after(1)), a_plan(an_entry()))) == 1


def test_a_take_profit_follows_price_and_size_by_one_amendment():
    state = a_state(position=a_position(12), orders=(an_exit(price=55, size=10, filled=contracts(2)),))

    assert intents(state, a_plan(exits=[a_take_profit(56, 12)])) == [
        AmendOrder(client_order_id="t-1", price=cents(56), size=contracts(14), reason=CancelReason.EXIT)
    ]


def test_a_take_profit_that_is_as_wanted_is_left_alone():
    state = a_state(position=a_position(10), orders=(an_exit(),))

    assert intents(state, a_plan(exits=[a_take_profit()])) == []


def test_an_exit_of_another_kind_makes_room_before_the_wanted_one_is_placed():
    wanted = crossing_exit(Kind.HARD_CAP, ASK, cents(40), contracts(10))
    state = a_state(position=a_position(10), orders=(an_exit(),))

    assert intents(state, a_plan(exits=[wanted])) == [CancelOrder(client_order_id="t-1", reason=CancelReason.EXIT)]


def test_an_exit_that_outlived_its_position_is_withdrawn_as_a_change_of_state():
    assert intents(a_state(orders=(an_exit(),)), a_plan()) == [
        CancelOrder(client_order_id="t-1", reason=CancelReason.STATE_CHANGE)
    ]


def test_only_one_crossing_exit_is_on_its_way_at_a_time():
    on_its_way = an_exit(size=4, kind=Kind.MAE_TRIM, state=OrderState.PLACING,
                         time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)  # fmt: skip
    wanted = crossing_exit(Kind.MAE_TRIM, ASK, cents(40), contracts(3))
    state = a_state(position=a_position(10), orders=(on_its_way,))

    assert intents(state, a_plan(exits=[wanted])) == []


def test_an_exit_covers_only_what_no_other_live_exit_covers():
    other = an_exit("t-1", size=4, kind=Kind.SWEET_SPOT, state=OrderState.CANCELING)
    resting = an_exit("t-2", size=6)
    state = a_state(position=a_position(10), orders=(other, resting))

    assert intents(state, a_plan(exits=[a_take_profit()])) == []


def test_an_exit_with_nothing_left_to_cover_is_withdrawn():
    unknown = an_exit("t-1", size=10, kind=Kind.SWEET_SPOT, state=OrderState.UNKNOWN)
    state = a_state(position=a_position(10), orders=(unknown, an_exit("t-2", size=10)))

    assert intents(state, a_plan(exits=[a_take_profit()])) == [
        CancelOrder(client_order_id="t-2", reason=CancelReason.EXIT)
    ]


def test_a_refused_exit_and_a_market_that_takes_no_orders_are_waited_for():
    plan = a_plan(exits=[a_take_profit()])
    held = a_state(position=a_position(10), exit_hold_until=after(1))
    paused = a_state(position=a_position(10), market=a_market(status=MarketStatus.INACTIVE))

    assert intents(held, plan) == []
    assert intents(paused, plan) == []
    assert len(intents(replace(held, now=after(1)), plan)) == 1


def test_every_cancel_tells_whether_the_spread_is_one_tick():
    tight = a_state(view=a_state().view, orders=(an_order(),))

    assert [step.one_tick_spread for step in intents(tight, a_plan())] == [False]


live_states = st.sampled_from([OrderState.PLACING, OrderState.RESTING, OrderState.CANCELING, OrderState.UNKNOWN])
live_orders = st.lists(
    st.tuples(st.sampled_from(list(Side)), st.sampled_from(list(Role)), st.integers(1, 12), live_states), max_size=4
)


@given(st.integers(-20, 20), live_orders, st.integers(1, 20), st.booleans())
def test_no_step_lets_exits_and_entries_against_it_exceed_the_position(net, resting, size, crosses):
    orders = tuple(
        an_order(
            f"o{n}",
            side,
            50,
            contracts_,
            role=role,
            state=state,
            kind=Kind.TAKE_PROFIT if role is Role.EXIT else Kind.QUOTE,
        )
        for n, (side, role, contracts_, state) in enumerate(resting)
    )
    state = a_state(position=a_position(net), orders=orders)
    if crosses:
        wanted = crossing_exit(Kind.HARD_CAP, state.exit_side, cents(50), contracts(size))
    else:
        wanted = resting_exit(Kind.TAKE_PROFIT, state.exit_side, cents(50), contracts(size), post_only=True)
    placed = [i for i in intents(state, a_plan(exits=[wanted] if net else [])) if isinstance(i, PlaceOrder)]

    for intent in placed:
        exits = state.live_size(Role.EXIT)
        against = state.live_size(Role.ENTRY, state.exit_side)
        assert exits + against + intent.size <= state.position.size
