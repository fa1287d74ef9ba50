"""One look at the venue: its own lists, each at least as new as the time they carry."""

from dataclasses import dataclass, field

from edgelock.core.units import Size, Timestamp
from edgelock.kalshi.account import QueuePosition, Settlement, VenueFill, VenueOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUps:
    """What the list of resting orders leaves open.

    order_ids  orders that are not on it and are not known to have ended
    tickers    markets with an order that the venue has never named: found, if at all, by its client id
    orders_since_s, fills_since_s  Unix seconds: orders and fills older than that need not be read
    """

    order_ids: tuple[str, ...]
    tickers: tuple[str, ...]
    orders_since_s: int
    fills_since_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """as_of was read before everything else, so everything else is at least as new (venue reference §4.1).

    looked_up  by venue id; None where the venue did not find the order
    listed     every order of a market since `orders_since_s`, whatever became of it
    """

    as_of: Timestamp
    resting: tuple[VenueOrder, ...]
    looked_up: dict[str, VenueOrder | None] = field(default_factory=dict)
    listed: dict[str, tuple[VenueOrder, ...]] = field(default_factory=dict)
    fills: tuple[VenueFill, ...] = ()
    queue: tuple[QueuePosition, ...] = ()
    positions: tuple[tuple[str, Size], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPast:
    """All that the venue has on one market of ours; as_of was read before everything else, the fills last.

    orders      those of the time from which an order of unknown fate is, whatever became of them
    settlement  what it paid, where that was looked for and found
    """

    ticker: str
    as_of: Timestamp
    fills: tuple[VenueFill, ...] = ()
    net: Size = Size(0)
    orders: tuple[VenueOrder, ...] = ()
    settlement: Settlement | None = None
