"""Where a position is offered at a profit: its own VWAP plus or minus a fixed offset, and nothing else.

The market may move; the answer stays (strategy §5).
"""

import math
from fractions import Fraction

from edgelock.core.price_grid import PriceGrid
from edgelock.core.settings import StrategySettings
from edgelock.core.telemetry import PriceRatio
from edgelock.core.units import Price, ceil_div


def take_profit_offset(settings: StrategySettings, tick: Price) -> Price:
    """Distance from the VWAP that pays both fees, one tick and the least edge, raised to a whole tick.

    With the defaults and a tick of 1 ¢: ceil(1.75 + 1.75 + 1 + 2) ¢ = 7 ¢.
    """
    distance = settings.entry_fee + settings.exit_fee + tick + settings.min_edge
    return Price(ceil_div(distance, tick) * tick)


def take_profit_target(vwap: Fraction, sign: int, offset: Price) -> PriceRatio:
    """The exact price, vwap + offset for a long position (sign +1), vwap − offset for a short one (sign −1)."""
    return PriceRatio(vwap + sign * offset)


def take_profit_price(vwap: Fraction, sign: int, offset: Price, grid: PriceGrid) -> Price:
    """The order price: rounded up for a long, down for a short, so that rounding never gives the edge away.

    A target outside (0, 1) dollar rests at the last valid price.
    """
    target = take_profit_target(vwap, sign, offset)
    return grid.ceil(math.ceil(target)) if sign > 0 else grid.floor(math.floor(target))
