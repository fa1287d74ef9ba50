"""Readers of the values in a fault file: YAML's scalars and lists in, checked values out.

A reader raises ValueError whose text says what is allowed ("must be ..."). Numbers arrive as Decimal.
"""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from decimal import Decimal
from random import Random
from typing import Any

from edgelock.core.units import SECOND, Duration

Reader = Callable[[object], object]
_LONGEST_S = Decimal(31 * 24 * 3600)


def setting(read: Reader, default: object = MISSING) -> Any:
    """A field of a fault's dataclass that a file may set; without a default it must."""
    return field(default=default, metadata={"read": read})


def readers(kind: type) -> dict[str, Reader]:
    """The settings of a fault's dataclass and how each is read."""
    return {each.name: each.metadata["read"] for each in fields(kind) if "read" in each.metadata}


def required(kind: type) -> set[str]:
    """The settings that a file must give."""
    return {each.name for each in fields(kind) if "read" in each.metadata and each.default is MISSING}


@dataclass(frozen=True, slots=True)
class Span:
    """Whole milliseconds from `low` to `high`, both included; one of them is drawn each time."""

    low: int
    high: int

    def draw_ms(self, chance: Random) -> int:
        """One value of the span. A span of one value draws nothing."""
        return self.low if self.low == self.high else chance.randint(self.low, self.high)


def probability(given: object) -> float:
    """0 to 1. A float is fine here: it is only ever compared with a random draw."""
    if not isinstance(given, Decimal) or not 0 <= given <= 1:
        raise ValueError("must be a number from 0 to 1")
    return float(given)


def seconds(given: object) -> Duration:
    """0 or more seconds."""
    if not isinstance(given, Decimal) or not 0 <= given <= _LONGEST_S:
        raise ValueError(f"must be a number of seconds from 0 to {_LONGEST_S}")
    return Duration(int(given * SECOND))


def some_seconds(given: object) -> Duration:
    """More than no seconds."""
    found = seconds(given)
    if found < SECOND // 1000:
        raise ValueError(f"must be a number of seconds from 0.001 to {_LONGEST_S}")
    return found


def signed_seconds(given: object) -> Duration:
    """Seconds forth or back."""
    if not isinstance(given, Decimal) or abs(given) > _LONGEST_S:
        raise ValueError(f"must be a number of seconds from -{_LONGEST_S} to {_LONGEST_S}")
    return Duration(int(given * SECOND))


def span_ms(given: object) -> Span:
    """Milliseconds: one number, or [lowest, highest]."""
    ends = given if isinstance(given, list) else [given, given]
    if len(ends) != 2:
        raise ValueError("must be a whole number of milliseconds or [lowest, highest]")
    low, high = (whole(0, 86_400_000)(end) for end in ends)
    if low > high:
        raise ValueError("must have its lowest value first")
    return Span(low, high)


def whole(low: int, high: int) -> Callable[[object], int]:
    """A reader of whole numbers in a range."""

    def read(given: object) -> int:
        if not isinstance(given, Decimal) or given != given.to_integral_value() or not low <= given <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(given)

    return read


def word(*allowed: str) -> Callable[[object], str]:
    """A reader of one of some words."""

    def read(given: object) -> str:
        if not isinstance(given, str) or given not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return given

    return read


def words(*allowed: str) -> Callable[[object], frozenset[str]]:
    """A reader of one of some words, or of a list of them."""
    read_one = word(*allowed)

    def read(given: object) -> frozenset[str]:
        return frozenset(read_one(each) for each in (given if isinstance(given, list) and given else [given]))

    return read


def text(given: object) -> str:
    """Any text but an empty one."""
    if not isinstance(given, str) or not given:
        raise ValueError("must be a text")
    return given


def scalar(given: object) -> object:
    """A text or a number."""
    if not isinstance(given, str | Decimal):
        raise ValueError("must be a text or a number")
    return given


def texts(given: object) -> frozenset[str]:
    """A text, or a list of texts."""
    return frozenset(text(each) for each in (given if isinstance(given, list) and given else [given]))
