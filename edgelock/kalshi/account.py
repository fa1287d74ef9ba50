"""What the venue says about our account, as values. It is the venue's word, and often a little behind its own facts."""

from dataclasses import dataclass
from enum import Enum

from edgelock.core.market import Side
from edgelock.core.units import Money, Price, Size, Timestamp


class VenueOrderStatus(Enum):
    """The venue's own words for where an order stands. UNKNOWN stands for any word this version does not know."""

    RESTING = "resting"
    CANCELED = "canceled"
    EXECUTED = "executed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Balance:
    """Available cash; the venue keeps it in steps of $0.0001."""

    available: Money


@dataclass(frozen=True, slots=True)
class BucketLimits:
    """One token bucket: tokens per second, and how many it holds."""

    refill_per_second: int
    capacity: int


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """The rate tier of the account."""

    usage_tier: str
    read: BucketLimits
    write: BucketLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """One of our orders on the venue's list: asked for in all, filled of it, and still resting."""

    order_id: str
    client_order_id: str
    ticker: str
    side: Side
    price: Price
    size: Size
    filled: Size
    remaining: Size
    status: VenueOrderStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueFill:
    """One of our fills. It names the order by the venue's id only."""

    trade_id: str
    order_id: str
    ticker: str
    side: Side
    price: Price
    size: Size
    fee: Money
    is_taker: bool
    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class VenuePosition:
    """What we hold of one market: positive YES, negative NO; exposure and fees as the venue counts them."""

    ticker: str
    net: Size
    exposure: Money
    realized: Money
    fees: Money


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page of our orders; `cursor` is "" on the last one."""

    orders: tuple[VenueOrder, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class FillPage:
    """A page of our fills, newest first; `cursor` is "" on the last one."""

    fills: tuple[VenueFill, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class PositionPage:
    """A page of our positions; `cursor` is "" on the last one."""

    positions: tuple[VenuePosition, ...]
    cursor: str
