"""The book that house makers show, as the producer of a flow remembers it.

A producer knows nothing of members' orders: it keeps what it has asked the makers to show, turns wishes into the
`SetLevel` actions that differ from it, and takes its own takers' trades off. Two promises follow: the book it asks
for is never crossed (whatever stands in the way of a new level is withdrawn first), and a level that a trade has
touched is stated afresh before it is relied on (a member ahead in the queue may have filled part of the trade).
"""

from collections.abc import Iterator, Mapping

from edgelock.core.units import Price, Size
from edgelock.exchange.flow import BookSide, SetLevel, Take

NOTHING = Size(0)


class FlowBook:
    """What one market's house makers show. Mutable, owned by one producer."""

    __slots__ = ("_asks", "_bids", "_touched", "ticker")

    def __init__(self, ticker: str) -> None:
        self.ticker = ticker
        self._bids: dict[Price, Size] = {}
        self._asks: dict[Price, Size] = {}
        self._touched: set[tuple[BookSide, Price]] = set()

    def levels(self, side: BookSide) -> Mapping[Price, Size]:
        """Price to size, in no particular order; a size of 0 is a level that a trade emptied."""
        return self._bids if side is BookSide.BID else self._asks

    def best(self, side: BookSide) -> Price | None:
        """The touch of this side, or None when the side is empty."""
        shown = [price for price, size in self.levels(side).items() if size]
        if not shown:
            return None
        return max(shown) if side is BookSide.BID else min(shown)

    def show(self, side: BookSide, price: Price, size: Size) -> Iterator[SetLevel]:
        """Makers show exactly `size` here; what it would cross is withdrawn first. 0 withdraws the level."""
        own = self._bids if side is BookSide.BID else self._asks
        if size:
            yield from self.withdraw_through(opposite(side), price)
            if own.get(price) == size and (side, price) not in self._touched:
                return
            own[price] = size
        elif own.pop(price, None) is None:
            return
        self._touched.discard((side, price))
        yield SetLevel(self.ticker, side, price, size)

    def withdraw_through(self, side: BookSide, price: Price) -> Iterator[SetLevel]:
        """Withdraws this side's levels at `price` and those more aggressive than it, the best first."""
        if side is BookSide.BID:
            standing = sorted((p for p in self._bids if p >= price), reverse=True)
        else:
            standing = sorted(p for p in self._asks if p <= price)
        for level in standing:
            yield from self.show(side, level, NOTHING)

    def withdraw_side(self, side: BookSide) -> Iterator[SetLevel]:
        """Withdraws every level of this side, the lowest price first."""
        for level in sorted(self.levels(side)):
            yield from self.show(side, level, NOTHING)

    def replace(self, *, bids: Mapping[Price, Size], asks: Mapping[Price, Size]) -> Iterator[SetLevel]:
        """Changes the book into this one, withdrawals first, so that no step is crossed."""
        for side, wanted in ((BookSide.BID, bids), (BookSide.ASK, asks)):
            for price in sorted(set(self.levels(side)) - set(wanted)):
                yield from self.show(side, price, NOTHING)
        for side, wanted in ((BookSide.BID, bids), (BookSide.ASK, asks)):
            for price, size in wanted.items():
                yield from self.show(side, price, size)

    def restate(self) -> Iterator[SetLevel]:
        """Every level again as it is remembered, for a venue that may have cancelled it meanwhile."""
        for side in BookSide:
            for price, size in sorted(self.levels(side).items()):
                self._touched.add((side, price))
                yield from self.show(side, price, size)

    def take(self, taker_side: BookSide, limit: Price, size: Size) -> Take:
        """A taker's order, with what it finds here taken off the levels it reaches, best price first."""
        side = opposite(taker_side)
        own = self._bids if side is BookSide.BID else self._asks
        left = size
        for price in sorted(own, reverse=side is BookSide.BID):
            reached = price >= limit if side is BookSide.BID else price <= limit
            if not reached or not left:
                break
            traded = min(left, own[price])
            if traded:
                own[price] = Size(own[price] - traded)
                self._touched.add((side, price))
                left = Size(left - traded)
        return Take(self.ticker, taker_side, limit, size)


def opposite(side: BookSide) -> BookSide:
    """The side that this one trades with."""
    return BookSide.ASK if side is BookSide.BID else BookSide.BID
