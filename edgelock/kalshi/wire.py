"""Reading the venue's JSON: one strict way to decode a body, and one error that says where it went wrong.

Only the fields that are used are read; others may come and go. A used field that is missing, renamed, of another
type or out of range is a `WireError` that names the endpoint and the field. Prices and counts are fixed-point text,
which goes straight to integers; times are RFC 3339 text with any number of fractional digits, or whole Unix seconds.
Source: venue reference §3 (read 2026-11-22).
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

import msgspec

from edgelock.core.units import (
    MILLISECOND,
    MONEY_PER_DOLLAR,
    ONE_DOLLAR,
    SECOND,
    Money,
    Price,
    Size,
    Timestamp,
    ceil_div,
    parse_money,
    parse_price,
    parse_size,
)

_T = TypeVar("_T")
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", re.ASCII)
_MONEY_PER_CENT = MONEY_PER_DOLLAR // 100
_YEAR_2200_S = 7_258_118_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class WireError(ValueError):
    """What came is not what the venue's protocol says. The text names the endpoint and the field."""


def decode(body: bytes | str, type_: type[_T], *, endpoint: str) -> _T:
    """The body as `type_`, strictly. Raises WireError."""
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.DecodeError as error:
        raise WireError(f"{endpoint}: {error}") from None
    except RecursionError:
        raise WireError(f"{endpoint}: JSON is nested too deep") from None
    except UnicodeError:
        raise WireError(f"{endpoint}: body is not UTF-8") from None


def price_field(text: str, field: str, endpoint: str) -> Price:
    """A dollar text between 0 and 1, both included (the venue writes an empty side as one of them)."""
    price = _parsed(parse_price, text, field, endpoint)
    if not 0 <= price <= ONE_DOLLAR:
        raise WireError(f"{endpoint}: {field} is {text!r}, outside 0 to 1 dollar")
    return price


def traded_price_field(text: str, field: str, endpoint: str) -> Price:
    """The price of an order or a trade, strictly between 0 and 1 dollar; so one in cents is an error."""
    price = price_field(text, field, endpoint)
    if not 0 < price < ONE_DOLLAR:
        raise WireError(f"{endpoint}: {field} is {text!r}, which nothing can trade at")
    return price


def size_field(text: str, field: str, endpoint: str) -> Size:
    """A count that cannot be negative."""
    size = signed_size_field(text, field, endpoint)
    if size < 0:
        raise WireError(f"{endpoint}: {field} is {text!r}, below 0")
    return size


def signed_size_field(text: str, field: str, endpoint: str) -> Size:
    """A count with a sign, such as a position."""
    return _parsed(parse_size, text, field, endpoint)


def money_field(text: str, field: str, endpoint: str) -> Money:
    """An amount of dollars with up to six decimals."""
    return _parsed(parse_money, text, field, endpoint)


def ratio_field(number: Decimal, field: str, endpoint: str) -> Fraction:
    """A JSON number of 0 or more, exactly as its text says."""
    if not number.is_finite() or number < 0:
        raise WireError(f"{endpoint}: {field} is {number}, not a number of 0 or more")
    return Fraction(number)


def time_field(text: str, field: str, endpoint: str) -> Timestamp:
    """RFC 3339 in UTC, to the nanosecond."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise WireError(f"{endpoint}: {field} is {text!r}, not an RFC 3339 time in UTC")
    try:
        moment = datetime.fromisoformat(match.group(1)).replace(tzinfo=UTC)
    except ValueError:
        raise WireError(f"{endpoint}: {field} is {text!r}, which is no date") from None
    elapsed = moment - _EPOCH
    return Timestamp((elapsed.days * 86_400 + elapsed.seconds) * SECOND + int((match.group(2) or "0").ljust(9, "0")))


def seconds_field(seconds: int, field: str, endpoint: str) -> Timestamp:
    """Whole Unix seconds. Milliseconds are an error."""
    if not 0 <= seconds <= _YEAR_2200_S:
        raise WireError(f"{endpoint}: {field} is {seconds}, not a time in seconds")
    return Timestamp(seconds * SECOND)


def millis_field(milliseconds: int, field: str, endpoint: str) -> Timestamp:
    """Whole Unix milliseconds. Seconds and microseconds are an error."""
    if not _YEAR_2200_S < milliseconds <= _YEAR_2200_S * 1000:
        raise WireError(f"{endpoint}: {field} is {milliseconds}, not a time in milliseconds")
    return Timestamp(milliseconds * MILLISECOND)


def whole_second(at: Timestamp) -> int:
    """Unix seconds, rounded up."""
    return ceil_div(at, SECOND)


def id_field(text: str, field: str, endpoint: str) -> str:
    """A ticker, an id or a word, which is never empty."""
    if not text:
        raise WireError(f"{endpoint}: {field} is empty")
    return text


def cents_field(cents: int, field: str, endpoint: str) -> Money:
    """Whole cents, as a few old fields still write money."""
    if cents < 0:
        raise WireError(f"{endpoint}: {field} is {cents}, below 0")
    return Money(cents * _MONEY_PER_CENT)


def exact_text(value: msgspec.Raw, field: str, endpoint: str) -> str:
    """The text of a JSON string, or the very digits of a JSON number."""
    raw = bytes(value)
    if raw.startswith(b'"'):
        return decode(raw, str, endpoint=f"{endpoint}: {field}")
    return raw.decode()


def _parsed(parse: Callable[[str], _T], text: str, field: str, endpoint: str) -> _T:
    try:
        return parse(text)
    except ValueError as error:
        raise WireError(f"{endpoint}: {field}: {error}") from None
