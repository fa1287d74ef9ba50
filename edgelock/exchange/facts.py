"""What happened on the exchange: the engine's output, in the order in which it happened.

Everything a member or the public is told is made from these frozen values. Times are exchange time.
"""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from edgelock.core.units import Money, Price, Size, Timestamp
from edgelock.exchange.flow import BookSide
from edgelock.exchange.orders import OrderView


@dataclass(frozen=True, slots=True)
class LevelChanged:
    """The size resting at a price changed by `delta`. Account and client id tell whose order did it, if known.

    change_count counts the changes of this market's book (the venue's `clock`).
    """

    at: Timestamp
    ticker: str
    side: BookSide
    price: Price
    delta: Size
    account_id: str
    client_order_id: str
    change_count: int


@dataclass(frozen=True, slots=True)
class Traded:
    """A public trade."""

    at: Timestamp
    trade_id: str
    ticker: str
    price: Price
    size: Size
    taker_side: BookSide


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A member's side of a trade. `fee` is what the fill cost after rounding and rebate."""

    at: Timestamp
    trade_id: str
    account_id: str
    order_id: str
    client_order_id: str
    ticker: str
    side: BookSide
    price: Price
    size: Size
    is_taker: bool
    fee: Money
    position_after: Size


@dataclass(frozen=True, slots=True)
class OrderUpdated:
    """A member's order was placed, or changed."""

    at: Timestamp
    order: OrderView


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChanged:
    """A member's position after a fill or a settlement."""

    at: Timestamp
    account_id: str
    ticker: str
    size: Size
    cost: Money
    realized: Money
    fees: Money
    traded_size: Size


@dataclass(frozen=True, slots=True)
class MarketListed:
    """The market became visible."""

    at: Timestamp
    ticker: str
    is_first_of_event: bool


@dataclass(frozen=True, slots=True)
class MarketPaused:
    """The market stopped trading (`deactivated`) or resumed (`activated`)."""

    at: Timestamp
    ticker: str
    is_paused: bool


@dataclass(frozen=True, slots=True)
class CloseTimeMoved:
    """The market closes at another time than was listed."""

    at: Timestamp
    ticker: str
    close_time: Timestamp


@dataclass(frozen=True, slots=True)
class MarketDetermined:
    """The outcome is known: YES is worth `value`."""

    at: Timestamp
    ticker: str
    value: Price


@dataclass(frozen=True, slots=True)
class MarketSettled:
    """Positions have been paid out."""

    at: Timestamp
    ticker: str


@dataclass(frozen=True, slots=True)
class GridChanged:
    """A market's prices have other steps now: those of its listing."""

    at: Timestamp
    ticker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeesOverridden:
    """An event's fees differ from its series' from now on; None where they do not."""

    at: Timestamp
    change_id: str
    event_ticker: str
    series_ticker: str
    fee_type: str | None
    multiplier: Fraction | None


class GroupChange(Enum):
    """What happened to an order group, in the venue's words."""

    CREATED = "created"
    TRIGGERED = "triggered"
    RESET = "reset"
    DELETED = "deleted"
    LIMIT_UPDATED = "limit_updated"


@dataclass(frozen=True, slots=True)
class GroupChanged:
    """An order group was created, tripped, reset, removed or given another limit."""

    at: Timestamp
    account_id: str
    group_id: str
    change: GroupChange
    contracts_limit: Size


Fact = (
    LevelChanged
    | Traded
    | Filled
    | OrderUpdated
    | PositionChanged
    | MarketListed
    | MarketPaused
    | CloseTimeMoved
    | MarketDetermined
    | MarketSettled
    | GridChanged
    | FeesOverridden
    | GroupChanged
)
