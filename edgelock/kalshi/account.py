"""What the venue says about our account, as values. It is the venue's word, and often a little behind its own facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from edgelock.core.market import Side
from edgelock.core.units import Money, Price, Size, Timestamp

T = TypeVar("T")

OUR_SUBACCOUNT = 0
"""We trade in the primary account only. Lists cover all subaccounts unless they are told which."""


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


@dataclass(frozen=True, slots=True)
class EndpointCosts:
    """What a call takes out of its bucket; `others` holds the calls that do not cost the default.

    others  (method, path) -> tokens; the path from the root, with placeholders such as :order_id, as the venue lists it
    """

    default: int
    others: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """One of our orders on the venue's list: asked for in all, filled of it, and still resting.

    size          what was asked for; the venue may keep the first figure after an amendment
    expiration_s  Unix seconds at which the venue withdraws it by itself, None when it does not
    updated_at    when it last changed, None when the venue does not say
    group_id      the order group it belongs to, None when it belongs to none
    """

    order_id: str
    client_order_id: str
    ticker: str
    side: Side
    price: Price
    size: Size
    filled: Size
    remaining: Size
    status: VenueOrderStatus
    expiration_s: int | None = None
    updated_at: Timestamp | None = None
    group_id: str | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What the venue paid for a market. It keeps revenue and value in whole cents, so neither may be exact.

    result   the venue's word: yes, no, scalar, or one this version does not know
    value    what one YES was paid, None when the venue does not say
    revenue  what we were paid
    """

    ticker: str
    event_ticker: str
    result: str
    value: Price | None
    revenue: Money
    fee: Money
    at: Timestamp


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """How many contracts trade before a resting order at its price; 0 is the front."""

    order_id: str
    ticker: str
    ahead: Size


@dataclass(frozen=True, slots=True)
class OrderGroup:
    """Orders that the venue withdraws together after too many fills. It has no name of its own.

    limit           contracts matched within 15 s that trip it, None when the venue does not say
    exchange_index  the shard it lives on
    """

    group_id: str
    limit: Size | None
    exchange_index: int
    is_auto_cancel_enabled: bool


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list; `cursor` leads to the next one and is "" on the last."""

    items: tuple[T, ...]
    cursor: str
