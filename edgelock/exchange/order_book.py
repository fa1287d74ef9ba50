"""The book of one market: price levels, each a first-in first-out queue of orders. YES frame.

Knows nothing of accounts, money or time. Orders are added at the back of their level and leave from anywhere.
"""

from bisect import bisect_left, insort

from edgelock.core.units import Price, Size
from edgelock.exchange.flow import BookSide
from edgelock.exchange.orders import Order


class Level:
    """The orders resting at one price, oldest first, and their total size."""

    __slots__ = ("orders", "size")

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.size = Size(0)


class _Side:
    """The levels of one side; `prices` is kept in ascending order."""

    __slots__ = ("levels", "prices")

    def __init__(self) -> None:
        self.levels: dict[Price, Level] = {}
        self.prices: list[Price] = []

    def level_for(self, price: Price) -> Level:
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = Level()
            insort(self.prices, price)
        return level

    def drop_if_empty(self, price: Price, level: Level) -> None:
        if not level.orders:
            del self.levels[price]
            del self.prices[bisect_left(self.prices, price)]


class OrderBook:
    """All resting orders of one market."""

    def __init__(self) -> None:
        self._bids = _Side()
        self._asks = _Side()

    def add(self, order: Order) -> None:
        """Queue the order's remaining size at the back of its price."""
        level = self._side(order.side).level_for(order.price)
        level.orders[order.number] = order
        level.size = Size(level.size + order.remaining)

    def remove(self, order: Order) -> None:
        """Take the order out of its queue. Raises KeyError when it does not rest here."""
        side = self._side(order.side)
        level = side.levels[order.price]
        del level.orders[order.number]
        level.size = Size(level.size - order.remaining)
        side.drop_if_empty(order.price, level)

    def reduce(self, order: Order, size: Size) -> None:
        """Take `size` off the order where it stands; at 0 it leaves the book."""
        side = self._side(order.side)
        level = side.levels[order.price]
        order.remaining = Size(order.remaining - size)
        level.size = Size(level.size - size)
        if order.remaining == 0:
            del level.orders[order.number]
            side.drop_if_empty(order.price, level)

    def best(self, side: BookSide) -> Price | None:
        """The highest bid or the lowest ask, or None when the side is empty."""
        prices = self._side(side).prices
        if not prices:
            return None
        return prices[-1] if side is BookSide.BID else prices[0]

    def first_against(self, taker_side: BookSide, limit: Price) -> Order | None:
        """The order that a taker on this side meets next at `limit` or better, or None."""
        if taker_side is BookSide.BID:
            prices = self._asks.prices
            if not prices or prices[0] > limit:
                return None
            level = self._asks.levels[prices[0]]
        else:
            prices = self._bids.prices
            if not prices or prices[-1] < limit:
                return None
            level = self._bids.levels[prices[-1]]
        return next(iter(level.orders.values()))

    def orders_against(self, taker_side: BookSide, limit: Price) -> list[Order]:
        """All orders that a taker on this side could meet at `limit` or better, in the order of meeting."""
        if taker_side is BookSide.BID:
            prices = [price for price in self._asks.prices if price <= limit]
            levels = self._asks.levels
        else:
            prices = [price for price in reversed(self._bids.prices) if price >= limit]
            levels = self._bids.levels
        return [order for price in prices for order in levels[price].orders.values()]

    def size_at(self, side: BookSide, price: Price) -> Size:
        """The total size resting at one price, 0 when none."""
        level = self._side(side).levels.get(price)
        return level.size if level is not None else Size(0)

    def size_ahead(self, order: Order) -> Size:
        """The size that trades before this resting order at its own price (the venue's queue position)."""
        ahead = 0
        for number, other in self._side(order.side).levels[order.price].orders.items():
            if number == order.number:
                break
            ahead += other.remaining
        return Size(ahead)

    def levels(self, side: BookSide) -> list[tuple[Price, Size]]:
        """(price, size) of every level, prices ascending."""
        book_side = self._side(side)
        return [(price, book_side.levels[price].size) for price in book_side.prices]

    def orders(self) -> list[Order]:
        """Every resting order, oldest first."""
        found = [
            o for side in (self._bids, self._asks) for level in side.levels.values() for o in level.orders.values()
        ]
        return sorted(found, key=lambda order: order.number)

    def _side(self, side: BookSide) -> _Side:
        return self._bids if side is BookSide.BID else self._asks
