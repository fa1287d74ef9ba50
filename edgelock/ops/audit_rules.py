"""The audit's own reading of the strategy's promises about one quote or fill: gates, take-profit, skew.

Each function answers with the reason why a line breaks the rule, or None. Prices are in 1e-4 dollars.
"""

from dataclasses import dataclass
from fractions import Fraction

from edgelock.ops.audit_position import sign_of

ONE_DOLLAR = 10_000
PRINT_ERROR = Fraction(1, 2)
"""Half of the last printed decimal: how far a printed price may be from the exact one."""

# Tapered grids are finer below 10 ¢ and above 90 ¢, and the offset is a whole number of the market's ticks there.
_FINE_BELOW, _FINE_ABOVE = 1_000, 9_000


@dataclass(frozen=True, slots=True)
class MarketRules:
    """What the market's `startup_check` line says it trades by."""

    gate_low: int
    gate_high: int
    tp_offset: int
    tick: int


def dollars(price: Fraction | int) -> str:
    """A price for people."""
    return f"${float(price) / ONE_DOLLAR:.4f}"


def gate_breach(rules: MarketRules, *, side: str, price: int) -> str | None:
    """An entry must buy at or below the low gate, or sell at or above the high one."""
    if side == "bid" and price > rules.gate_low:
        return f"entry bid at {dollars(price)} is above the low gate {dollars(rules.gate_low)}"
    if side == "ask" and price < rules.gate_high:
        return f"entry ask at {dollars(price)} is below the high gate {dollars(rules.gate_high)}"
    return None


def skew_leak(*, state: str, side: str, role: str) -> str | None:
    """Entries in FLAT only; a skewed market trades on the side that shrinks it."""
    shrinking = {"SKEW_LONG": "ask", "SKEW_SHORT": "bid"}.get(state)
    if role == "entry" and shrinking is not None:
        return f"an entry {side} while {state}"
    if shrinking is not None and side != shrinking:
        return f"an {role} {side} while {state}"
    if role == "exit" and shrinking is None:
        return f"an exit {side} while FLAT"
    return None


def offset_in_force(rules: MarketRules, vwap: Fraction, tp: int | None) -> Fraction:
    """The take-profit distance at this VWAP: the market's, or where ticks are finer the one printed, if it may be."""
    is_fine_zone = vwap < _FINE_BELOW or vwap > _FINE_ABOVE
    if is_fine_zone and tp is not None:
        printed = Fraction(round(abs(tp - vwap)))
        if rules.tp_offset - 2 * rules.tick < printed <= rules.tp_offset:
            return printed
    return Fraction(rules.tp_offset)


def tp_field_drift(rules: MarketRules, *, net: int, vwap: Fraction, is_exact: bool, tp: int) -> str | None:
    """The field `tp` is vwap + offset for a long, vwap − offset for a short, to four decimals."""
    target = vwap + sign_of(net) * offset_in_force(rules, vwap, tp)
    allowed = PRINT_ERROR if is_exact else 2 * PRINT_ERROR
    if abs(tp - target) > allowed:
        return f"tp {dollars(tp)} is not vwap {dollars(vwap)} ± offset = {dollars(target)}"
    return None


def tp_price_drift(
    rules: MarketRules, *, net: int, vwap: Fraction, is_exact: bool, tp: int | None, price: int
) -> str | None:
    """A take-profit rests at vwap ± offset, rounded to the tick so that the edge is kept; never a whole tick further.

    A target outside the grid rests at its last price.
    """
    sign = sign_of(net)
    target = vwap + sign * offset_in_force(rules, vwap, tp)
    slack = Fraction(0) if is_exact else PRINT_ERROR
    further = (price - target) * sign
    is_clipped = not rules.tick <= target <= ONE_DOLLAR - rules.tick
    lowest_allowed = -rules.tick if is_clipped else 0
    if is_clipped and further < 0:
        last = ONE_DOLLAR - rules.tick if sign > 0 else rules.tick
        is_at_the_end = (price - last) * sign >= 0
        return None if is_at_the_end else f"take-profit at {dollars(price)} is not at the last price {dollars(last)}"
    if further < lowest_allowed - slack:
        return f"take-profit at {dollars(price)} gives away edge: vwap ± offset is {dollars(target)}"
    if further >= rules.tick + slack:
        return f"take-profit at {dollars(price)} is a tick or more beyond vwap ± offset = {dollars(target)}"
    return None
