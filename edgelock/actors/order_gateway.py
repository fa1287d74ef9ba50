"""The seam between the ExchangeActor and whatever takes its orders: the venue, paper, or nobody.

A gateway is told what to do and returns nothing; what became of it arrives at the `answer` callback it was built
with, possibly from another thread and possibly before the call returns. The callback must only enqueue (the
ExchangeActor tells itself): a gateway may hold its lock while it answers, so that answers keep their order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import Market, Side
from edgelock.core.order import ClientOrderId
from edgelock.core.units import Money, Price, Size, Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """About which order of which market, and when it was known here (engine time)."""

    ticker: str
    client_order_id: ClientOrderId
    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged(_Answer):
    """The order was taken."""

    venue_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(_Answer):
    """Nothing was placed."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled(_Answer):
    """A fill. queue_ahead is what stood before the order when the fill began, where that is known."""

    trade_id: str
    price: Price
    size: Size
    fee: Money
    is_taker: bool
    queue_ahead: Size | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended(_Answer):
    """The order now has this price and this size in all (fills included)."""

    price: Price
    size: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendRejected(_Answer):
    """The order is as it was, or is not there."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceled(_Answer):
    """The order is off the book; its fills have been told before. reason is the gateway's word for why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRejected(_Answer):
    """There is no such order on the book (any more)."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered(_Answer):
    """A request was sent and no readable answer came: what became of it is not known."""

    reason: str


GatewayAnswer = (
    Acknowledged | Rejected | Filled | Amended | AmendRejected | Canceled | CancelRejected | Unanswered
)  # fmt: skip

Answer = Callable[[GatewayAnswer], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """An order of ours that the gateway's side has on its book."""

    ticker: str
    client_order_id: ClientOrderId
    venue_order_id: str
    side: Side
    price: Price
    remaining: Size


class OrderGateway(Protocol):
    """Where orders go. Every request is answered at least once through the callback; fills come unasked."""

    def add_market(self, market: Market) -> None:
        """Get ready for orders in this market; before the first of them."""
        ...

    def place(self, ticker: str, wish: PlaceOrder) -> None:
        """Answered by Acknowledged, Rejected or Unanswered; fills and a cancellation may follow at once."""
        ...

    def amend(self, ticker: str, wish: AmendOrder) -> None:
        """Answered by Amended, AmendRejected or Unanswered."""
        ...

    def cancel(self, ticker: str, wish: CancelOrder) -> None:
        """Answered by Canceled, CancelRejected or Unanswered."""
        ...

    def cancel_all(self, reason: str) -> None:
        """Take every order of ours off the book, each answered by Canceled with this reason."""
        ...

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """What the other side has on its book for us, now."""
        ...
