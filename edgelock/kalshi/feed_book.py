"""One followed market: its book, whether it can be relied on, and the view of it that was told last."""

from functools import lru_cache
from typing import NamedTuple

from edgelock.core.book import VIEW_DEPTH, Book, BookError, BookView
from edgelock.core.market import Side
from edgelock.core.units import ONE_DOLLAR, Price, Size, parse_size
from edgelock.kalshi.wire import WireError, price_field
from edgelock.kalshi.wire_feed import DELTA_ENDPOINT, SNAPSHOT_ENDPOINT, DeltaBody, SnapshotBody
from edgelock.kalshi.wire_market import levels_field

_SIDE_OF_LEG = {"yes": Side.BID, "no": Side.ASK}
_NOTHING_SHOWN = -1


class ScaleError(WireError):
    """NO orders come with NO prices, although the subscription asked for the YES scale."""


class Difference(NamedTuple):
    """One level that another reading of the book shows with another size; 0 is no level."""

    side: Side
    price: Price
    ours: Size
    theirs: Size

    @property
    def place(self) -> tuple[Side, Price, Size]:
        """The level as we have it."""
        return self.side, self.price, self.ours


class FollowedBook:
    """Mutable, kept by one thread.

    is_fresh      a snapshot has come, and every change since
    is_shown      it is fresh, and was told to be good: the scale of its NO prices is not in doubt
    has_scale     it was shown while its scale was proven, so that doubts about other books do not touch it
    asked_ns      when a snapshot was asked for (real, monotonic); None when none is under way
    asked_times   how often since the book was last fresh
    was_fresh     the present connection has brought at least one snapshot
    """

    __slots__ = (
        "_ask_horizon",
        "_bid_horizon",
        "_clock",
        "_is_moved",
        "_last_change",
        "_snapshot_clock",
        "_told",
        "_was_crossed",
        "asked_ns",
        "asked_times",
        "book",
        "has_scale",
        "is_fresh",
        "is_shown",
        "ticker",
        "was_fresh",
    )

    def __init__(self, ticker: str) -> None:
        self.ticker = ticker
        self.book = Book()
        self.asked_ns: int | None = None
        self.asked_times = 0
        self.was_fresh = False
        self._forget_clock()
        self._forget_view()

    def _forget_clock(self) -> None:
        self._clock: int | None = None
        self._snapshot_clock = _NOTHING_SHOWN
        self._last_change: DeltaBody | None = None

    def _forget_view(self) -> None:
        self.is_fresh = self.is_shown = self.has_scale = False
        self._told: BookView | None = None
        self._is_moved = False
        self._was_crossed = False
        self._bid_horizon = _NOTHING_SHOWN
        self._ask_horizon = ONE_DOLLAR + 1

    def distrust(self) -> bool:
        """From now on the book is not to be relied on. False when nobody was told that it was before either."""
        was_shown = self.is_shown
        self._forget_view()
        return was_shown

    def asked_for_snapshot(self, now_ns: int) -> None:
        """A snapshot is under way."""
        self.asked_ns = now_ns
        self.asked_times += 1

    def connection_lost(self) -> None:
        """Whatever was asked for will not come, and another connection may count its changes anew."""
        self.asked_ns, self.asked_times, self.was_fresh = None, 0, False
        self._forget_clock()

    @property
    def is_held_back(self) -> bool:
        """The book was crossed when it was last looked at, and waits for the rest of a match."""
        return self._was_crossed

    def hide(self) -> None:
        """Nobody may rely on it, although nothing of it is missing."""
        self.is_shown = False
        self._told = None

    def show(self, *, has_scale: bool) -> None:
        """From now on it can be relied on; its view is told in any case."""
        self.is_shown = self._is_moved = True
        self.has_scale = self.has_scale or has_scale

    @property
    def proves_scale(self) -> bool:
        """Its NO prices cannot be on the NO scale: read so, the book would be crossed, and no book of the venue is."""
        bids, asks = self.book.levels(Side.BID), self.book.levels(Side.ASK)
        if not bids or not asks or self.book.is_crossed:
            return False
        return bids[0].price >= ONE_DOLLAR - asks[-1].price

    @property
    def needs_scale(self) -> bool:
        """Both sides are there, so that it could be priced from, and it would be a book on either scale."""
        return bool(self.book.levels(Side.BID)) and bool(self.book.levels(Side.ASK)) and not self.proves_scale

    def is_mirror_of(self, other: Book) -> bool:
        """The asks are those of `other` on the NO scale."""
        mirrored = tuple((ONE_DOLLAR - price, size) for price, size in reversed(other.levels(Side.ASK)))
        return bool(mirrored) and self.book.levels(Side.ASK) == mirrored

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
        if snapshot.clock is not None:
            self._take_snapshot_clock(snapshot.clock)
        self.book.replace(bids, asks)
        self.is_fresh = self.was_fresh = self._is_moved = True
        self.asked_ns, self.asked_times = None, 0

    def _take_snapshot_clock(self, clock: int) -> None:
        known = self._clock
        if known is not None and clock < known:
            # Once only: after maintenance the venue may count from a lower number for good.
            self._forget_clock()
            raise BookError(f"a late snapshot: its clock is {clock}, that of the book {known}")
        self._clock = self._snapshot_clock = clock
        self._last_change = None

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
        if delta.clock is not None:
            self._take_clock(delta.clock, delta)
        self.book.change(side, price, size)
        # Most changes happen behind the levels that anybody is shown; they are free.
        if price >= self._bid_horizon if side is Side.BID else price <= self._ask_horizon:
            self._is_moved = True

    def _take_clock(self, clock: int, delta: DeltaBody) -> None:
        # A snapshot holds every change up to its clock; changes of one event may share a number.
        if clock <= self._snapshot_clock or (self._clock is not None and clock < self._clock):
            raise BookError(f"a late change: its clock is {clock}, that of the book {self._clock}")
        if delta == self._last_change:
            raise BookError(f"a change told twice: its clock is {clock}")
        self._clock, self._last_change = clock, delta

    def differences(self, other: Book) -> frozenset[Difference]:
        """Where `other`, on the YES scale, shows something else."""
        found: list[Difference] = []
        for side in Side:
            ours, theirs = dict(self.book.levels(side)), dict(other.levels(side))
            if ours != theirs:
                found.extend(
                    Difference(side, price, ours.get(price, Size(0)), theirs.get(price, Size(0)))
                    for price in ours.keys() | theirs.keys()
                    if ours.get(price) != theirs.get(price)
                )
        return frozenset(found)

    def new_view(self) -> BookView | None:
        """The view, when it is another than the last one handed out here; None when nothing visible changed.

        A crossed book is held back once, because the rest of a match may still be on the way. Raises BookError when
        it is crossed a second time.
        """
        if not self._is_moved or not self.is_shown:
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
