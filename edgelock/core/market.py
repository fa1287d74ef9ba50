"""What is fixed, or changes rarely, about one market: identity, family, price grid, fees, status and close."""

from dataclasses import dataclass
from enum import Enum

from edgelock.core.fees import FeeSchedule
from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import Timestamp


class Side(Enum):
    """A bid buys YES, an ask sells YES."""

    BID = "bid"
    ASK = "ask"

    @property
    def opposite(self) -> "Side":
        """The other side of the book."""
        return Side.ASK if self is Side.BID else Side.BID

    @property
    def sign(self) -> int:
        """+1 for buying, −1 for selling: what a fill on this side does to the position."""
        return 1 if self is Side.BID else -1


class MarketStatus(Enum):
    """Where a market stands in its life, in the venue's words (venue reference §11.3)."""

    INITIALIZED = "initialized"
    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"
    DETERMINED = "determined"
    DISPUTED = "disputed"
    AMENDED = "amended"
    FINALIZED = "finalized"

    @property
    def is_over(self) -> bool:
        """Trading has ended for good (a reopening is a new status from the venue)."""
        return self not in (MarketStatus.INITIALIZED, MarketStatus.ACTIVE, MarketStatus.INACTIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One YES/NO contract as the venue lists it, and the family whose settings it trades with.

    exchange_index  the venue's shard on which the market's orders live; order groups and cash belong to a shard
    """

    ticker: str
    event_ticker: str
    series_ticker: str
    family: str
    title: str
    grid: PriceGrid
    fees: FeeSchedule
    status: MarketStatus
    close_time: Timestamp
    exchange_index: int = 0
