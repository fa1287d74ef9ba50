"""Where to find an order of this run: by either id, among the live ones, among those in question, and when it is due.

The door asks what is due after every message, so nothing here goes through all orders for that.
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush

from edgelock.actors.live_order import LiveOrder
from edgelock.core.order import ClientOrderId
from edgelock.core.units import SECOND, Duration, Timestamp

KEPT_AFTER_END = Duration(3600 * SECOND)
"""Engine time for which an order that is over can still be named; news of it that comes later is news of a stranger."""


class LiveIndex:
    """For one thread at a time.

    live      orders not proven to have ended
    question  those of them about which the venue's lists could settle something
    """

    def __init__(self) -> None:
        self.live: dict[ClientOrderId, LiveOrder] = {}
        self.question: dict[ClientOrderId, LiveOrder] = {}
        self._orders: dict[ClientOrderId, LiveOrder] = {}
        self._by_venue_id: dict[str, LiveOrder] = {}
        self._due: list[tuple[Timestamp, ClientOrderId]] = []
        self._ended: deque[tuple[Timestamp, ClientOrderId]] = deque()

    def add(self, order: LiveOrder) -> None:
        """A new order, about to be sent."""
        self._orders[order.client_order_id] = self.live[order.client_order_id] = order

    def __getitem__(self, client_order_id: ClientOrderId) -> LiveOrder:
        """Raises KeyError for an order that is not of this run, or forgotten."""
        return self._orders[client_order_id]

    def named(self, venue_id: str, client_order_id: ClientOrderId | None = None) -> LiveOrder | None:
        """The order that the venue names so."""
        order = self._by_venue_id.get(venue_id)
        if order is None and client_order_id is not None:
            order = self._orders.get(client_order_id)
        return order

    def bind(self, order: LiveOrder, venue_id: str) -> None:
        """The venue calls it so; the first name stays."""
        if order.venue_id is None:
            order.venue_id = venue_id
            self._by_venue_id[venue_id] = order

    def note(self, order: LiveOrder) -> None:
        """Something about it has changed."""
        if order.is_in_question and not order.is_over:
            self.question[order.client_order_id] = order
        else:
            self.question.pop(order.client_order_id, None)

    def ended(self, order: LiveOrder, now: Timestamp) -> None:
        """It is over; what comes late can still be told to be of it."""
        self.live.pop(order.client_order_id, None)
        self.question.pop(order.client_order_id, None)
        self._ended.append((now, order.client_order_id))

    def forget(self, now: Timestamp) -> None:
        """Let go of what ended long ago."""
        while self._ended and now - self._ended[0][0] > KEPT_AFTER_END:
            _, client_order_id = self._ended.popleft()
            order = self._orders.pop(client_order_id)
            if order.venue_id is not None:
                del self._by_venue_id[order.venue_id]

    def __len__(self) -> int:
        """Orders that can still be named."""
        return len(self._orders)

    def remind(self, order: LiveOrder, at: Timestamp) -> None:
        """Have `take_due` return it at this engine time."""
        heappush(self._due, (at, order.client_order_id))

    def take_due(self, now: Timestamp) -> Iterator[LiveOrder]:
        """The live orders whose time has come, each reminder once."""
        while self._due and self._due[0][0] <= now:
            _, client_order_id = heappop(self._due)
            order = self.live.get(client_order_id)
            if order is not None:
                yield order
