"""What a quarantined market's position may be left by: never an entry, never too much, never too deep."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.guardian import Guardian, OnQuarantine
from edgelock.core.market_state import MarketState
from edgelock.core.order import Kind, TimeInForce
from edgelock.core.units import SECOND
from tests.core.builders import BID, NOON, a_book, a_position, a_state, after, cents, contracts


@st.composite
def positions_in_books(draw) -> MarketState:
    """Any position, long, short or none, of any age, in a book that may lack a side or be crossed."""
    bid, ask = draw(st.none() | st.integers(1, 98)), draw(st.none() | st.integers(2, 99))
    net = draw(st.integers(-20, 20))
    age = draw(st.integers(0, 3000))
    view = a_book(bid, ask)
    position = a_position(net, draw(st.integers(10, 90))) if net else a_state().position
    return a_state(position=position, now=after(age), view=view, raw_view=view)


@given(positions_in_books(), st.sampled_from(OnQuarantine))
def test_nothing_but_exits_is_wanted_and_they_never_open_the_other_side(state, policy):
    plan = Guardian(policy).plan(state)

    assert (plan.bid.quote, plan.ask.quote) == (None, None)
    assert sum(quote.size for quote in plan.exits) <= abs(state.position.net)
    assert all(quote.side is state.exit_side for quote in plan.exits)


@given(positions_in_books())
def test_flattening_crosses_no_deeper_than_a_person_allowed(state):
    for quote in Guardian(OnQuarantine.FLATTEN).plan(state).exits:
        if quote.kind is not Kind.FLATTEN:
            continue
        touch = state.view.best(quote.side.opposite)
        assert quote.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
        assert touch is not None
        deeper = quote.price - touch if quote.side is BID else touch - quote.price
        assert deeper <= state.settings.max_exit_slippage_ticks * cents(1)


@given(positions_in_books())
def test_what_is_kept_has_a_take_profit_of_all_of_it_and_what_is_cancelled_has_nothing(state):
    kept, cancelled = (Guardian(policy).plan(state) for policy in (OnQuarantine.KEEP, OnQuarantine.CANCEL))

    wanted = [(Kind.TAKE_PROFIT, abs(state.position.net))] if state.position.net else []
    assert [(quote.kind, quote.size) for quote in kept.exits] == wanted
    assert cancelled.exits == ()


@pytest.mark.parametrize("net", [10, -10])
def test_a_position_in_a_usable_book_is_kept_by_a_take_profit_and_flattened_at_the_touch(net):
    view = a_book(47, 49)
    state = a_state(position=a_position(net, 48), now=NOON, view=view, raw_view=view)

    (kept,) = Guardian(OnQuarantine.KEEP).plan(state).exits
    (flattened,) = Guardian(OnQuarantine.FLATTEN).plan(state).exits

    assert (kept.kind, kept.size) == (Kind.TAKE_PROFIT, contracts(10))
    assert (flattened.kind, flattened.size, flattened.side) == (Kind.FLATTEN, contracts(10), kept.side)


def test_an_exit_by_age_that_nobody_makes_is_told_now_and_then():
    view = a_book(47, 49)
    old = a_state(position=a_position(10, 48), now=after(2500), view=view, raw_view=view)

    (told,) = Guardian(OnQuarantine.KEEP).plan(old).alerts

    assert (told.reason, told.exit_kind, told.age_s) == ("the market is quarantined", "hard_cap", 2500 * SECOND)
