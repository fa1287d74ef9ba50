"""Everything that can have happened to one market. Facts are in the past tense, frozen, and stamped when they entered.

`at` is the engine's clock, in nanoseconds. The facts a market's orders cause carry `sequence`, dense per market, so
that a market can apply them once and in order, and notice when one is missing.
"""

from dataclasses import dataclass
from enum import Enum

from edgelock.core.book import BookView
from edgelock.core.intents import Intent
from edgelock.core.market import MarketStatus, Side
from edgelock.core.order import CancelReason, ClientOrderId, Order
from edgelock.core.permit import CLOSED_AT_START, Permit
from edgelock.core.position import Position
from edgelock.core.price_grid import PriceGrid
from edgelock.core.settings import StrategySettings
from edgelock.core.units import Money, Price, Size, Timestamp


class FeedStatus(Enum):
    """What the market's book is worth."""

    LIVE = "live"
    GAP = "gap"
    STALE = "stale"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookChanged:
    """The best levels are now these (the venue's book; our own orders may be in it)."""

    at: Timestamp
    view: BookView


@dataclass(frozen=True, slots=True)
class Print:
    """One public trade: the taker bought (BID) or sold (ASK) `size` at `price`."""

    trade_id: str
    price: Price
    size: Size
    taker_side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class TradesPrinted:
    """Public trades, in the order they came; several when they came faster than they could be handled."""

    at: Timestamp
    prints: tuple[Print, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatusChanged:
    """The feed of this market was lost or came back."""

    at: Timestamp
    status: FeedStatus
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStatusChanged:
    """The venue opened, paused, closed, determined or finalised the market, or moved its close."""

    at: Timestamp
    status: MarketStatus
    close_time: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class GridChanged:
    """The venue changed which prices the market accepts."""

    at: Timestamp
    grid: PriceGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePassed:
    """A deadline was reached, or simply some time went by."""

    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitChanged:
    """The risk side's verdict for this market."""

    at: Timestamp
    permit: Permit


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged:
    """The operator re-read the settings."""

    at: Timestamp
    settings: StrategySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """The market is to be left: no more entries, exits until flat."""

    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAcknowledged:
    """The venue took the order."""

    at: Timestamp
    sequence: int
    client_order_id: ClientOrderId
    venue_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected:
    """The venue said no: nothing was placed. `code` and `text` are its words."""

    at: Timestamp
    sequence: int
    client_order_id: ClientOrderId
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled:
    """A fill of ours. queue_ahead is what stood before us when it began, where a fill model or the venue knows.

    late_order is the order itself when it ended so long ago that a market need not remember it.
    """

    at: Timestamp
    sequence: int
    client_order_id: ClientOrderId
    trade_id: str
    price: Price
    size: Size
    fee: Money
    is_taker: bool
    queue_ahead: Size | None = None
    late_order: Order | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAmended:
    """The venue took the amendment: this price, this size in all."""

    at: Timestamp
    sequence: int
    client_order_id: ClientOrderId
    price: Price
    size: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendRejected:
    """The venue refused the amendment; the order is as it was."""

    at: Timestamp
    sequence: int
    client_order_id: ClientOrderId
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCanceled:
    """The venue says that the order is off the book; what filled before has been told as fills.

    reason is set when somebody but the market asked for it, such as a shutdown.
    """

    at: Timestamp
    sequence: int
    client_order_id: ClientOrderId
    reason: CancelReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRejected:
    """The venue does not find the order: cancelled, filled or never there; only evidence decides."""

    at: Timestamp
    sequence: int
    client_order_id: ClientOrderId
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnanswered:
    """No answer came, or none that can be read: the order's state is unknown."""

    at: Timestamp
    sequence: int
    client_order_id: ClientOrderId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRefused:
    """A limit on our own side said no at the last gate before the wire; nothing was sent."""

    at: Timestamp
    sequence: int
    intent: Intent
    limit: str
    found: int
    allowed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSettled:
    """The outcome is known and paid: YES was worth `value`."""

    at: Timestamp
    sequence: int
    value: Price


OrderFact = (
    OrderAcknowledged
    | OrderRejected
    | OrderFilled
    | OrderAmended
    | AmendRejected
    | OrderCanceled
    | CancelRejected
    | OrderUnanswered
    | IntentRefused
    | MarketSettled
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UntoldFact:
    """An order fact of which nobody has told people yet, and what was on record right before it.

    orders are live and ended ones, as in Recovered.
    """

    fact: OrderFact
    position: Position
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What is on record for this market when its actor starts: a clean start has nothing, a restart has it all.

    permit is the verdict that the door was told last; what the market has heard itself meanwhile is newer.
    untold are the facts that came while the market had no actor, oldest first: what is on record has them in it, and
    their lines are still to be made.
    """

    at: Timestamp
    sequence: int
    position: Position
    orders: tuple[Order, ...]
    last_trim_at: Timestamp | None = None
    permit: Permit = CLOSED_AT_START
    untold: tuple[UntoldFact, ...] = ()


Fact = (
    BookChanged
    | TradesPrinted
    | FeedStatusChanged
    | MarketStatusChanged
    | GridChanged
    | TimePassed
    | PermitChanged
    | SettingsChanged
    | Retired
    | Recovered
    | OrderFact
)
