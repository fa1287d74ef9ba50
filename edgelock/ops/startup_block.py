"""The STARTUP SANITY CHECKS of one market: the block that people look for, and its figures as fields."""

from fractions import Fraction

from edgelock.core.market import Market
from edgelock.core.settings import StrategySettings
from edgelock.core.take_profit import take_profit_offset, take_profit_price
from edgelock.core.telemetry import StartupCheck
from edgelock.core.units import CENT, Price, Timestamp

EXAMPLE_VWAP = Price(6_000)
_RULE = "=" * 62


def startup_check(market: Market, settings: StrategySettings, at: Timestamp) -> StartupCheck:
    """Computed by the code that trades, from the settings this market trades with."""
    tick = market.grid.tick_at(settings.low)
    offset = take_profit_offset(settings, tick)
    example = take_profit_price(Fraction(EXAMPLE_VWAP), 1, offset, market.grid)
    fees = settings.entry_fee + settings.exit_fee
    message = "\n".join(
        (
            _RULE,
            f"[{market.ticker}] STARTUP SANITY CHECKS",
            _RULE,
            "TP Math:",
            f"  Fees: {_cents(settings.entry_fee)} + {_cents(settings.exit_fee)} = {_cents(fees, 2)}",
            f"  TP Offset: {_cents(offset)}",
            f"  Example: VWAP=${_dollars(EXAMPLE_VWAP)} → TP_LONG=${_dollars(example)}",
            f"Price gates ({market.family}): buy ≤ ${_dollars(settings.low)}, sell ≥ ${_dollars(settings.high)}",
        )
    )
    return StartupCheck(
        at=at,
        market=market.ticker,
        family=market.family,
        gate_low=settings.low,
        gate_high=settings.high,
        tp_offset=offset,
        tick=tick,
        message=message,
    )


def _cents(price: int, decimals: int = 0) -> str:
    """Cents with as many decimals as they need, and at least `decimals`."""
    whole, hundredths = divmod(price, CENT)
    fraction = f"{hundredths:02d}".rstrip("0").ljust(decimals, "0")
    return f"{whole}.{fraction}¢" if fraction else f"{whole}¢"


def _dollars(price: int) -> str:
    """Dollars with at least two decimals, four at most."""
    whole, rest = divmod(price, 10_000)
    fraction = f"{rest:04d}".rstrip("0").ljust(2, "0")
    return f"{whole}.{fraction}"
