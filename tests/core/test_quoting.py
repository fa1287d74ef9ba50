"""Entries: only when flat, only inside the gates, at a price that never crosses and never leaves its side (§4)."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edgelock.core.book import BookView, Level
from edgelock.core.facts import FeedStatus
from edgelock.core.market import MarketStatus, Side
from edgelock.core.order import CancelReason
from edgelock.core.price_grid import CENT_GRID, PriceBand, PriceGrid, linear_grid
from edgelock.core.quoting import cooldown, edge_locked_entry, entry_price, entry_size, maker_price, withdrawal_reason
from edgelock.core.settings import TradingSettings
from edgelock.core.units import MILLISECOND, Price, Size, Timestamp
from tests.core.builders import (
    ASK,
    BID,
    FINE_ENDS,
    HALTED,
    HARD,
    KILLED,
    NOON,
    SOFT,
    a_book,
    a_market,
    a_position,
    a_reference,
    a_state,
    after,
    an_exit,
    cents,
    contracts,
    some_settings,
)

grids = st.sampled_from([CENT_GRID, FINE_ENDS, linear_grid(Price(10))])


def test_a_flat_market_below_the_low_gate_bids_one_cent_under_the_reference():
    quote = edge_locked_entry(a_state(view=a_book(46, 48)), BID).quote

    assert quote is not None
    assert (quote.price, quote.size, quote.post_only) == (cents(46), contracts(10), True)


def test_a_flat_market_above_the_high_gate_asks_one_cent_over_the_reference():
    quote = edge_locked_entry(a_state(view=a_book(66, 68)), ASK).quote

    assert quote is not None
    assert (quote.price, quote.size, quote.post_only) == (cents(68), contracts(10), True)


def test_between_the_gates_nothing_is_quoted():
    state = a_state(view=a_book(55, 57))

    assert edge_locked_entry(state, BID).quote is None
    assert edge_locked_entry(state, ASK).quote is None


@pytest.mark.parametrize(("reference", "book"), [(4801, a_book(46, 48)), (4700, a_book(48, 49))])
def test_both_the_reference_and_the_mid_must_be_at_or_below_low_to_buy(reference, book):
    state = a_state(view=book, reference=a_reference(reference))

    assert edge_locked_entry(state, BID).quote is None


@pytest.mark.parametrize(("reference", "book"), [(6499, a_book(65, 67)), (6600, a_book(64, 65))])
def test_both_the_reference_and_the_mid_must_be_at_or_above_high_to_sell(reference, book):
    state = a_state(view=book, reference=a_reference(reference))

    assert edge_locked_entry(state, ASK).quote is None


def test_a_reference_and_a_mid_exactly_at_the_gate_may_trade():
    assert edge_locked_entry(a_state(view=a_book(47, 49)), BID).quote is not None
    assert edge_locked_entry(a_state(view=a_book(64, 66)), ASK).quote is not None


@pytest.mark.parametrize(
    ("ticker", "low", "high"),
    [
        ("KXNHLGAME-X-BOS", 48, 65),
        ("NHL-X", 48, 65),
        ("KXNFLGAME-X-DAL", 44, 72),
        ("KXNCAAFGAME-X-OSU", 42, 75),
        ("KXMLBGAME-X-NYY", 48, 65),
    ],
)
def test_each_family_trades_at_its_own_gates(ticker, low, high):
    settings = TradingSettings().strategy_for(ticker)
    at_low = a_state(view=a_book(low - 1, low + 1), settings=settings)
    above_low = a_state(view=a_book(low, low + 1), settings=settings)
    at_high = a_state(view=a_book(high - 1, high + 1), settings=settings)

    assert edge_locked_entry(at_low, BID).quote is not None
    assert edge_locked_entry(above_low, BID).quote is None
    assert edge_locked_entry(at_high, ASK).quote is not None


@pytest.mark.parametrize("net", [10, -10])
def test_a_skewed_market_quotes_no_entry_on_either_side(net):
    for view in (a_book(46, 48), a_book(66, 68)):
        state = a_state(view=view, position=a_position(net))
        for side in Side:
            entry = edge_locked_entry(state, side)
            assert entry.quote is None
            assert entry.withdraw_for is CancelReason.STATE_CHANGE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"permit": KILLED}, CancelReason.KILL),
        ({"permit": HARD}, CancelReason.BRAKE),
        ({"permit": HALTED}, CancelReason.BRAKE),
        ({"feed": FeedStatus.STALE}, CancelReason.STALE),
        ({"feed": FeedStatus.GAP}, CancelReason.STALE),
        ({"view": a_book(46, None)}, CancelReason.STALE),
        ({"view": a_book(48, 48)}, CancelReason.STALE),
        ({"market": a_market(status=MarketStatus.INACTIVE)}, CancelReason.MARKET),
        ({"market": a_market(close_time=after(300))}, CancelReason.MARKET),
        ({"is_retired": True}, CancelReason.RETIRED),
        ({"is_out_of_bounds": True}, CancelReason.QUOTE),
    ],
)
def test_whatever_forbids_entries_says_why_they_are_withdrawn(changes, reason):
    state = a_state(**changes)

    assert withdrawal_reason(state) is reason
    for side in Side:
        entry = edge_locked_entry(state, side)
        assert entry.quote is None
        assert entry.withdraw_for is reason


def test_entries_go_on_until_five_minutes_before_the_close():
    state = a_state(market=a_market(close_time=Timestamp(after(300) + 1)))

    assert withdrawal_reason(state) is None


def test_a_position_at_risk_for_more_than_an_hour_takes_no_more_entries():
    state = a_state(position=a_position(10, opened_at=NOON), now=after(3600))

    assert withdrawal_reason(state) is None
    assert withdrawal_reason(replace(state, now=Timestamp(after(3600) + 1))) is CancelReason.LIMIT


def test_a_bid_that_would_cross_is_lowered_to_one_tick_below_the_best_ask():
    state = a_state(view=a_book(44, 46), reference=a_reference(4750))

    assert entry_price(state, BID) == cents(45)


def test_an_ask_that_would_cross_is_raised_to_one_tick_above_the_best_bid():
    state = a_state(view=a_book(68, 70), reference=a_reference(6600))

    assert entry_price(state, ASK) == cents(69)


def test_a_reference_between_ticks_bids_below_and_asks_above():
    assert entry_price(a_state(reference=a_reference(4755), view=a_book(46, 49)), BID) == cents(46)
    assert entry_price(a_state(reference=a_reference(6655), view=a_book(65, 67)), ASK) == cents(68)


def test_a_bid_never_goes_above_low_nor_an_ask_below_high():
    tight = some_settings(base_spread_c="0")

    assert entry_price(a_state(reference=a_reference(4900), view=a_book(47, 55), settings=tight), BID) == cents(48)
    assert entry_price(a_state(reference=a_reference(6400), view=a_book(60, 66), settings=tight), ASK) == cents(65)


def test_no_price_is_left_below_an_ask_at_the_lowest_tick_nor_above_a_bid_at_the_highest():
    bottom = a_state(view=BookView((), (Level(cents(1), contracts(5)),)), reference=a_reference(200))
    top = a_state(view=BookView((Level(cents(99), contracts(5)),), ()), reference=a_reference(9800))

    assert entry_price(bottom, BID) is None
    assert entry_price(top, ASK) is None


def test_no_bid_is_left_where_the_lowest_valid_price_is_above_the_gate():
    coarse = PriceGrid((PriceBand(Price(5000), Price(6000), Price(500)),))
    state = a_state(market=a_market(grid=coarse), view=BookView((), ()), reference=a_reference(4000))

    assert entry_price(state, BID) is None
    assert entry_price(replace(state, reference=a_reference(9000)), ASK) is None


def test_an_entry_without_a_price_on_its_side_is_not_quoted():
    all_gates = some_settings(low="0.02", price_bound_low="0.0001", price_resume_low="0.01")
    ask_at_the_bottom = BookView((Level(Price(50), contracts(5)),), (Level(cents(1), contracts(5)),))
    state = a_state(view=ask_at_the_bottom, reference=a_reference(100), settings=all_gates)

    entry = edge_locked_entry(state, BID)

    assert entry.quote is None
    assert entry.withdraw_for is CancelReason.QUOTE


def test_a_soft_brake_makes_entries_one_tick_wider():
    assert entry_price(a_state(view=a_book(46, 48), permit=SOFT), BID) == cents(45)
    assert entry_price(a_state(view=a_book(66, 68), permit=SOFT), ASK) == cents(69)


def test_a_soft_brake_does_not_widen_what_shrinks_the_position():
    held = a_state(position=a_position(10), view=a_book(46, 48), permit=SOFT)

    assert maker_price(held, ASK, cents(1)) == cents(48)


def test_an_entry_is_capped_so_that_the_market_stays_within_its_inventory():
    assert entry_size(a_state(), BID) == contracts(10)
    assert entry_size(a_state(position=a_position(44)), BID) == contracts(6)
    assert entry_size(a_state(position=a_position(50)), BID) == 0
    assert entry_size(a_state(position=a_position(-50)), BID) == contracts(10)


def test_an_inventory_limit_below_the_size_of_a_fill_is_the_size():
    tiny = some_settings(size_per_fill_contracts="10", max_inventory_per_market="0.01")

    assert entry_size(a_state(settings=tiny), BID) == Size(1)


def test_no_entry_is_quoted_while_an_exit_of_the_last_position_is_not_proven_dead():
    entry = edge_locked_entry(a_state(orders=(an_exit(),)), BID)

    assert entry.quote is None
    assert entry.withdraw_for is CancelReason.LIMIT


def test_the_cooldown_is_300_ms_flat_and_doubled_under_a_soft_brake():
    assert cooldown(a_state()) == 300 * MILLISECOND
    assert cooldown(a_state(permit=SOFT)) == 600 * MILLISECOND


@pytest.mark.parametrize(("net", "expected_ms"), [(1, 2_050), (10, 2_500), (-10, 2_500), (60, 5_000), (90, 5_000)])
def test_the_cooldown_of_a_skewed_market_grows_by_50_ms_a_contract_to_five_seconds(net, expected_ms):
    state = a_state(position=a_position(net))

    assert cooldown(state) == expected_ms * MILLISECOND
    assert cooldown(replace(state, permit=SOFT)) == 2 * expected_ms * MILLISECOND


@given(st.integers(1, 9_999), st.integers(1, 98), st.integers(1, 20), grids, st.sampled_from(list(Side)), st.booleans())
def test_an_entry_price_is_on_the_grid_never_crosses_and_never_leaves_its_gate(ref, bid, width, grid, side, is_braked):
    assume(bid + width <= 99)
    state = a_state(view=a_book(bid, bid + width), reference=a_reference(ref), market=a_market(grid=grid))
    if is_braked:
        state = replace(state, permit=SOFT)
    price = entry_price(state, side)
    if price is None:
        return

    assert grid.accepts(price)
    if side is BID:
        assert price < cents(bid + width)
        assert price <= state.settings.low
        assert price <= max(ref - 100, grid.lowest)
    else:
        assert price > cents(bid)
        assert price >= state.settings.high
        assert price >= min(ref + 100, grid.highest)


@given(st.integers(1, 9_999), st.integers(1, 97), st.integers(1, 20))
def test_an_entry_is_quoted_exactly_inside_the_gates(ref, bid, width):
    assume(bid + width <= 99)
    state = a_state(view=a_book(bid, bid + width), reference=a_reference(ref))
    double_mid = 100 * (2 * bid + width)

    may_buy = ref <= 4800 and double_mid <= 9600
    may_sell = ref >= 6500 and double_mid >= 13_000

    assert (edge_locked_entry(state, BID).quote is not None) == may_buy
    assert (edge_locked_entry(state, ASK).quote is not None) == may_sell
