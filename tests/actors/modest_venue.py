"""A venue small enough to be obviously right: orders, fills and what its lists showed at any time, nothing matched.

Its arithmetic is its own, and who trades with whom is the test's choice. Times are its own clock's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import TimeInForce
from edgelock.core.units import MILLISECOND, SECOND, Money, Price, Size, Timestamp
from edgelock.kalshi.account import VenueFill, VenueOrder, VenueOrderStatus
from edgelock.kalshi.private_events import FillSeen, OrderSeen
from edgelock.kalshi.wire_orders import (
    AlreadyExists,
    Amended,
    AmendOutcome,
    Canceled,
    CancelOutcome,
    Placed,
    PlaceOutcome,
    Refused,
)

RESTING, CANCELED, EXECUTED = VenueOrderStatus.RESTING, VenueOrderStatus.CANCELED, VenueOrderStatus.EXECUTED
NOT_FOUND = Refused(404, "not_found", "not found")


@dataclass
class ModestVenue:
    """One market. `told` is every private message it has sent; the test delivers them, or not.

    written  every state of every order, with its time, oldest first
    """

    ticker: str
    now: Timestamp
    orders: dict[str, VenueOrder] = field(default_factory=dict)
    fills: list[VenueFill] = field(default_factory=list)
    written: list[VenueOrder] = field(default_factory=list)
    told: list[FillSeen | OrderSeen] = field(default_factory=list)
    net: int = 0

    # --- what can be asked of it ---

    def create(self, wish: PlaceOrder, expires_at: Timestamp | None, filled_at_once: int) -> PlaceOutcome:
        if self.by_client_id(wish.client_order_id) is not None:
            return AlreadyExists()
        if expires_at is not None and expires_at <= self.now:
            return Refused(400, "invalid_parameters", "expiration timestamp must be in the future")
        self._tick()
        order = VenueOrder(
            order_id=f"v{len(self.orders)}",
            client_order_id=wish.client_order_id,
            ticker=self.ticker,
            side=wish.side,
            price=wish.price,
            size=wish.size,
            filled=Size(0),
            remaining=wish.size,
            status=RESTING,
            expiration_s=None if expires_at is None else expires_at // SECOND,
        )
        self._write(order)
        if filled_at_once:
            self.fill(order.order_id, min(filled_at_once, wish.size))
        if wish.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL:
            self.withdraw(order.order_id)
        left = self.orders[order.order_id]
        return Placed(order.order_id, left.filled, left.remaining)

    def amend(self, order_id: str, price: Price, size: Size, expires_at: Timestamp | None) -> AmendOutcome:
        order = self.orders.get(order_id)
        if order is None or order.status is not RESTING:
            return NOT_FOUND
        if size < order.filled:
            return Refused(400, "invalid_order_size", "below what has filled")
        self._tick()
        expiration_s = order.expiration_s if expires_at is None else expires_at // SECOND
        remaining = Size(size - order.filled)
        status = RESTING if remaining else CANCELED
        self._write(replace(order, price=price, remaining=remaining, expiration_s=expiration_s, status=status))
        return Amended(None)

    def cancel(self, order_id: str) -> CancelOutcome:
        order = self.orders.get(order_id)
        if order is None or order.status is not RESTING:
            return NOT_FOUND
        self.withdraw(order_id)
        return Canceled(order.remaining)

    # --- what happens by itself ---

    def fill(self, order_id: str, size: int) -> None:
        """A part of a resting order trades, at its limit."""
        order = self.orders[order_id]
        size = min(size, order.remaining)
        if not size:
            return
        self._tick()
        fill = VenueFill(
            trade_id=f"t{len(self.fills)}",
            order_id=order_id,
            ticker=self.ticker,
            side=order.side,
            price=order.price,
            size=Size(size),
            fee=Money(17),
            is_taker=False,
            at=self.now,
        )
        self.fills.append(fill)
        self.net += size if order.side is Side.BID else -size
        self.told.append(FillSeen(fill, order.client_order_id, Size(self.net)))
        remaining = Size(order.remaining - size)
        status = RESTING if remaining else EXECUTED
        self._write(replace(order, filled=Size(order.filled + size), remaining=remaining, status=status))

    def withdraw(self, order_id: str) -> None:
        """A resting order leaves the book: asked, or by the venue's own will."""
        order = self.orders[order_id]
        if order.status is RESTING:
            self._tick()
            self._write(replace(order, remaining=Size(0), status=CANCELED))

    def pass_time(self, until: Timestamp) -> None:
        """Time goes by, and orders expire in their turn."""
        for order in self.resting():
            if order.expiration_s is not None and order.expiration_s * SECOND <= until:
                self.now = max(self.now, Timestamp(order.expiration_s * SECOND))
                self.withdraw(order.order_id)
        self.now = max(self.now, until)

    # --- what it shows ---

    def resting(self) -> list[VenueOrder]:
        return [order for order in self.orders.values() if order.status is RESTING]

    def by_client_id(self, client_order_id: str) -> VenueOrder | None:
        return next((o for o in self.orders.values() if o.client_order_id == client_order_id), None)

    def orders_at(self, at: Timestamp) -> dict[str, VenueOrder]:
        """Every order, as the lists showed it at `at`."""
        return {order.order_id: order for order in self._written_until(at)}

    def fills_at(self, at: Timestamp) -> tuple[VenueFill, ...]:
        """Every fill until `at`, newest first."""
        return tuple(fill for fill in reversed(self.fills) if fill.at <= at)

    def _written_until(self, at: Timestamp) -> Iterator[VenueOrder]:
        return (order for order in self.written if (order.updated_at or 0) <= at)

    def _write(self, order: VenueOrder) -> None:
        order = replace(order, updated_at=self.now)
        self.orders[order.order_id] = order
        self.written.append(order)
        self.told.append(OrderSeen(order, None))

    def _tick(self) -> None:
        self.now = Timestamp(self.now + MILLISECOND)
