"""The take-profit: locked to the VWAP, rounded so that the edge is never given away."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.exits import exit_quotes
from edgelock.core.order import Kind
from edgelock.core.price_grid import CENT_GRID, linear_grid
from edgelock.core.settings import StrategySettings
from edgelock.core.take_profit import take_profit_offset, take_profit_price, take_profit_target
from edgelock.core.units import ONE_DOLLAR, Price
from tests.core.builders import FINE_ENDS, a_book, a_position, a_state, cents, some_settings

SETTINGS = StrategySettings()
vwaps = st.fractions(min_value=1, max_value=9_999, max_denominator=5_000)
grids = st.sampled_from([CENT_GRID, FINE_ENDS, linear_grid(Price(10)), linear_grid(Price(250))])
signs = st.sampled_from([1, -1])


def test_the_offset_of_the_defaults_is_seven_cents():
    assert cents(7) == take_profit_offset(SETTINGS, cents(1))


def test_the_offset_is_raised_to_a_whole_tick_of_a_finer_market():
    # 1.75 + 1.75 + 0.1 + 2 = 5.6 ¢, a whole number of ticks already.
    assert Price(560) == take_profit_offset(SETTINGS, Price(10))


def test_the_offset_follows_the_fees_and_the_edge_of_the_settings():
    dear = some_settings(entry_fee_c="3", exit_fee_c="3", min_edge_c="2.5")

    assert cents(10) == take_profit_offset(dear, cents(1))


@pytest.mark.parametrize(("sign", "expected"), [(1, 67), (-1, 53)])
def test_a_vwap_of_sixty_cents_rests_at_67_long_and_53_short(sign, expected):
    assert cents(expected) == take_profit_price(Fraction(6000), sign, cents(7), CENT_GRID)


def test_a_vwap_between_two_ticks_is_rounded_up_for_a_long_and_down_for_a_short():
    vwap = Fraction(480_123, 100)

    assert cents(56) == take_profit_price(vwap, 1, cents(7), CENT_GRID)
    assert cents(41) == take_profit_price(vwap, -1, cents(7), CENT_GRID)


def test_a_take_profit_beyond_one_dollar_or_below_zero_rests_at_the_last_valid_tick():
    assert cents(99) == take_profit_price(Fraction(9_700), 1, cents(7), CENT_GRID)
    assert cents(1) == take_profit_price(Fraction(300), -1, cents(7), CENT_GRID)
    assert Price(9_990) == take_profit_price(Fraction(9_700), 1, cents(7), FINE_ENDS)


@given(vwaps, signs, grids)
def test_rounding_never_gives_the_edge_away(vwap, sign, grid):
    offset = take_profit_offset(SETTINGS, cents(1))
    target = take_profit_target(vwap, sign, offset)
    price = take_profit_price(vwap, sign, offset, grid)

    assert grid.accepts(price)
    if grid.lowest <= target <= grid.highest:
        assert sign * (price - vwap) >= offset
    else:
        assert price in (grid.lowest, grid.highest)


@given(vwaps, signs, grids)
def test_rounding_costs_less_than_one_tick(vwap, sign, grid):
    offset = cents(7)
    target = take_profit_target(vwap, sign, offset)
    price = take_profit_price(vwap, sign, offset, grid)

    if grid.lowest <= target <= grid.highest:
        one_tick_nearer = grid.ticks_up(price, -sign)
        assert one_tick_nearer == price or sign * (one_tick_nearer - target) < 0


@given(st.integers(1, 98), st.integers(1, 98), st.integers(1, 90), signs)
def test_it_never_moves_because_the_market_moved(bid, other_bid, entry, sign):
    position = a_position(10 * sign, entry)
    prices = set()
    for best in (bid, other_bid):
        state = a_state(position=position, view=a_book(best, best + 1))
        state = replace(state, last_trim_at=state.now)
        (quote,) = exit_quotes(state)
        assert Kind.TAKE_PROFIT is quote.kind
        prices.add((quote.price, quote.size))

    assert len(prices) == 1
    ((price, _),) = prices
    assert 0 < price < ONE_DOLLAR
