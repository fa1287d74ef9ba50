"""The order book of one market, and the small frozen view of it that decisions are made on.

The book is kept where the frames arrive and may change a thousand times a second, so it is mutable and owned by
one thread; what leaves it is a `BookView`. Both sides are in the YES frame: a NO bid at q arrives here as an ask
at 1 − q.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from edgelock.core.market import Side
from edgelock.core.units import Price, Size

VIEW_DEPTH = 5
"""Levels per side in a view: enough to see the touch behind our own orders and to price a trim."""


class Level(NamedTuple):
    """A price and the total size shown there."""

    price: Price
    size: Size


class BookError(ValueError):
    """The book cannot be what the venue holds: a change it cannot take, or a crossed state."""


@dataclass(frozen=True, slots=True)
class BookView:
    """The best levels of each side, best first."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    @property
    def best_bid(self) -> Price | None:
        """Highest bid, or None when nobody bids."""
        return self.bids[0].price if self.bids else None

    @property
    def best_ask(self) -> Price | None:
        """Lowest ask, or None when nobody offers."""
        return self.asks[0].price if self.asks else None

    @property
    def double_mid(self) -> int | None:
        """Best bid + best ask, so that the half-tick of the mid stays an integer; None when a side is empty."""
        if not self.bids or not self.asks:
            return None
        return self.bids[0].price + self.asks[0].price

    @property
    def is_two_sided(self) -> bool:
        """Both sides are present and do not cross."""
        return bool(self.bids) and bool(self.asks) and self.bids[0].price < self.asks[0].price

    def levels(self, side: Side) -> tuple[Level, ...]:
        """The levels of one side, best first."""
        return self.bids if side is Side.BID else self.asks

    def best(self, side: Side) -> Price | None:
        """The best price of one side."""
        return self.best_bid if side is Side.BID else self.best_ask

    def touch_size(self, side: Side) -> Size:
        """What is shown at the best price of one side; 0 when the side is empty."""
        levels = self.levels(side)
        return levels[0].size if levels else Size(0)

    def without(self, own: Iterable[tuple[Side, Price, Size]]) -> "BookView":
        """The view with our own resting orders taken out, so that we do not react to ourselves.

        A level that shows less than our order (our book runs behind the venue's) is taken out whole.
        """
        bids, asks = dict(self.bids), dict(self.asks)
        for side, price, size in own:
            levels = bids if side is Side.BID else asks
            if price in levels:
                levels[price] = Size(levels[price] - size)
        return BookView(
            tuple(Level(price, size) for price, size in bids.items() if size > 0),
            tuple(Level(price, size) for price, size in asks.items() if size > 0),
        )


EMPTY_VIEW = BookView((), ())


class Book:
    """All levels of one market. Not thread-safe: one thread keeps it."""

    __slots__ = ("_asks", "_bids")

    def __init__(self, bids: Iterable[Level] = (), asks: Iterable[Level] = ()) -> None:
        self._bids: dict[Price, Size] = {}
        self._asks: dict[Price, Size] = {}
        self.replace(bids, asks)

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Take a whole snapshot. Raises BookError for a level without size or stated twice, or a crossed book."""
        new_bids, new_asks = _checked(bids), _checked(asks)
        if new_bids and new_asks and max(new_bids) >= min(new_asks):
            raise BookError(f"snapshot is crossed: bid {max(new_bids)} at or above ask {min(new_asks)}")
        self._bids, self._asks = new_bids, new_asks

    def change(self, side: Side, price: Price, delta: Size) -> None:
        """Add a signed change to one level; it disappears at 0. Raises BookError when it would go below 0."""
        levels = self._bids if side is Side.BID else self._asks
        size = levels.get(price, 0) + delta
        if size < 0:
            raise BookError(f"{side.value} {price} would hold {size} after a change of {delta}")
        if size:
            levels[price] = Size(size)
        else:
            levels.pop(price, None)

    def copy(self) -> "Book":
        """A book of its own with the same levels, for another thread: two dict copies, about a microsecond."""
        twin = Book()
        twin._bids, twin._asks = self._bids.copy(), self._asks.copy()
        return twin

    @property
    def is_crossed(self) -> bool:
        """The best bid is at or above the best ask: between two changes possible, for longer a fault."""
        return bool(self._bids) and bool(self._asks) and max(self._bids) >= min(self._asks)

    def size_at(self, side: Side, price: Price) -> Size:
        """What is shown at one price; 0 when nothing is."""
        return (self._bids if side is Side.BID else self._asks).get(price, Size(0))

    def levels(self, side: Side) -> tuple[Level, ...]:
        """All levels of one side, best first."""
        if side is Side.BID:
            return tuple(Level(p, self._bids[p]) for p in sorted(self._bids, reverse=True))
        return tuple(Level(p, self._asks[p]) for p in sorted(self._asks))

    def view(self, depth: int = VIEW_DEPTH) -> BookView:
        """The best `depth` levels of each side."""
        bids, asks = self._bids, self._asks
        return BookView(
            tuple(Level(p, bids[p]) for p in sorted(bids, reverse=True)[:depth]),
            tuple(Level(p, asks[p]) for p in sorted(asks)[:depth]),
        )


def _checked(levels: Iterable[Level]) -> dict[Price, Size]:
    checked: dict[Price, Size] = {}
    for price, size in levels:
        if size <= 0:
            raise BookError(f"level {price} has size {size}")
        if price in checked:
            raise BookError(f"level {price} is stated twice")
        checked[price] = size
    return checked
