"""What a fact, or an intent of our own, makes of a market: remembered once, whole, and never backwards."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.evolve import evolve, with_alert, with_intent
from edgelock.core.facts import (
    BookChanged,
    FeedStatus,
    FeedStatusChanged,
    GridChanged,
    MarketStatusChanged,
    OrderAcknowledged,
    OrderFilled,
    OrderRejected,
    PermitChanged,
    Print,
    Recovered,
    Retired,
    SettingsChanged,
    TimePassed,
    TradesPrinted,
)
from edgelock.core.intents import PlaceOrder
from edgelock.core.market import MarketStatus
from edgelock.core.market_state import Episode, RunMode
from edgelock.core.order import Kind, OrderState, Role, TimeInForce
from edgelock.core.order_ledger import SequenceGap
from edgelock.core.permit import CLOSED_AT_START
from edgelock.core.position import Position
from edgelock.core.telemetry import ExitBlocked, TimeAtRisk
from edgelock.core.units import Money, Timestamp
from tests.core.builders import (
    ASK,
    BID,
    FINE_ENDS,
    KILLED,
    NOON,
    OPEN,
    a_book,
    a_position,
    a_reference,
    a_state,
    after,
    an_exit,
    an_order,
    cents,
    contracts,
    some_settings,
)


def a_placement(kind=Kind.QUOTE, side=BID, tif=TimeInForce.GOOD_TILL_CANCELED) -> PlaceOrder:
    return PlaceOrder(
        client_order_id="t-1",
        side=side,
        price=cents(46),
        size=contracts(10),
        role=Role.ENTRY if kind is Kind.QUOTE else Role.EXIT,
        kind=kind,
        time_in_force=tif,
        post_only=tif is TimeInForce.GOOD_TILL_CANCELED,
        skew="FLAT",
    )


def a_fill(size=10, **changes) -> OrderFilled:
    fact = OrderFilled(
        at=NOON,
        sequence=1,
        client_order_id="t-1",
        trade_id="x",
        price=cents(46),
        size=contracts(size),
        fee=Money(0),
        is_taker=False,
    )
    return replace(fact, **changes)


# --- market data ------------------------------------------------------------------------------------------------


def test_the_first_usable_book_seeds_the_reference_and_later_ones_do_not():
    blind = a_state(view=a_book(None, None))

    seeded = evolve(blind, BookChanged(at=NOON, view=a_book(45, 47)))
    later = evolve(seeded, BookChanged(at=NOON, view=a_book(50, 52)))

    assert seeded.reference == later.reference == a_reference(4600)


@pytest.mark.parametrize("view", [a_book(46, None), a_book(48, 48), a_book(50, 48)])
def test_a_book_that_is_not_usable_seeds_nothing(view):
    blind = a_state(view=a_book(None, None))

    assert evolve(blind, BookChanged(at=NOON, view=view)).reference.steps is None


def test_prints_move_the_reference_one_by_one_and_the_last_is_the_last_trade():
    prints = (Print("a", cents(57), contracts(1), BID), Print("b", cents(47), contracts(9), ASK))

    state = evolve(a_state(), TradesPrinted(at=NOON, prints=prints))

    # 47 ¢ → 50 ¢ → 49.1 ¢: alpha 0.3 of the way, whatever the size.
    assert state.reference.ratio == 4910
    assert state.last_trade == cents(47)


@pytest.mark.parametrize("status", [FeedStatus.GAP, FeedStatus.DOWN])
def test_a_broken_feed_forgets_the_book_and_the_reference(status):
    state = evolve(a_state(), FeedStatusChanged(at=NOON, status=status, reason="gap"))

    assert (state.view, state.raw_view) == (a_book(None, None), a_book(None, None))
    assert state.reference.steps is None


def test_a_silent_feed_keeps_both():
    before = a_state()

    state = evolve(before, FeedStatusChanged(at=NOON, status=FeedStatus.STALE, reason="silence"))

    assert (state.view, state.reference) == (before.view, before.reference)
    assert not state.has_usable_book


@pytest.mark.parametrize(
    ("was_out", "bid", "is_out"),
    [
        (False, 4, False),
        (False, 3, True),
        (False, 94, False),
        (False, 95, True),
        (True, 8, True),
        (True, 9, False),
        (True, 89, False),
        (True, 90, True),
    ],
)
def test_the_bounds_are_left_at_five_and_ninety_five_and_entered_again_at_ten_and_ninety(was_out, bid, is_out):
    state = a_state(is_out_of_bounds=was_out)

    assert evolve(state, BookChanged(at=NOON, view=a_book(bid, bid + 2))).is_out_of_bounds is is_out


def test_the_worst_excursion_only_grows():
    state = a_state(position=a_position(10), view=a_book(46, 48))

    worse = evolve(state, BookChanged(at=NOON, view=a_book(40, 42)))
    better = evolve(worse, BookChanged(at=NOON, view=a_book(50, 52)))

    assert worse.episode.max_excursion == better.episode.max_excursion == 700


def test_own_orders_are_taken_out_of_the_book_of_a_live_run_as_they_come_and_go():
    view = a_book(46, 48, bid_size=10)
    ours = an_order("t-1", BID, 46, 10, state=OrderState.CANCELING)
    state = a_state(run_mode=RunMode.LIVE, orders=(ours,))

    hidden = evolve(state, BookChanged(at=NOON, view=view))

    assert hidden.view.best_bid is None
    assert hidden.raw_view == view


# --- verdicts and settings --------------------------------------------------------------------------------------


def test_verdicts_settings_status_grid_and_retirement_are_remembered():
    settings = some_settings(low="0.40")
    state = a_state()
    for fact in (
        PermitChanged(at=NOON, permit=KILLED),
        SettingsChanged(at=NOON, settings=settings),
        MarketStatusChanged(at=NOON, status=MarketStatus.CLOSED, close_time=after(9)),
        GridChanged(at=NOON, grid=FINE_ENDS),
        Retired(at=NOON),
    ):
        state = evolve(state, fact)

    assert (state.permit, state.settings, state.is_retired) == (KILLED, settings, True)
    assert (state.market.status, state.market.close_time, state.market.grid) == (
        MarketStatus.CLOSED,
        after(9),
        FINE_ENDS,
    )


def test_recovery_takes_position_orders_sequence_and_last_trim_from_the_record():
    live, ended = an_exit("a"), an_order("b", state=OrderState.CANCELED)
    fact = Recovered(at=NOON, sequence=41, position=a_position(10), orders=(live, ended), last_trim_at=after(-5))

    state = evolve(a_state(is_recovered=False), fact)

    assert (state.is_recovered, state.sequence, state.last_trim_at) == (True, 41, after(-5))
    assert (state.orders, state.ended, state.position) == ((live,), (ended,), a_position(10))


# --- order facts ------------------------------------------------------------------------------------------------


def test_an_order_fact_told_to_a_predecessor_changes_nothing_before_recovery():
    state = a_state(is_recovered=False)

    assert evolve(state, a_fill(sequence=7)) is state


def test_a_missing_order_fact_is_an_error_and_an_old_one_is_ignored():
    state = a_state(orders=(an_order(),), sequence=5)

    assert evolve(state, a_fill(sequence=5)) is state
    with pytest.raises(SequenceGap):
        evolve(state, a_fill(sequence=7))


def test_a_change_of_state_begins_a_new_episode_and_forgets_the_cooldown():
    old = Episode(max_excursion=Fraction(900), hard_cap_attempts=3, sweet_spot_announced=True)
    state = a_state(orders=(an_order(),), episode=old, bid_placed_at=NOON, ask_placed_at=NOON)

    opened = evolve(state, a_fill(size=4))
    grown = evolve(replace(opened, episode=old), a_fill(size=4, sequence=2, trade_id="y"))

    assert opened.episode == Episode(max_excursion=opened.episode.max_excursion)
    assert (opened.bid_placed_at, opened.ask_placed_at) == (None, None)
    assert grown.episode == old


@pytest.mark.parametrize(("order", "held"), [(an_order, "entry_hold_until"), (an_exit, "exit_hold_until")])
def test_a_refusal_holds_its_own_role_for_a_second(order, held):
    state = a_state(orders=(order(state=OrderState.PLACING),))

    refused = evolve(state, OrderRejected(at=NOON, sequence=1, client_order_id="t-1", code="no", text="no"))

    holds = {name: getattr(refused, name) for name in ("entry_hold_until", "exit_hold_until")}
    assert holds == {"entry_hold_until": None, "exit_hold_until": None, held: after(1)}


def test_an_acknowledgement_holds_nothing():
    state = a_state(orders=(an_order(state=OrderState.PLACING),))

    acked = evolve(state, OrderAcknowledged(at=NOON, sequence=1, client_order_id="t-1", venue_order_id="v"))

    assert (acked.entry_hold_until, acked.orders[0].state) == (None, OrderState.RESTING)


# --- our own intents and alerts ---------------------------------------------------------------------------------


def test_a_placed_entry_is_in_flight_and_starts_the_cooldown_of_its_side():
    state = a_state()

    bid, ask = with_intent(state, a_placement()), with_intent(state, a_placement(side=ASK))

    assert (bid.orders[0].state, bid.next_order_number) == (OrderState.PLACING, state.next_order_number + 1)
    assert (bid.bid_placed_at, bid.ask_placed_at) == (NOON, None)
    assert (ask.bid_placed_at, ask.ask_placed_at) == (None, NOON)


def test_an_exit_starts_no_cooldown():
    state = with_intent(a_state(position=a_position(10)), a_placement(Kind.TAKE_PROFIT, ASK))

    assert (state.bid_placed_at, state.ask_placed_at) == (None, None)
    assert state.episode == Episode()


@pytest.mark.parametrize(
    ("kind", "tif", "episode"),
    [
        (Kind.HARD_CAP, "ioc", Episode(hard_cap_announced=True, hard_cap_attempts=1, crossed_at=NOON)),
        (Kind.SWEET_SPOT, "ioc", Episode(sweet_spot_announced=True, crossed_at=NOON)),
        (Kind.SWEET_SPOT, "gtc", Episode(sweet_spot_announced=True, improved_at=NOON)),
        (Kind.LEGACY, "ioc", Episode(legacy_announced=True, crossed_at=NOON)),
        (Kind.LEGACY, "gtc", Episode()),
        (Kind.MAE_TRIM, "ioc", Episode()),
    ],
)
def test_the_episode_remembers_what_was_sent(kind, tif, episode):
    time_in_force = {"ioc": TimeInForce.IMMEDIATE_OR_CANCEL, "gtc": TimeInForce.GOOD_TILL_CANCELED}[tif]

    state = with_intent(a_state(position=a_position(10)), a_placement(kind, ASK, time_in_force))

    assert state.episode == episode
    assert state.last_trim_at == (NOON if kind is Kind.MAE_TRIM else None)


def test_an_alert_is_remembered_so_that_it_is_not_repeated():
    state = a_state(position=a_position(10))
    line = {"at": NOON, "market": state.market.ticker, "context": state.context(), "age_s": after(9) - NOON}

    blocked = with_alert(state, ExitBlocked(**line, exit_kind="hard_cap", reason="no book"))
    late = with_alert(state, TimeAtRisk(**line))

    assert blocked.episode == Episode(blocked_alert_at=NOON)
    assert late.episode == Episode(time_at_risk_told=True)


@given(st.lists(st.integers(-100, 100), max_size=20))
def test_the_clock_of_a_market_never_goes_back(seconds_):
    state, latest = a_state(), NOON
    for second in seconds_:
        state = evolve(state, TimePassed(at=after(second)))
        latest = Timestamp(max(latest, after(second)))
        assert state.now == latest


def test_a_recovered_market_has_the_doors_verdict_until_it_has_heard_a_newer_one():
    """Otherwise a restarted market stands closed until the next renewal, minutes of market at a high speed."""
    recovered = Recovered(at=NOON, sequence=0, position=Position(), orders=(), permit=OPEN)
    fresh = a_state(is_recovered=False, permit=CLOSED_AT_START)

    assert evolve(fresh, recovered).permit is OPEN
    assert evolve(evolve(fresh, PermitChanged(at=NOON, permit=KILLED)), recovered).permit is KILLED
