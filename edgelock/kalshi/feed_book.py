"""One followed market: its book, whether it can be relied on, and the view of it that was told last."""

from functools import lru_cache

from edgelock.core.book import VIEW_DEPTH, Book, BookError, BookView
from edgelock.core.market import Side
from edgelock.core.units import ONE_DOLLAR, Price, parse_size
from edgelock.kalshi.wire import WireError, price_field
from edgelock.kalshi.wire_feed import DELTA_ENDPOINT, SNAPSHOT_ENDPOINT, DeltaBody, SnapshotBody
from edgelock.kalshi.wire_market import levels_field

_SIDE_OF_LEG = {"yes": Side.BID, "no": Side.ASK}
_NOTHING_SHOWN = -1


class ScaleError(WireError):
    """NO orders come with NO prices, although the subscription asked for the YES scale."""


class FollowedBook:
    """Mutable, kept by one thread.

    is_fresh      a snapshot has come, and every change since
    asked_ns      when a snapshot was asked for (real, monotonic); None when none is under way
    asked_times   how often since the book was last fresh
    was_fresh     the present connection has brought at least one snapshot
    """

    __slots__ = (
        "_ask_horizon",
        "_bid_horizon",
        "_is_moved",
        "_told",
        "_was_crossed",
        "asked_ns",
        "asked_times",
        "book",
        "is_fresh",
        "ticker",
        "was_fresh",
    )

    def __init__(self, ticker: str) -> None:
        self.ticker = ticker
        self.book = Book()
        self.asked_ns: int | None = None
        self.asked_times = 0
        self.was_fresh = False
        self._forget_view()

    def _forget_view(self) -> None:
        self.is_fresh = False
        self._told: BookView | None = None
        self._is_moved = False
        self._was_crossed = False
        self._bid_horizon = _NOTHING_SHOWN
        self._ask_horizon = ONE_DOLLAR + 1

    def distrust(self) -> bool:
        """From now on the book is not to be relied on. False when it was not before either."""
        was_fresh = self.is_fresh
        self._forget_view()
        return was_fresh

    def asked_for_snapshot(self, now_ns: int) -> None:
        """A snapshot is under way."""
        self.asked_ns = now_ns
        self.asked_times += 1

    def connection_lost(self) -> None:
        """Whatever was asked for will not come."""
        self.asked_ns, self.asked_times, self.was_fresh = None, 0, False

    @property
    def is_held_back(self) -> bool:
        """The book was crossed when it was last looked at, and waits for the rest of a match."""
        return self._was_crossed

    def replace(self, snapshot: SnapshotBody) -> None:
        """Take a snapshot. Raises WireError or BookError, and the book then stays as it was."""
        bids = levels_field(snapshot.yes_dollars_fp, "yes_dollars_fp", SNAPSHOT_ENDPOINT)
        asks = levels_field(snapshot.no_dollars_fp, "no_dollars_fp", SNAPSHOT_ENDPOINT)
        for price, _ in (*bids, *asks):
            _require_inside(price, SNAPSHOT_ENDPOINT)
        if bids and asks:
            best_bid, prices = max(bids).price, [price for price, _ in asks]
            if min(prices) <= best_bid < ONE_DOLLAR - max(prices):
                raise ScaleError(f"{SNAPSHOT_ENDPOINT}: no_dollars_fp is on the NO scale, use_yes_price is not heeded")
        self.book.replace(bids, asks)
        self.is_fresh = self.was_fresh = self._is_moved = True
        self.asked_ns, self.asked_times = None, 0

    def change(self, delta: DeltaBody) -> None:
        """Apply one change. Raises WireError or BookError."""
        side = _SIDE_OF_LEG.get(delta.side)
        if side is None:
            raise WireError(f"{DELTA_ENDPOINT}: side is {delta.side!r}, neither yes nor no")
        price = _inside_price(delta.price_dollars)
        try:
            size = parse_size(delta.delta_fp)
        except ValueError as error:
            raise WireError(f"{DELTA_ENDPOINT}: delta_fp: {error}") from None
        self.book.change(side, price, size)
        # Most changes happen behind the levels that anybody is shown; they are free.
        if price >= self._bid_horizon if side is Side.BID else price <= self._ask_horizon:
            self._is_moved = True

    def new_view(self) -> BookView | None:
        """The view, when it is another than the last one handed out here; None when nothing visible changed.

        A crossed book is held back once, because the rest of a match may still be on the way. Raises BookError when
        it is crossed a second time.
        """
        if not self._is_moved or not self.is_fresh:
            return None
        if self.book.is_crossed:
            if self._was_crossed:
                raise BookError("book stays crossed")
            self._was_crossed = True
            return None
        self._is_moved = self._was_crossed = False
        view = self.book.view()
        self._bid_horizon = view.bids[-1].price if len(view.bids) == VIEW_DEPTH else _NOTHING_SHOWN
        self._ask_horizon = view.asks[-1].price if len(view.asks) == VIEW_DEPTH else ONE_DOLLAR + 1
        if view == self._told:
            return None
        self._told = view
        return view


@lru_cache(maxsize=1 << 14)
def _inside_price(text: str) -> Price:
    price = price_field(text, "price_dollars", DELTA_ENDPOINT)
    _require_inside(price, DELTA_ENDPOINT)
    return price


def _require_inside(price: Price, endpoint: str) -> None:
    if not 0 < price < ONE_DOLLAR:
        raise WireError(f"{endpoint}: a level at {price} (in 1e-4 dollars) is not between 0 and 1 dollar")
