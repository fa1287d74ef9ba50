"""Paper trading: orders meet the real feed in the fill model, and none leaves the process.

Orders come from the ExchangeActor's thread, market data from the feed's socket thread; one lock keeps them apart.
The feed's Book changes outside that lock, so a reference to it would be read half-changed: every `on_book` takes a
copy instead. That is two dict copies, less than the view that the feed makes of the same change, and an order
always meets the whole displayed book as it was at the last change.
"""

from collections.abc import Iterable
from threading import Lock
from typing import Any

from edgelock.actors.clock import Clock
from edgelock.actors.journaled_past import Past
from edgelock.actors.local_gateway import LocalGateway
from edgelock.actors.order_gateway import (
    Acknowledged,
    Amended,
    AmendRejected,
    Answer,
    Canceled,
    CancelRejected,
    Filled,
    GatewayAnswer,
    OpenOrder,
    Rejected,
)
from edgelock.core.book import Book
from edgelock.core.facts import FeedStatus, Print
from edgelock.core.fees import FeeSchedule
from edgelock.core.fill_model import PaperMarket
from edgelock.core.fill_outcomes import (
    Accepted,
    AmendRefused,
    AmendTaken,
    CancelRefused,
    Outcome,
    PaperFill,
    PlaceRefused,
    Withdrawn,
)
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import Market, MarketStatus
from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import Price, Timestamp

_NO_BOOK = ("no_book", "the displayed book is not known, so paper cannot say what would happen")
_NO_MARKET = ("market_not_found", "market not found")


class PaperGateway(LocalGateway):
    """An OrderGateway that fills from the feed, and a listener of that feed."""

    def __init__(
        self, *, run: str, clock: Clock, answer: Answer, generation: int = 1, past: Past | None = None
    ) -> None:
        super().__init__(run=run, clock=clock, answer=answer, generation=generation, past=past)
        self._lock = Lock()
        self._markets: dict[str, PaperMarket] = {}
        self._books: dict[str, Book] = {}

    # --- orders: the ExchangeActor's thread ---

    def add_market(self, market: Market) -> None:
        """Get ready for orders in this market; a market that is known already stays as it is."""
        with self._lock:
            self._markets.setdefault(market.ticker, PaperMarket(market, run=self._mark))
            super().add_market(market)

    def place(self, ticker: str, wish: PlaceOrder) -> None:
        """Let the order meet the displayed book."""
        with self._lock:
            at, paper, book = self._clock.now(), self._markets.get(ticker), self._books.get(ticker)
            if paper is None or book is None:
                code, text = _NO_MARKET if paper is None else _NO_BOOK
                self._answer(Rejected(ticker=ticker, client_order_id=wish.client_order_id, at=at, code=code, text=text))
            else:
                self._tell(ticker, paper.place(wish, book), at)
            self._done(ticker, wish.client_order_id)

    def amend(self, ticker: str, wish: AmendOrder) -> None:
        """Change a resting order against the displayed book."""
        with self._lock:
            at, paper, book = self._clock.now(), self._markets.get(ticker), self._books.get(ticker)
            if paper is None or book is None:
                code, text = _NO_MARKET if paper is None else _NO_BOOK
                self._answer(
                    AmendRejected(ticker=ticker, client_order_id=wish.client_order_id, at=at, code=code, text=text)
                )
            else:
                self._tell(ticker, paper.amend(wish, book), at)
            self._done(ticker, wish.client_order_id)

    def cancel(self, ticker: str, wish: CancelOrder) -> None:
        """Take an order off the book; that needs no displayed book."""
        with self._lock:
            at, paper = self._clock.now(), self._markets.get(ticker)
            if paper is None:
                code, text = _NO_MARKET
                self._answer(
                    CancelRejected(ticker=ticker, client_order_id=wish.client_order_id, at=at, code=code, text=text)
                )
            else:
                self._tell(ticker, paper.cancel(wish), at)
            self._done(ticker, wish.client_order_id)

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """What rests in paper, market by market."""
        with self._lock:
            return tuple(
                OpenOrder(
                    ticker=ticker,
                    client_order_id=order.client_order_id,
                    venue_order_id=order.venue_order_id,
                    side=order.side,
                    price=order.price,
                    remaining=order.remaining,
                )
                for ticker, paper in self._markets.items()
                for order in paper.resting_orders
            )

    # --- market data: the feed's thread ---

    def on_book(self, ticker: str, book: Book, at: Timestamp) -> None:
        """The displayed book changed. `book` is read only inside this call."""
        shown = book.copy()
        with self._lock:
            self._books[ticker] = shown
            paper = self._markets.get(ticker)
            if paper is not None:
                self._tell(ticker, paper.on_book(shown), at)

    def on_trades(self, ticker: str, prints: Iterable[Print], at: Timestamp) -> None:
        """Public trades, in the order they came."""
        with self._lock:
            paper = self._markets.get(ticker)
            if paper is not None:
                self._tell(ticker, paper.on_prints(prints), at)

    def on_feed_status(self, ticker: str, status: FeedStatus, reason: str, at: Timestamp) -> None:  # noqa: ARG002 - the listener's signature
        """A book with a gap is no book: until the next one, nothing is placed. Resting orders keep their place."""
        if status in (FeedStatus.GAP, FeedStatus.DOWN):
            with self._lock:
                self._books.pop(ticker, None)

    def on_market_status(self, ticker: str, status: MarketStatus, close_time: Timestamp, at: Timestamp) -> None:  # noqa: ARG002 - the listener's signature
        """The market opened, paused or ended."""
        self._take_status(ticker, status, at)

    def on_grid(self, ticker: str, grid: PriceGrid, at: Timestamp) -> None:  # noqa: ARG002 - the listener's signature
        """The market accepts other prices from now on."""
        with self._lock:
            paper = self._markets.get(ticker)
            if paper is not None:
                paper.on_grid(grid)

    def on_fees(self, ticker: str, fees: FeeSchedule, at: Timestamp) -> None:  # noqa: ARG002 - the listener's signature
        """Fills are charged so from now on."""
        with self._lock:
            paper = self._markets.get(ticker)
            if paper is not None:
                paper.on_fees(fees)

    def on_settled(self, ticker: str, value: Price, at: Timestamp) -> None:  # noqa: ARG002 - the listener's signature
        """The market is paid out: nothing rests there any more."""
        self._take_status(ticker, MarketStatus.FINALIZED, at)

    def _take_status(self, ticker: str, status: MarketStatus, at: Timestamp) -> None:
        with self._lock:
            paper = self._markets.get(ticker)
            if paper is not None:
                self._tell(ticker, paper.on_status(status), at)

    def _tell(self, ticker: str, outcomes: tuple[Outcome, ...], at: Timestamp) -> None:
        for outcome in outcomes:
            self._answer(_answer_for(ticker, outcome, at))


def _answer_for(ticker: str, outcome: Outcome, at: Timestamp) -> GatewayAnswer:
    about: dict[str, Any] = {"ticker": ticker, "client_order_id": outcome.client_order_id}
    match outcome:
        case Accepted(venue_order_id=venue_order_id):
            return Acknowledged(**about, at=at, venue_order_id=venue_order_id)
        case PlaceRefused(code=code, text=text):
            return Rejected(**about, at=at, code=code, text=text)
        case AmendTaken(price=price, size=size):
            return Amended(**about, at=at, price=price, size=size)
        case AmendRefused(code=code, text=text):
            return AmendRejected(**about, at=at, code=code, text=text)
        case Withdrawn(reason=reason):
            return Canceled(**about, at=at, reason=reason)
        case CancelRefused(code=code, text=text):
            return CancelRejected(**about, at=at, code=code, text=text)
        case PaperFill() as fill:
            return Filled(
                **about,
                at=at,
                trade_id=fill.trade_id,
                price=fill.price,
                size=fill.size,
                fee=fill.fee,
                is_taker=fill.is_taker,
                queue_ahead=fill.queue_ahead,
            )
