"""Everything a market can wish for: three things to do to an order. Intents are imperative and frozen."""

from dataclasses import dataclass

from edgelock.core.market import Side
from edgelock.core.order import CancelReason, ClientOrderId, Kind, Order, OrderState, Role, SkewName, TimeInForce
from edgelock.core.units import Price, Size, Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """Ask the venue for a new order. `skew` is the state of the market that wants it."""

    client_order_id: ClientOrderId
    side: Side
    price: Price
    size: Size
    role: Role
    kind: Kind
    time_in_force: TimeInForce
    post_only: bool
    skew: SkewName

    def as_order(self, at: Timestamp) -> Order:
        """The order that this intent asks for, in flight."""
        return Order(
            client_order_id=self.client_order_id,
            side=self.side,
            price=self.price,
            size=self.size,
            role=self.role,
            kind=self.kind,
            time_in_force=self.time_in_force,
            post_only=self.post_only,
            placed_at=at,
            skew=self.skew,
            state=OrderState.PLACING,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendOrder:
    """Ask for another price and another size in all (fills included), keeping the order's id."""

    client_order_id: ClientOrderId
    price: Price
    size: Size
    reason: CancelReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """Ask for an order to leave the book. one_tick_spread tells the breaker how tight the market was."""

    client_order_id: ClientOrderId
    reason: CancelReason
    one_tick_spread: bool = False


Intent = PlaceOrder | AmendOrder | CancelOrder
