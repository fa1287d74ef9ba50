"""The course of a generated game: what its markets are worth, how busy they are, and what happens when.

A course is the hidden truth that the generated traders (`scenario_trading`) act on. Fair values, rates and spreads
are estimates and therefore floats; they become prices and sizes only in `scenario_trading`, by named roundings.
"""

from dataclasses import dataclass
from typing import Protocol

from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import Price, Size, Timestamp
from edgelock.exchange.flow import BookSide

AWAY, HOME = 0, 1


@dataclass(frozen=True, slots=True)
class Mood:
    """How the two markets of a game trade at an instant. Rates are per second and market, the spread in dollars."""

    takes_per_s: float
    quotes_per_s: float
    resizes_per_s: float
    half_spread: float


@dataclass(frozen=True, slots=True)
class Score:
    """A team scored: the best informed sweep the old quotes, makers pull theirs. The fair value has jumped."""


@dataclass(frozen=True, slots=True)
class BidsWithdrawn:
    """Nobody bids for the weaker team's market any more; its asks stay."""


@dataclass(frozen=True, slots=True)
class BidsReturned:
    """Bids come back to the market they left."""


@dataclass(frozen=True, slots=True)
class TradingPaused:
    """The venue deactivates the game's markets."""


@dataclass(frozen=True, slots=True)
class TradingResumed:
    """The venue activates the game's markets again."""


@dataclass(frozen=True, slots=True)
class QuotesPinned:
    """Makers of one market show this touch and hold it until the next pin; nobody takes there."""

    market: int
    bid: Price
    ask: Price


@dataclass(frozen=True, slots=True)
class TouchTaken:
    """One taker trades at the touch of one market."""

    market: int
    taker_side: BookSide
    size: Size


@dataclass(frozen=True, slots=True)
class QuotesFreed:
    """Makers of one market follow the fair value again."""

    market: int


@dataclass(frozen=True, slots=True)
class MarketsClosed:
    """The game is over and trading ends."""


@dataclass(frozen=True, slots=True)
class WinnerKnown:
    """The markets settle."""

    away_won: bool


@dataclass(frozen=True, slots=True)
class CalledOff:
    """The game will not be finished: the markets settle at what they are worth now."""


@dataclass(frozen=True, slots=True)
class GridChanged:
    """The venue changes the prices that the game's markets accept; `label` is its name for them."""

    label: str
    grid: PriceGrid


@dataclass(frozen=True, slots=True)
class CloseMoved:
    """The venue announces another close of the game's markets."""

    close_time: Timestamp


Happening = (
    Score
    | BidsWithdrawn
    | BidsReturned
    | TradingPaused
    | TradingResumed
    | QuotesPinned
    | TouchTaken
    | QuotesFreed
    | MarketsClosed
    | WinnerKnown
    | CalledOff
    | GridChanged
    | CloseMoved
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A happening and its time."""

    at: Timestamp
    happening: Happening


class Course(Protocol):
    """The hidden truth of one game. Asked with times that never go back."""

    @property
    def moments(self) -> tuple[Moment, ...]:
        """All happenings, in order of time."""
        ...

    def fair_value(self, now: Timestamp) -> float:
        """What the away team's market is worth, in dollars, strictly between 0 and 1."""
        ...

    def mood(self, now: Timestamp) -> Mood:
        """How the game's markets trade now."""
        ...
