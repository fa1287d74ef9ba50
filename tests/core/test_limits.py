"""The last gate: every limit says no by name, exits and cancels pass, and no exit can flip a position."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.limits import Exposure, Gate, check, notional, worst_case_of
from edgelock.core.market import Side
from edgelock.core.order import CancelReason, Kind, OrderState, Role, TimeInForce
from edgelock.core.permit import Mode
from edgelock.core.settings import RiskSettings, StrategySettings
from edgelock.core.units import Money, Size
from tests.core.builders import ASK, BID, an_exit, an_order, cents, contracts


def an_entry(side=BID, price=46, size=10, **changes) -> PlaceOrder:
    intent = PlaceOrder(
        client_order_id="t-9",
        side=side,
        price=cents(price),
        size=contracts(size),
        role=Role.ENTRY,
        kind=Kind.QUOTE,
        time_in_force=TimeInForce.GOOD_TILL_CANCELED,
        post_only=True,
        skew="FLAT",
    )
    return replace(intent, **changes)


def an_exit_intent(side=ASK, price=55, size=10) -> PlaceOrder:
    return an_entry(side, price, size, role=Role.EXIT, kind=Kind.TAKE_PROFIT, skew="SKEW_LONG")


def a_gate(net=0, orders=(), **changes) -> Gate:
    gate = Gate(
        mode=Mode.OPEN,
        is_feed_live=True,
        is_active=True,
        is_fuse_whole=True,
        exposure=Exposure(net=contracts(net), orders=tuple(orders)),
        others_worst=Size(0),
        strategy=StrategySettings(),
        risk=RiskSettings(),
        enforce_gates=True,
    )
    return replace(gate, **changes)


def refused_by(intent, gate) -> str | None:
    refused = check(intent, gate)
    return None if refused is None else refused.limit


def test_a_plain_entry_inside_the_gate_passes():
    assert check(an_entry(), a_gate()) is None
    assert check(an_entry(ASK, 67), a_gate()) is None


@pytest.mark.parametrize("mode", list(Mode))
def test_cancels_and_amendments_pass_in_every_mode(mode):
    gate = a_gate(mode=mode)

    assert check(CancelOrder(client_order_id="t-1", reason=CancelReason.KILL), gate) is None
    amendment = AmendOrder(client_order_id="t-1", price=cents(55), size=contracts(1), reason=CancelReason.EXIT)
    assert check(amendment, gate) is None


def test_a_halted_market_places_nothing_not_even_an_exit():
    assert refused_by(an_exit_intent(), a_gate(net=10, mode=Mode.HALTED)) == "halted"
    assert refused_by(an_entry(), a_gate(mode=Mode.HALTED)) == "halted"


def test_reduce_only_lets_exits_through_and_no_entry():
    gate = a_gate(net=10, mode=Mode.REDUCE_ONLY)

    assert check(an_exit_intent(), gate) is None
    assert refused_by(an_entry(), gate) == "permit"


@pytest.mark.parametrize(("side", "price"), [(BID, 49), (ASK, 64)])
def test_an_entry_outside_the_price_gate_is_refused(side, price):
    assert refused_by(an_entry(side, price), a_gate()) == "price_gate"
    assert check(an_entry(side, price), a_gate(enforce_gates=False)) is None


@pytest.mark.parametrize(("side", "price"), [(BID, 48), (ASK, 65)])
def test_an_entry_at_the_gate_itself_passes(side, price):
    assert check(an_entry(side, price), a_gate()) is None


def test_a_refusal_names_what_was_found_and_what_is_allowed():
    refused = check(an_entry(BID, 49), a_gate())

    assert refused is not None
    assert (refused.found, refused.allowed) == (4900, 4800)


@pytest.mark.parametrize("state", [OrderState.PLACING, OrderState.CANCELING, OrderState.UNKNOWN])
def test_a_second_entry_on_a_side_is_refused_while_the_first_is_not_proven_dead(state):
    resting = an_order("t-1", BID, state=state)

    assert refused_by(an_entry(), a_gate(orders=[resting])) == "one_entry_per_side"
    assert check(an_entry(ASK, 67), a_gate(orders=[resting])) is None


def test_the_notional_of_a_bid_is_its_cost_and_of_an_ask_what_a_no_costs():
    assert Money(4_600_000) == notional(an_entry(BID, 46, 10))
    assert Money(3_300_000) == notional(an_entry(ASK, 67, 10))


def test_an_order_above_the_notional_limit_is_refused():
    risk = RiskSettings.model_validate({"max_order_notional_usd": "4.59"})

    assert refused_by(an_entry(BID, 46, 10), a_gate(risk=risk)) == "order_notional"


def test_the_inventory_of_a_market_counts_everything_that_may_still_fill():
    growing = an_exit("t-1", BID, 40, 41, state=OrderState.UNKNOWN)

    assert refused_by(an_entry(size=10), a_gate(orders=[growing])) == "inventory_market"
    assert refused_by(an_entry(size=51), a_gate()) == "inventory_market"
    assert check(an_entry(size=50), a_gate()) is None


def test_the_inventory_of_all_markets_counts_their_worst_case():
    assert refused_by(an_entry(), a_gate(others_worst=contracts(91))) == "inventory_global"
    assert check(an_entry(), a_gate(others_worst=contracts(90))) is None


def test_the_worst_case_of_a_market_is_the_larger_side():
    exposure = Exposure(net=contracts(5), orders=(an_order("a", BID, size=10), an_order("b", ASK, size=30)))

    assert contracts(25) == exposure.worst_case
    assert contracts(27) == worst_case_of([exposure, Exposure(net=contracts(-2), orders=())])


def test_an_exit_beyond_the_position_is_refused():
    assert refused_by(an_exit_intent(size=11), a_gate(net=10)) == "exit_exceeds_position"
    assert refused_by(an_exit_intent(ASK), a_gate(net=-10)) == "exit_exceeds_position"
    assert check(an_exit_intent(BID), a_gate(net=-10)) is None


@pytest.mark.parametrize("resting", [an_exit("t-1", ASK, size=4), an_order("t-1", ASK, size=4)])
def test_an_exit_makes_room_for_every_live_order_that_could_shrink_the_position(resting):
    gate = a_gate(net=10, orders=[resting])

    assert refused_by(an_exit_intent(size=7), gate) == "exit_exceeds_position"
    assert check(an_exit_intent(size=6), gate) is None


@given(
    st.integers(-30, 30),
    st.lists(st.tuples(st.sampled_from(list(Side)), st.sampled_from(list(Role)), st.integers(1, 20)), max_size=4),
    st.sampled_from(list(Side)),
    st.integers(1, 40),
)
def test_no_exit_that_passes_can_flip_the_position_whatever_fills(net, resting, side, size):
    orders = [an_order(f"o{n}", s, size=z, role=r) for n, (s, r, z) in enumerate(resting)]
    if check(an_exit_intent(side, size=size), a_gate(net=net, orders=orders)) is None:
        same_side = sum(order.remaining for order in orders if order.side is side)
        assert side.sign * contracts(net) + same_side + contracts(size) <= 0


@given(st.integers(-60, 60), st.integers(0, 100), st.sampled_from(list(Side)), st.integers(1, 60))
def test_no_entry_that_passes_can_exceed_an_inventory_limit(net, others, side, size):
    gate = a_gate(net=net, others_worst=contracts(others), enforce_gates=False)
    if check(an_entry(side, 46, size), gate) is None:
        assert side.sign * net + size <= 50
        assert others + max(abs(net), side.sign * net + size) <= 100


@pytest.mark.parametrize(("lost", "limit"), [("is_feed_live", "feed"), ("is_active", "market_status")])
def test_a_lost_book_or_a_market_that_does_not_trade_lets_exits_through_and_no_entry(lost, limit):
    closed = {lost: False}

    assert refused_by(an_entry(), a_gate(**closed)) == limit
    assert check(an_exit_intent(), a_gate(net=10, **closed)) is None


def test_the_venues_own_brake_lets_exits_through_and_no_entry():
    gate = a_gate(net=10, is_fuse_whole=False)

    assert refused_by(an_entry(), gate) == "order_group"
    assert check(an_exit_intent(), gate) is None


def test_nobody_enters_on_a_fill_that_is_known_here_and_not_to_the_market_yet():
    refused = check(an_entry(), a_gate(net=-3))

    assert refused is not None
    assert (refused.limit, refused.found, refused.allowed) == ("not_flat", 300, 0)
    assert check(an_entry(), a_gate(net=-3, enforce_gates=False)) is None
