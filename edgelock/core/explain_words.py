"""Prices and times as an explanation writes them: what is not known is said, too."""

from edgelock.core.book import BookView
from edgelock.core.reference import Reference
from edgelock.core.units import SECOND, Price, price_text


def price_or_none(price: Price | None) -> str:
    """A price in dollars, or that there is none."""
    return "none" if price is None else price_text(price)


def mid_text(view: BookView) -> str:
    """The mid in dollars, exact to half a price unit."""
    double_mid = view.double_mid
    if double_mid is None:
        return "unknown"
    return f"{price_text(Price(double_mid // 2))}{'5' if double_mid % 2 else ''}"


def reference_text(reference: Reference) -> str:
    """The reference price in dollars, rounded to a price unit."""
    ratio = reference.ratio
    return "unknown" if ratio is None else price_text(Price(round(ratio)))


def seconds_text(nanoseconds: int) -> str:
    """Whole seconds with their unit, rounded down."""
    return f"{nanoseconds // SECOND} s"


def tenths_text(nanoseconds: int) -> str:
    """Seconds to a tenth, rounded down."""
    return f"{nanoseconds // SECOND}.{nanoseconds % SECOND // (SECOND // 10)} s"
