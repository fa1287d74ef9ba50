"""One recorded market as house makers and takers: what the recording says is turned into levels and trades.

The recording says less than a book: a touch now and then, trades between. The assumptions, all of them here:
behind a touch stand `LEVELS_A_SIDE` - 1 levels of the touch's size, one tick apart; a touch without a recorded size
shows `USUAL_SIZE`; a trade happened at its price, so a touch that disagrees moves there with at least the size
traded, and when the trade lies outside the touch the other side follows at the last recorded spread; a side that is
left empty shows its usual size one tick behind the trade.
"""

from collections.abc import Iterator

from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import CONTRACT, ONE_DOLLAR, Price, Size
from edgelock.exchange.flow import Action, BookSide, ChangePhase, MarketPhase, SetLevel, Settle
from edgelock.exchange.flow_book import FlowBook, opposite
from edgelock.exchange.recording_events import BookSeen, ResultSeen, TouchSeen, TradeSeen
from edgelock.exchange.recording_tape import LevelSeen, Played

LEVELS_A_SIDE = 5
USUAL_SIZE = Size(500 * CONTRACT)


class RecordedMarket:
    """The house book of one market while its recording plays."""

    def __init__(self, ticker: str, grid: PriceGrid) -> None:
        self._book = FlowBook(ticker)
        self._grid = grid
        self._spread_ticks = 1
        self._usual: dict[BookSide, Size] = dict.fromkeys(BookSide, USUAL_SIZE)

    def play(self, played: Played) -> Iterator[Action]:
        """The actions that make the book agree with what was recorded."""
        match played:
            case TouchSeen():
                yield from self._touch(played)
            case TradeSeen():
                yield from self._trade(played)
            case BookSeen():
                yield from self._book.replace(bids=dict(played.bids), asks=dict(played.asks))
            case LevelSeen():
                yield from self._book.show(played.side, played.price, played.size)
            case ResultSeen():
                yield ChangePhase(played.ticker, MarketPhase.CLOSED)
                yield Settle(played.ticker, played.value)

    def _touch(self, touch: TouchSeen) -> Iterator[SetLevel]:
        if touch.bid is not None and touch.ask is not None:
            self._spread_ticks = self._grid.ticks_between(touch.bid, touch.ask)
        bids = self._ladder(BookSide.BID, touch.bid, touch.bid_size)
        asks = self._ladder(BookSide.ASK, touch.ask, touch.ask_size)
        yield from self._book.replace(bids=bids, asks=asks)

    def _trade(self, trade: TradeSeen) -> Iterator[Action]:
        maker_side = opposite(trade.taker_side)
        if self._is_outside(trade):
            yield from self._move_touch(maker_side, trade.price)
        better = self._grid.ticks_up(trade.price, -1 if maker_side is BookSide.ASK else 1)
        if better != trade.price:
            yield from self._book.withdraw_through(maker_side, better)
        shown = self._book.levels(maker_side).get(trade.price, Size(0))
        yield from self._book.show(maker_side, trade.price, max(shown, trade.size))
        yield self._book.take(trade.taker_side, trade.price, trade.size)
        for side in BookSide:
            if self._book.best(side) is None:
                yield from self._refill(side, trade.price)

    def _is_outside(self, trade: TradeSeen) -> bool:
        """Whether buyers paid more than the ask or no more than the bid, or sellers the mirror image of it."""
        bid, ask = self._book.best(BookSide.BID), self._book.best(BookSide.ASK)
        if bid is None or ask is None:
            return False
        if trade.taker_side is BookSide.BID:
            return trade.price > ask or trade.price <= bid
        return trade.price < bid or trade.price >= ask

    def _move_touch(self, maker_side: BookSide, price: Price) -> Iterator[SetLevel]:
        away = -self._spread_ticks if maker_side is BookSide.ASK else self._spread_ticks
        other = self._grid.ticks_up(price, away)
        bid, ask = (other, price) if maker_side is BookSide.ASK else (price, other)
        yield from self._book.replace(
            bids=self._ladder(BookSide.BID, bid, self._usual[BookSide.BID]) if bid < ask else {},
            asks=self._ladder(BookSide.ASK, ask, self._usual[BookSide.ASK]),
        )

    def _refill(self, side: BookSide, price: Price) -> Iterator[SetLevel]:
        behind = self._grid.ticks_up(price, -1 if side is BookSide.BID else 1)
        if behind != price:
            for level, size in self._ladder(side, behind, self._usual[side]).items():
                yield from self._book.show(side, level, size)

    def _ladder(self, side: BookSide, touch: Price | None, size: Size | None) -> dict[Price, Size]:
        """The touch and the levels behind it; one that already stands there keeps its size."""
        if touch is None or size == 0:
            return {}
        if size is not None:
            self._usual[side] = size
        usual = self._usual[side]
        shown = self._book.levels(side)
        ladder = {touch: usual}
        for depth in range(1, LEVELS_A_SIDE):
            price = self._grid.ticks_up(touch, -depth if side is BookSide.BID else depth)
            if 0 < price < ONE_DOLLAR and price not in ladder:
                ladder[price] = shown.get(price) or usual
        return ladder
