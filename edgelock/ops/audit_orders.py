"""Every order of one market as the log tells it: what may still fill, and what was filled."""

from collections import OrderedDict
from dataclasses import dataclass

FINISHED_KEPT = 20_000
TRADES_KEPT = 100_000


@dataclass(slots=True)
class LoggedOrder:
    """One order. `size` is what was asked for in all, `most` the largest it ever was: an amendment may cross a fill."""

    side: str
    role: str
    size: int
    most: int
    filled: int = 0
    is_acknowledged: bool = False
    is_over: bool = False

    @property
    def remaining(self) -> int:
        """What may still fill; 0 when it is over."""
        return 0 if self.is_over else max(self.size - self.filled, 0)


class OrderLedger:
    """Orders by client order id, in bounded memory. Each method returns what is wrong, or None."""

    def __init__(self) -> None:
        self._orders: OrderedDict[str, LoggedOrder] = OrderedDict()
        self._finished: OrderedDict[str, LoggedOrder] = OrderedDict()
        self._trades: OrderedDict[str, None] = OrderedDict()
        self.adopts = False
        """Orders of an earlier life may turn up: those are taken as they come."""

    def live_size(self, role: str, side: str) -> int:
        """Sum of what live orders of a role on a side may still fill."""
        return sum(order.remaining for order in self._orders.values() if (order.role, order.side) == (role, side))

    def place(self, order_id: str, *, side: str, role: str, size: int) -> str | None:
        """A new order."""
        if self._find(order_id) is not None:
            return f"client_order_id {order_id} was used before"
        self._orders[order_id] = LoggedOrder(side, role, size, size)
        return None

    def amend(self, order_id: str, *, size: int) -> str | None:
        """A new size in all for a live order."""
        order = self._find(order_id)
        if order is None:
            return self._unknown(order_id, "amendment")
        order.size, order.most = size, max(order.most, size)
        return None

    def acknowledge(self, order_id: str) -> str | None:
        """The venue has it."""
        order = self._find(order_id)
        if order is None:
            return self._unknown(order_id, "acknowledgement")
        order.is_acknowledged = True
        return None

    def reject(self, order_id: str) -> str | None:
        """The venue or a limit said no: to the order, or, when it was resting, only to a change of it."""
        order = self._find(order_id)
        if order is None:
            return self._unknown(order_id, "reject")
        if not order.is_acknowledged and not order.filled:
            self._end(order_id)
        return None

    def gone(self, order_id: str) -> str | None:
        """Off the book."""
        if self._find(order_id) is None:
            return self._unknown(order_id, "end")
        self._end(order_id)
        return None

    def fill(self, order_id: str, *, trade_id: str, side: str, role: str, size: int) -> str | None:
        """A fill; also one that crossed our cancel on the wire."""
        if trade_id in self._trades:
            return f"trade_id {trade_id} was booked before"
        self._trades[trade_id] = None
        if len(self._trades) > TRADES_KEPT:
            self._trades.popitem(last=False)
        order = self._find(order_id)
        if order is None:
            return self._unknown(order_id, "fill")
        order.filled += size
        order.is_acknowledged = True
        if (order.side, order.role) != (side, role):
            return f"{order_id} was placed as {order.role} {order.side} and filled as {role} {side}"
        if order.filled > order.most:
            return f"{order_id} filled {order.filled / 100:g} of {order.most / 100:g}"
        if order.filled >= order.size:
            self._end(order_id)
        return None

    def keep_only(self, order_ids: frozenset[str]) -> None:
        """Only these are live: the others ended while nobody was there to tell of it."""
        for order_id in [known for known in self._orders if known not in order_ids]:
            self._end(order_id)

    def _find(self, order_id: str) -> LoggedOrder | None:
        return self._orders.get(order_id) or self._finished.get(order_id)

    def _end(self, order_id: str) -> None:
        order = self._orders.pop(order_id, None)
        if order is None:
            return
        order.is_over = True
        self._finished[order_id] = order
        if len(self._finished) > FINISHED_KEPT:
            self._finished.popitem(last=False)

    def _unknown(self, order_id: str, what: str) -> str | None:
        return None if self.adopts else f"{what} of {order_id}, which was never placed"
