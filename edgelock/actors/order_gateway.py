"""The seam between the ExchangeActor and whatever takes its orders: the venue, paper, or nobody.

A gateway is told what to do and returns nothing; what it learns about our orders arrives at the `answer` callback it
was built with, possibly from another thread and possibly before the call returns. Every request ends with exactly one
RequestDone, after everything that it brought to light; news comes unasked as well. The callback must only enqueue
(the ExchangeActor tells itself): a gateway may hold its lock while it answers, so that answers keep their order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import Market, Side
from edgelock.core.order import ClientOrderId
from edgelock.core.recovery import Recovery
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
    """Nothing was placed. is_judged: the venue looked at the order and would not have it."""

    code: str
    text: str
    is_judged: bool = True


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDone(_Answer):
    """The request about this order is over: the next one about its market may be sent."""


OrderNews = Acknowledged | Rejected | Filled | Amended | AmendRejected | Canceled | CancelRejected | Unanswered
GatewayAnswer = OrderNews | RequestDone


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """An order of ours that the gateway's side has on its book."""

    ticker: str
    client_order_id: ClientOrderId
    venue_order_id: str
    side: Side
    price: Price
    remaining: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewOrder:
    """Ask for a resting order to live on: the venue withdraws it by itself when nobody does."""

    client_order_id: ClientOrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendOrder:
    """Send an order of unknown fate again under its own id, which the venue takes only once."""

    client_order_id: ClientOrderId


Command = PlaceOrder | AmendOrder | CancelOrder | RenewOrder | ResendOrder
"""What the door sends: the markets' intents, and two that are its own."""


@dataclass(frozen=True, slots=True)
class OpenOrdersSeen:
    """The other side's own list of our resting orders; None when it could not be read."""

    orders: tuple[OpenOrder, ...] | None


@dataclass(frozen=True, slots=True)
class MarketLoaded:
    """What a market has behind it, by our journal and by the other side together.

    Told for every market that was added, and for others of which the past has something that is not in the journal.
    """

    ticker: str
    recovery: Recovery


@dataclass(frozen=True, slots=True)
class EarlierOrdersOver:
    """Orders of earlier lives and runs of which none rests any more, and none can arrive: they ended somehow."""

    client_order_ids: frozenset[ClientOrderId]


@dataclass(frozen=True, slots=True)
class PositionsSeen:
    """The other side's own word on what we hold, fills included that were told before this."""

    positions: tuple[tuple[str, Size], ...]


@dataclass(frozen=True, slots=True)
class GatewayBroken:
    """The gateway itself has failed, and nothing it knows can be relied on."""

    reason: str


GatewayNotice = OpenOrdersSeen | MarketLoaded | EarlierOrdersOver | PositionsSeen | GatewayBroken
Answer = Callable[[GatewayAnswer | GatewayNotice], None]


class OrderGateway(Protocol):
    """Where orders go. Every command ends with RequestDone; fills and the venue's own acts come unasked."""

    def start(self) -> None:
        """Get ready for commands. Asked again, no harm."""
        ...

    def stop(self) -> None:
        """End within two seconds: no request begins any more, and nothing is told. What is under way is left alone."""
        ...

    @property
    def max_in_flight(self) -> int:
        """How many commands may be under way at once, over all markets."""
        ...

    @property
    def upkeep_ns(self) -> int | None:
        """Real time between two looks at what is `due`; None where nothing ever is."""
        ...

    @property
    def takes_entries(self) -> bool:
        """Whether the fuse on the other side is whole, so that entries are taken at all."""
        ...

    def add_market(self, market: Market) -> None:
        """Get ready for orders in this market, before the first of them; answered by the notice MarketLoaded."""
        ...

    def place(self, ticker: str, wish: PlaceOrder) -> None:
        """Brings Acknowledged, Rejected or Unanswered; fills and a cancellation may follow at once."""
        ...

    def amend(self, ticker: str, wish: AmendOrder) -> None:
        """Brings Amended, AmendRejected or Unanswered."""
        ...

    def cancel(self, ticker: str, wish: CancelOrder) -> None:
        """Brings Canceled, CancelRejected or Unanswered."""
        ...

    def cancel_many(self, wishes: tuple[tuple[str, CancelOrder], ...]) -> None:
        """Several cancellations, each of another market, in one request; each brings what `cancel` does."""
        ...

    def renew(self, ticker: str, wish: RenewOrder) -> None:
        """Brings nothing when all is well."""
        ...

    def resend(self, ticker: str, wish: ResendOrder) -> None:
        """Brings what `place` does, or nothing new."""
        ...

    def due(self, now: Timestamp) -> tuple[tuple[str, RenewOrder | ResendOrder], ...]:
        """The renewals and second sendings that are due at engine time `now`, by market."""
        ...

    def trip_fuse(self) -> None:
        """Have the other side withdraw every entry and refuse new ones, until `mend_fuse`. Asked again, no harm."""
        ...

    def mend_fuse(self) -> None:
        """Let entries through again. Asked when the fuse is whole, no harm."""
        ...

    def look(self) -> None:
        """Read the other side's list of our resting orders anew; answered by the notice OpenOrdersSeen."""
        ...

    def withdraw_everything(self) -> tuple[ClientOrderId, ...] | None:
        """The door is gone: from now on no command begins. Withdraw what is ours by the other side's own list, on this
        thread.

        What is left of it: () when nothing is; None when nobody can say.
        """
        ...
