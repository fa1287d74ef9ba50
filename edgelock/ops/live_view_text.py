"""How figures and events read in the live view: short, in the trade's own words.

Prices are in cents, sizes in contracts, amounts in dollars, durations in minutes and seconds. Rounding is for the eye
only; the log has the exact figures.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from edgelock.core.telemetry import Record, ShutdownDone
from edgelock.core.units import CENT, CONTRACT, MONEY_PER_DOLLAR, SECOND, Duration, Timestamp


def cents(price: Fraction | int | None) -> str:
    """A price of the venue in cents, decimals only when it has some: "46", "46.5"; "" for None."""
    if price is None:
        return ""
    whole, rest = divmod(round(price), CENT)
    return f"{whole}" if rest == 0 else f"{whole}.{rest:02d}".rstrip("0")


def average_cents(price: Fraction | None) -> str:
    """An average price in cents with at most one decimal: "44", "44.5"; "" for None."""
    if price is None:
        return ""
    whole, tenths = divmod(round(price * 10 / CENT), 10)
    return f"{whole}" if tenths == 0 else f"{whole}.{tenths}"


def contracts(size: int) -> str:
    """A size or a signed holding in contracts: "10", "-7.5"."""
    sign, (whole, rest) = "-" if size < 0 else "", divmod(abs(size), CONTRACT)
    return f"{sign}{whole}" if rest == 0 else f"{sign}{whole}.{rest:02d}".rstrip("0")


def dollars(amount: Fraction | int) -> str:
    """An amount in money units as dollars and cents, always with its sign unless it is nothing: "+12.34"."""
    in_cents = round(Fraction(amount * 100, MONEY_PER_DOLLAR))
    whole, rest = divmod(abs(in_cents), 100)
    return f"{'-' if in_cents < 0 else '+' if in_cents > 0 else ''}{whole}.{rest:02d}"


def price_tag(amount: int) -> str:
    """An amount in money units of 0 or more in dollars and whole cents, rounded down: "$1,234.56"."""
    whole, rest = divmod(amount, MONEY_PER_DOLLAR)
    return f"${whole:,}.{rest * 100 // MONEY_PER_DOLLAR:02d}"


def stopwatch(duration: Duration) -> str:
    """Minutes and seconds, hours when there are some: "3:05", "1:02:03"."""
    minutes, seconds = divmod(duration // SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def date_and_time(at: Timestamp) -> str:
    """A moment in UTC, to the second."""
    return f"{datetime.fromtimestamp(at // SECOND, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


def time_of_day(at: Timestamp) -> str:
    """The time of day in UTC, to the second."""
    return date_and_time(at).split()[1]


def event_line(record: Record) -> str:
    """One line for people: time of day, market, action and what matters of it."""
    market = getattr(record, "market", None)
    parts = [time_of_day(record.at), market or "", record.action]
    for name, tell in _TOLD.items():
        value = getattr(record, name, None)
        is_said = (name == "actor" and market) or (name == "message" and getattr(record, "error", None))
        if value is not None and not is_said:
            parts.append(tell(value))
    return " ".join(part for part in parts if part)


def farewell(done: ShutdownDone) -> str:
    """How a run ended, in one sentence that may be long: nothing that is left behind is cut off."""
    orders = "orders left on the venue are unknown" if done.open_orders < 0 else f"{done.open_orders} orders left open"
    positions = f"positions: {', '.join(done.positions)}" if done.positions else "no position"
    return f"stopped; {orders}; {positions}; realised {dollars(done.realized)}; exit code {done.exit_code}"


def _first_line(value: object) -> str:
    return next(iter(str(value).splitlines()), "")


def _without_module(error: str) -> str:
    """Of "package.module.TypeError: why" what a person reads first: "TypeError: why"."""
    name, colon, why = error.partition(":")
    return error if " " in name else f"{name.rpartition('.')[2]}{colon}{why}"


# In this order on the line; what is not named here is for the log only.
_TOLD: dict[str, Callable[[Any], str]] = {
    "actor":       str,
    "side":        str,
    "qty":         contracts,
    "trim_qty":    contracts,
    "price":       lambda price: f"@ {cents(price)}",
    "exit_price":  lambda price: f"@ {cents(price)}",
    "pnl":         dollars,
    "exit_reason": str,
    "new_state":   str,
    "status":      str,
    "scope":       str,
    "cancels_30":  lambda number: f"after {number} cancels in 30 s",
    "code":        str,
    "who":         str,
    "reason":      _first_line,
    "message":     _first_line,
    "error":       lambda error: _without_module(_first_line(error)),
}  # fmt: skip
