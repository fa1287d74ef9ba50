"""Times, sides and results as the venue writes them."""

import time
from fractions import Fraction

from edgelock.core.units import ONE_DOLLAR, Price, Timestamp
from edgelock.exchange.flow import BookSide

OUTCOME_SIDE = {BookSide.BID: "yes", BookSide.ASK: "no"}
"""A bid acquires YES, an ask acquires NO (venue reference §5)."""


def rfc3339(at: Timestamp) -> str:
    """UTC with as many fractional digits as needed, six at most: "2026-06-11T05:39:31.28563Z"."""
    seconds, micros = divmod(at // 1000, 1_000_000)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    fraction = f".{micros:06d}".rstrip("0") if micros else ""
    return f"{whole}{fraction}Z"


def unix_s(at: Timestamp) -> int:
    """Whole seconds since 1970."""
    return at // 1_000_000_000


def unix_ms(at: Timestamp) -> int:
    """Whole milliseconds since 1970."""
    return at // 1_000_000


def no_price(price: Price) -> Price:
    """The NO price that belongs to a YES price."""
    return Price(ONE_DOLLAR - price)


def json_number(value: Fraction) -> int | float:
    """A multiplier as the venue writes it, a JSON number. It is shown only: nothing is computed from the float."""
    return value.numerator if value.denominator == 1 else value.numerator / value.denominator


def result_text(value: Price | None) -> str:
    """The venue's word for an outcome: "", "yes", "no" or "scalar"."""
    if value is None:
        return ""
    return {ONE_DOLLAR: "yes", 0: "no"}.get(value, "scalar")
