"""Every price that leaves the engine is on its market's grid, rounded in the direction that the name says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.price_grid import CENT_GRID, PriceBand, PriceGrid, grid_from_bands, linear_grid
from edgelock.core.units import ONE_DOLLAR, Price

TAPERED = grid_from_bands(
    [
        (Price(0), Price(1000), Price(10)),
        (Price(1000), Price(9000), Price(100)),
        (Price(9000), Price(10_000), Price(10)),
    ]
)
GRIDS = st.sampled_from([CENT_GRID, TAPERED, linear_grid(Price(10)), linear_grid(Price(2500))])
ANY = st.integers(-500, 10_500)


@st.composite
def banded_grids(draw):
    """Bands that touch, with a step each, as the venue lays them out."""
    cuts = sorted(draw(st.sets(st.integers(1, 99), max_size=3)))
    edges = [0, *(cut * 100 for cut in cuts), 10_000]
    steps = [draw(st.sampled_from([10, 20, 50, 100])) for _ in edges[1:]]
    return grid_from_bands(
        (Price(start), Price(end), Price(step)) for start, end, step in zip(edges, edges[1:], steps, strict=False)
    )


def test_a_cent_grid_has_the_ninety_nine_cents():
    assert CENT_GRID.prices == tuple(range(100, 10_000, 100))
    assert (CENT_GRID.lowest, CENT_GRID.highest) == (100, 9900)


def test_a_tapered_grid_is_finer_near_the_ends():
    assert TAPERED.tick_at(Price(500)) == 10
    assert TAPERED.tick_at(Price(5000)) == 100
    assert TAPERED.tick_at(Price(9500)) == 10
    assert (TAPERED.tick_at(Price(990)), TAPERED.tick_at(Price(1000))) == (10, 100)


@pytest.mark.parametrize(
    ("start", "end", "step"),
    [(-1, 100, 1), (0, 10_001, 1), (100, 100, 1), (200, 100, 1), (0, 100, 0), (0, 100, -1), (0, 100, 101)],
)
def test_a_band_that_makes_no_sense_is_an_error(start, end, step):
    with pytest.raises(ValueError, match="a price band needs"):
        PriceBand(Price(start), Price(end), Price(step))


@pytest.mark.parametrize("steps", [[], [ONE_DOLLAR], [Price(5000)]])
def test_a_grid_without_a_tick_is_an_error(steps):
    bands = tuple(PriceBand(Price(0), ONE_DOLLAR, step) for step in steps)
    with pytest.raises(ValueError, match="fewer than two valid prices"):
        PriceGrid(bands)


@given(GRIDS, ANY)
def test_a_price_is_accepted_when_it_is_listed(grid, price):
    assert grid.accepts(Price(price)) is (price in grid.prices)


@given(st.one_of(GRIDS, banded_grids()), ANY)
def test_rounding_is_to_the_nearest_valid_price_of_its_direction(grid, price):
    below = [p for p in grid.prices if p <= price]
    above = [p for p in grid.prices if p >= price]

    assert grid.floor(price) == (below[-1] if below else grid.lowest)
    assert grid.ceil(price) == (above[0] if above else grid.highest)


@given(GRIDS, ANY, st.integers(-200, 200))
def test_ticks_up_counts_valid_prices_and_stays_on_the_grid(grid, price, ticks):
    moved = grid.ticks_up(Price(price), ticks)

    assert moved in grid.prices
    if price in grid.prices:
        index = grid.prices.index(price) + ticks
        assert moved == grid.prices[min(max(index, 0), len(grid.prices) - 1)]
    elif ticks > 0 and grid.lowest < price < grid.highest:
        above = [p for p in grid.prices if p > price]
        assert moved == above[min(ticks, len(above)) - 1]
    elif ticks < 0 and grid.lowest < price < grid.highest:
        below = [p for p in grid.prices if p < price]
        assert moved == below[max(ticks, -len(below))]


@given(GRIDS, st.data())
def test_ticks_between_undoes_ticks_up(grid, data):
    low, high = data.draw(st.sampled_from(grid.prices)), data.draw(st.sampled_from(grid.prices))

    assert grid.ticks_up(low, grid.ticks_between(low, high)) == high
    assert grid.ticks_between(low, high) == -grid.ticks_between(high, low)


@given(GRIDS, st.data())
def test_the_tick_leads_to_the_next_price(grid, data):
    price = data.draw(st.sampled_from(grid.prices))

    if price == grid.highest:
        assert price - grid.tick_at(price) == grid.prices[-2]
    else:
        assert price + grid.tick_at(price) == grid.ticks_up(price, 1)
