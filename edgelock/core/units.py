"""Price, size and money as integers: the three units that every other file counts in.

The venue quotes fixed-point dollars with four decimals and counts with two. Three integer units fit those
formats exactly, and the third is the product of the first two, so cost never needs rounding:

    Price   1 basis point = $0.0001 = 0.01 ¢     $1 = 10_000
    Size    1/100 contract                       1 contract = 100
    Money   $0.000_001                           $1 = 1_000_000

Text goes straight to integers and back; no float ever holds one of these. Prices are YES prices everywhere.
Times are integer nanoseconds since the Unix epoch (UTC), durations integer nanoseconds.
"""

import re
from typing import NewType

Price = NewType("Price", int)
Size = NewType("Size", int)
Money = NewType("Money", int)
Timestamp = NewType("Timestamp", int)
Duration = NewType("Duration", int)

CENT = Price(100)
ONE_DOLLAR = Price(10_000)
CONTRACT = Size(100)
MONEY_PER_DOLLAR = 1_000_000
MILLISECOND = Duration(1_000_000)
SECOND = Duration(1_000_000_000)
MINUTE = Duration(60 * SECOND)

_FIXED_POINT = re.compile(r"(-?)(\d+)(?:\.(\d+))?", re.ASCII)


def cost(price: Price, size: Size) -> Money:
    """What `size` costs at `price`. Exact: the product of the two units is the third."""
    return Money(price * size)


def parse_price(text: str) -> Price:
    """Dollar text with at most four decimals, such as "0.56" or "0.5600", as a price.

    Raises ValueError for anything else, also for numbers with more decimals than the venue has.
    """
    return Price(_parse_fixed_point(text, decimals=4))


def parse_size(text: str) -> Size:
    """Contract text with at most two decimals, such as "10" or "10.00". May be negative (a book delta)."""
    return Size(_parse_fixed_point(text, decimals=2))


def parse_money(text: str) -> Money:
    """Dollar text with at most six decimals, such as "0.017500"."""
    return Money(_parse_fixed_point(text, decimals=6))


def price_text(price: Price) -> str:
    """A price as the venue writes it: "0.5600"."""
    return _fixed_point_text(price, decimals=4)


def size_text(size: Size) -> str:
    """A size as the venue writes it: "10.00"."""
    return _fixed_point_text(size, decimals=2)


def money_text(money: Money) -> str:
    """An amount as the venue writes it: "0.017500"."""
    return _fixed_point_text(money, decimals=6)


def ceil_div(numerator: int, denominator: int) -> int:
    """Quotient rounded up (towards plus infinity); the denominator is above 0."""
    return -(-numerator // denominator)


def _parse_fixed_point(text: str, *, decimals: int) -> int:
    match = _FIXED_POINT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not fixed-point text with at most {decimals} decimals")
    sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
    if len(fraction) > decimals and fraction[decimals:].strip("0"):
        raise ValueError(f"{text!r} has more than {decimals} decimals")
    units = int(whole + fraction[:decimals].ljust(decimals, "0"))
    return -units if sign else units


def _fixed_point_text(units: int, *, decimals: int) -> str:
    sign = "-" if units < 0 else ""
    whole, fraction = divmod(abs(units), 10**decimals)
    return f"{sign}{whole}.{fraction:0{decimals}d}"
