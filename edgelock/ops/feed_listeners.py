"""Who else hears the feed, in the socket's thread, before the market does: paper fills, and settlements."""

from collections.abc import Iterable

from edgelock.actors.address import Address
from edgelock.actors.feed import MarketDataListener
from edgelock.actors.gate_board import GateBoard
from edgelock.actors.messages import FeedNews, MarketNews, SettlementNews
from edgelock.actors.paper_gateway import PaperGateway
from edgelock.core.book import Book
from edgelock.core.facts import FeedStatus, MarketStatusChanged, Print
from edgelock.core.fees import FeeSchedule
from edgelock.core.market import MarketStatus
from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import Price, Timestamp
from edgelock.ops.trading_system import TradingSystem


class DoorListener:
    """Tells the door to the venue what it must know of the feed: whether a book can be relied on, whether the market
    takes orders, and what it paid; a settlement is booked there, in the order of the market's order facts.
    """

    def __init__(self, exchange: Address, board: GateBoard) -> None:
        self._exchange = exchange
        self._board = board

    def on_book(self, ticker: str, book: Book, at: Timestamp) -> None:  # noqa: ARG002 - the listener's signature
        """The door looks at the book of a market that is quarantined."""
        self._board.note_book(ticker, book)

    def on_trades(self, ticker: str, prints: Iterable[Print], at: Timestamp) -> None:
        """Not its business."""

    def on_feed_status(self, ticker: str, status: FeedStatus, reason: str, at: Timestamp) -> None:  # noqa: ARG002 - the listener's signature
        """The book was lost or came back."""
        if status is not FeedStatus.LIVE:
            self._board.forget_book(ticker)
        self._exchange.tell(FeedNews(ticker, status is FeedStatus.LIVE))

    def on_market_status(self, ticker: str, status: MarketStatus, close_time: Timestamp, at: Timestamp) -> None:
        """The market opened, paused or ended."""
        fact = MarketStatusChanged(at=at, status=status, close_time=close_time)
        self._exchange.tell(MarketNews(ticker, fact))

    def on_grid(self, ticker: str, grid: PriceGrid, at: Timestamp) -> None:
        """Not its business."""

    def on_fees(self, ticker: str, fees: FeeSchedule, at: Timestamp) -> None:
        """Not its business: what an order may cost is bounded without its fee."""

    def on_settled(self, ticker: str, value: Price, at: Timestamp) -> None:
        """YES was worth `value`."""
        self._exchange.tell(SettlementNews(ticker, value, at))


def listeners_of(system: TradingSystem) -> tuple[MarketDataListener, ...]:
    """In paper mode the fill model hears everything, and a settlement before the door does."""
    door = DoorListener(system.addresses.exchange, system.boards.gate)
    return (system.gateway, door) if isinstance(system.gateway, PaperGateway) else (door,)
