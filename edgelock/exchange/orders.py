"""An order on the embedded exchange and the words that describe it.

`OrderTerms` is what a member asks for; `Order` is what the exchange keeps, mutable and owned by the engine;
`OrderView` is the frozen picture of it that leaves the engine. Field values are the venue's own words (venue
reference §6, read 2026-11-22).
"""

from dataclasses import dataclass
from enum import Enum

from edgelock.core.units import Money, Price, Size, Timestamp
from edgelock.exchange.flow import BookSide


class TimeInForce(Enum):
    """How long an order looks for a counterparty."""

    GOOD_TILL_CANCELED = "good_till_canceled"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"


class SelfTradePrevention(Enum):
    """Which of two orders of one account gives way when they would trade with each other."""

    TAKER_AT_CROSS = "taker_at_cross"
    MAKER = "maker"


class OrderStatus(Enum):
    """RESTING is the only live status."""

    RESTING = "resting"
    CANCELED = "canceled"
    EXECUTED = "executed"


class UpdateReason(Enum):
    """The venue's `last_update_reason`. NONE is sent as an empty text: a newly placed or group-canceled order."""

    NONE = ""
    DECREASE = "Decrease"
    AMEND = "Amend"
    SELF_TRADE_CANCEL = "SelfTradeCancel"
    EXPIRY_CANCEL = "ExpiryCancel"
    CLOSE_CANCEL = "CloseCancel"
    HALT_CANCEL = "HaltCancel"
    TRADE = "Trade"
    REDUCE_ONLY_CANCEL = "ReduceOnlyCancel"
    POST_ONLY_CROSS_CANCEL = "PostOnlyCrossCancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """What a member asks for. `expires_at` is in the exchange's time and only goes with GOOD_TILL_CANCELED."""

    ticker: str
    side: BookSide
    price: Price
    size: Size
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELED
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.TAKER_AT_CROSS
    client_order_id: str = ""
    expires_at: Timestamp | None = None
    is_post_only: bool = False
    is_reduce_only: bool = False
    cancels_on_pause: bool = False
    group_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendTerms:
    """The new shape of a resting order.

    total                     already filled plus desired resting size
    client_order_id           must be the current one when given
    expires_at                meaningful only when `changes_expiry`; None then removes the expiry
    """

    ticker: str
    side: BookSide
    price: Price
    total: Size
    client_order_id: str | None = None
    updated_client_order_id: str | None = None
    changes_expiry: bool = False
    expires_at: Timestamp | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Order:
    """One order as the engine keeps it. `number` rises with every order, and orders books and histories."""

    number: int
    order_id: str
    account_id: str
    is_house: bool
    ticker: str
    side: BookSide
    price: Price
    total: Size
    remaining: Size
    time_in_force: TimeInForce
    self_trade_prevention: SelfTradePrevention
    created_at: Timestamp
    updated_at: Timestamp
    client_order_id: str = ""
    expires_at: Timestamp | None = None
    is_post_only: bool = False
    cancels_on_pause: bool = False
    group_id: str | None = None
    filled: Size = Size(0)
    status: OrderStatus = OrderStatus.RESTING
    reason: UpdateReason = UpdateReason.NONE
    taker_cost: Money = Money(0)
    maker_cost: Money = Money(0)
    taker_fees: Money = Money(0)
    maker_fees: Money = Money(0)
    gathered_rounding: Money = Money(0)

    @property
    def is_live(self) -> bool:
        """Whether the order can still trade."""
        return self.status is OrderStatus.RESTING

    def view(self) -> "OrderView":
        """A frozen picture of the order as it is now."""
        return OrderView(
            number=self.number,
            order_id=self.order_id,
            account_id=self.account_id,
            ticker=self.ticker,
            side=self.side,
            price=self.price,
            total=self.total,
            remaining=self.remaining,
            filled=self.filled,
            status=self.status,
            reason=self.reason,
            client_order_id=self.client_order_id,
            self_trade_prevention=self.self_trade_prevention,
            expires_at=self.expires_at,
            cancels_on_pause=self.cancels_on_pause,
            group_id=self.group_id,
            taker_cost=self.taker_cost,
            maker_cost=self.maker_cost,
            taker_fees=self.taker_fees,
            maker_fees=self.maker_fees,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """A picture of an order at one instant. Costs are in the order's own outcome: an ask costs 1 − price."""

    number: int
    order_id: str
    account_id: str
    ticker: str
    side: BookSide
    price: Price
    total: Size
    remaining: Size
    filled: Size
    status: OrderStatus
    reason: UpdateReason
    client_order_id: str
    self_trade_prevention: SelfTradePrevention
    expires_at: Timestamp | None
    cancels_on_pause: bool
    group_id: str | None
    taker_cost: Money
    maker_cost: Money
    taker_fees: Money
    maker_fees: Money
    created_at: Timestamp
    updated_at: Timestamp
