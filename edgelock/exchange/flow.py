"""What other traders do on the embedded exchange: the actions that scenarios and recordings are made of.

A flow is a time-ordered stream of `TimedAction`s. It is produced by a scenario (seeded) or read from a recording,
and applied to the matching engine by the driver, as orders of house accounts. The producers know nothing of the
engine, and the engine nothing of games: these values are the seam between them.

Prices are YES prices. Times are nanoseconds of the exchange's clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Protocol

from edgelock.core.price_grid import CENT_GRID, PriceGrid
from edgelock.core.units import Price, Size, Timestamp


class BookSide(Enum):
    """A bid buys YES, an ask sells YES."""

    BID = "bid"
    ASK = "ask"


class MarketPhase(Enum):
    """The venue's market status, in its own words."""

    INITIALIZED = "initialized"
    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"


class Trading(Enum):
    """What members may do on the whole exchange (venue reference §11.4).

    PAUSED  no new orders and no amends, cancels go on: the weekly maintenance
    HALTED  nothing at all, not even a cancel
    """

    OPEN = "open"
    PAUSED = "paused"
    HALTED = "halted"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketListing:
    """Everything the exchange needs to list a market."""

    ticker: str
    event_ticker: str
    series_ticker: str
    title: str
    yes_sub_title: str
    open_time: Timestamp
    close_time: Timestamp
    expected_expiration_time: Timestamp
    grid: PriceGrid = CENT_GRID
    price_level_structure: str = "linear_cent"
    fee_type: str = "quadratic_with_maker_fees"
    fee_multiplier: Fraction = Fraction(1)
    exchange_index: int = 0
    initial_volume_24h: Size = Size(0)
    settlement_timer_s: int = 60


@dataclass(frozen=True, slots=True)
class SetLevel:
    """House makers now show exactly `size` at `price` on this side (0 withdraws the level).

    Growing joins the back of the queue; shrinking leaves from the back. Members' orders at the price are not
    touched. A level that would cross resting orders of the other side trades with them first.
    """

    ticker: str
    side: BookSide
    price: Price
    size: Size


@dataclass(frozen=True, slots=True)
class Take:
    """A house taker trades up to `size` at `limit` or better; what finds no counterparty is dropped."""

    ticker: str
    taker_side: BookSide
    limit: Price
    size: Size


@dataclass(frozen=True, slots=True)
class ChangePhase:
    """The market opens, pauses, resumes or closes."""

    ticker: str
    phase: MarketPhase


@dataclass(frozen=True, slots=True)
class Settle:
    """The outcome is known: YES pays `value` dollars (0 or 1 dollar, or between them for a scalar result)."""

    ticker: str
    value: Price


@dataclass(frozen=True, slots=True)
class Dispute:
    """The outcome is in doubt: nothing is paid until it is amended."""

    ticker: str


@dataclass(frozen=True, slots=True)
class AmendResult:
    """A dispute is decided: YES pays `value` after all, once the settlement timer has run again."""

    ticker: str
    value: Price


@dataclass(frozen=True, slots=True)
class List:
    """The market becomes visible on the venue."""

    listing: MarketListing


@dataclass(frozen=True, slots=True)
class ChangeTrading:
    """The whole exchange pauses, halts or resumes."""

    trading: Trading


@dataclass(frozen=True, slots=True)
class MoveClose:
    """The market closes at another time than was listed."""

    ticker: str
    close_time: Timestamp


@dataclass(frozen=True, slots=True)
class ChangeGrid:
    """The market's prices get other steps; `label` is the venue's name for them. Resting orders stay."""

    ticker: str
    label: str
    grid: PriceGrid


@dataclass(frozen=True, slots=True)
class OverrideFees:
    """The markets of an event charge other fees than their series; None takes an override back.

    starts_at  from when on, announced now; None is at once
    """

    event_ticker: str
    fee_type: str | None
    multiplier: Fraction | None
    starts_at: Timestamp | None = None


Action = (
    SetLevel
    | Take
    | ChangePhase
    | Settle
    | Dispute
    | AmendResult
    | List
    | ChangeTrading
    | MoveClose
    | ChangeGrid
    | OverrideFees
)


@dataclass(frozen=True, slots=True)
class TimedAction:
    """An action and when it happens."""

    at: Timestamp
    action: Action


class Flow(Protocol):
    """A source of actions: deterministic, ordered by time, finite."""

    @property
    def starts_at(self) -> Timestamp:
        """The instant at which the exchange's clock starts."""
        ...

    def actions(self) -> Iterator[TimedAction]:
        """All actions, in order of time. Two calls give the same stream."""
        ...
