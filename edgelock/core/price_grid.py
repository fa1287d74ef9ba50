"""The prices a market accepts: bands with a step each, as the venue's `price_ranges` states them.

A price is valid when it lies strictly between 0 and 1 dollar and at least one band accepts it; bands touch at
their boundaries. Source: venue reference §4.6 (read 2026-11-22).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from edgelock.core.units import CENT, ONE_DOLLAR, Price


@dataclass(frozen=True)
class PriceBand:
    """Prices start, start + step, … up to and including end."""

    start: Price
    end: Price
    step: Price

    def __post_init__(self) -> None:
        if not (0 <= self.start < self.end <= ONE_DOLLAR and 0 < self.step <= self.end - self.start):
            raise ValueError(f"a price band needs 0 <= start < end <= 1 and a step inside it, not {self}")


@dataclass(frozen=True)
class PriceGrid:
    """All prices of one market, in ascending order, with rounding that says its direction in its name."""

    bands: tuple[PriceBand, ...]

    def __post_init__(self) -> None:
        if len(self.prices) < 2:
            raise ValueError("a market with fewer than two valid prices has no tick and cannot be traded")

    @cached_property
    def prices(self) -> tuple[Price, ...]:
        """Every valid price, ascending; at most 9 999 of them."""
        valid: set[Price] = set()
        for band in self.bands:
            valid.update(Price(p) for p in range(band.start, band.end + 1, band.step) if 0 < p < ONE_DOLLAR)
        return tuple(sorted(valid))

    @property
    def lowest(self) -> Price:
        """The first valid price above 0."""
        return self.prices[0]

    @property
    def highest(self) -> Price:
        """The last valid price below 1 dollar."""
        return self.prices[-1]

    def accepts(self, price: Price) -> bool:
        """Whether an order may carry this price."""
        index = bisect_left(self.prices, price)
        return index < len(self.prices) and self.prices[index] == price

    def floor(self, price: int) -> Price:
        """The highest valid price not above `price`; the lowest valid one when there is none."""
        return self.prices[max(bisect_right(self.prices, price) - 1, 0)]

    def ceil(self, price: int) -> Price:
        """The lowest valid price not below `price`; the highest valid one when there is none."""
        return self.prices[min(bisect_left(self.prices, price), len(self.prices) - 1)]

    def ticks_up(self, price: Price, ticks: int) -> Price:
        """`ticks` valid prices above `price` (below when negative), held inside the grid."""
        index = bisect_left(self.prices, price) if ticks < 0 else bisect_right(self.prices, price) - 1
        return self.prices[min(max(index + ticks, 0), len(self.prices) - 1)]

    def ticks_between(self, low: Price, high: Price) -> int:
        """How many steps lead from `low` up to `high`; negative when they are the other way round."""
        return bisect_left(self.prices, high) - bisect_left(self.prices, low)

    def tick_at(self, price: Price) -> Price:
        """The step from the valid price at or below `price` to the next one up (at the top: from the one below)."""
        index = min(max(bisect_right(self.prices, price) - 1, 0), len(self.prices) - 2)
        return Price(self.prices[index + 1] - self.prices[index])


def linear_grid(step: Price) -> PriceGrid:
    """One band from 0 to 1 dollar, such as the venue's `linear_cent`."""
    return PriceGrid((PriceBand(Price(0), ONE_DOLLAR, step),))


CENT_GRID = linear_grid(CENT)


def grid_from_bands(bands: Iterable[tuple[Price, Price, Price]]) -> PriceGrid:
    """A grid from (start, end, step) triples as they come from the wire."""
    return PriceGrid(tuple(PriceBand(start, end, step) for start, end, step in bands))
