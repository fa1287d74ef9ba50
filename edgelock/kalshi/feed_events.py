"""What a market data conversation has to tell, as values."""

from dataclasses import dataclass
from fractions import Fraction

from edgelock.core.book import BookView
from edgelock.core.facts import Print
from edgelock.core.market import MarketStatus
from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import Price, Timestamp


@dataclass(frozen=True, slots=True)
class BookMoved:
    """The book of this market changed somewhere; look at it now, the next frame changes it again."""

    ticker: str


@dataclass(frozen=True, slots=True)
class BookRestored:
    """A snapshot came: the book can be relied on from here."""

    ticker: str


@dataclass(frozen=True, slots=True)
class BookSuspect:
    """The book cannot be relied on until a snapshot comes. Told once, not again while it lasts."""

    ticker: str
    reason: str


@dataclass(frozen=True, slots=True)
class ViewChanged:
    """The best levels are now these."""

    ticker: str
    view: BookView


@dataclass(frozen=True, slots=True)
class TradeSeen:
    """One public trade on the book."""

    ticker: str
    trade: Print


@dataclass(frozen=True, slots=True)
class LifeChanged:
    """The venue announced another status, or another close. None means: not said."""

    ticker: str
    status: MarketStatus | None
    close_time: Timestamp | None


@dataclass(frozen=True, slots=True)
class GridSeen:
    """The venue changed which prices the market accepts."""

    ticker: str
    grid: PriceGrid


@dataclass(frozen=True, slots=True)
class OutcomePaid:
    """The market is settled; one YES was paid `value`, None when the venue's announcement of it was missed."""

    ticker: str
    value: Price | None


@dataclass(frozen=True, slots=True)
class FeesOverridden:
    """An event changed its overrides; None where it overrides nothing (any more)."""

    event_ticker: str
    fee_type: str | None
    multiplier: Fraction | None


@dataclass(frozen=True, slots=True)
class PrintsLost:
    """Public trades of some followed market may have been missed; they are not sent again."""

    reason: str


@dataclass(frozen=True, slots=True)
class LifeUnsure:
    """Announcements may have been missed: status, close, grid and fees of every market must be looked up."""

    reason: str


FeedEvent = (
    BookMoved
    | BookRestored
    | BookSuspect
    | ViewChanged
    | TradeSeen
    | LifeChanged
    | GridSeen
    | OutcomePaid
    | FeesOverridden
    | PrintsLost
    | LifeUnsure
)
