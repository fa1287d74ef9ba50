"""What every telemetry record is: a frozen value with an action, a level and the time; and its units for the eye."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import ClassVar, Literal, NewType

from edgelock.core.units import Price, Size, Timestamp

PriceRatio = NewType("PriceRatio", Fraction)
"""An exact price that need not be whole units, such as a VWAP: printed as dollars to four decimals."""

Percent = NewType("Percent", Fraction)
"""A share of one; printed in percent."""

CentsOf = NewType("CentsOf", Fraction)
"""A price difference in price units; printed in cents."""

SideName = Literal["bid", "ask"]
RoleName = Literal["entry", "exit"]


class Level(Enum):
    """How much a person should care."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketContext:
    """What every line about a market carries: its state, position and prices at that moment."""

    NULLABLE: ClassVar[frozenset[str]] = frozenset({"vwap", "tp", "best_bid", "best_ask", "mid_ema"})

    state: str
    net: Size
    vwap: PriceRatio | None
    tp: PriceRatio | None
    best_bid: Price | None
    best_ask: Price | None
    mid_ema: PriceRatio | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of telemetry. `at` is the engine's clock; market and context are absent for the whole system."""

    action: ClassVar[str]
    level: ClassVar[Level] = Level.INFO
    NULLABLE: ClassVar[frozenset[str]] = frozenset()

    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRecord(Record):
    """A line about one market."""

    market: str
    context: MarketContext
