"""Who else hears the feed, in the socket's thread, before the market does: paper fills, and settlements."""

from collections.abc import Iterable

from edgelock.actors.address import Address
from edgelock.actors.feed import MarketDataListener
from edgelock.actors.messages import SettlementNews
from edgelock.actors.paper_gateway import PaperGateway
from edgelock.core.book import Book
from edgelock.core.facts import FeedStatus, Print
from edgelock.core.market import MarketStatus
from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import Price, Timestamp
from edgelock.ops.trading_system import TradingSystem


class SettlementListener:
    """Takes settlements to the door, which books them and tells the market in the order of its order facts."""

    def __init__(self, exchange: Address) -> None:
        self._exchange = exchange

    def on_book(self, ticker: str, book: Book, at: Timestamp) -> None:
        """Not its business."""

    def on_trades(self, ticker: str, prints: Iterable[Print], at: Timestamp) -> None:
        """Not its business."""

    def on_feed_status(self, ticker: str, status: FeedStatus, reason: str, at: Timestamp) -> None:
        """Not its business."""

    def on_market_status(self, ticker: str, status: MarketStatus, close_time: Timestamp, at: Timestamp) -> None:
        """Not its business."""

    def on_grid(self, ticker: str, grid: PriceGrid, at: Timestamp) -> None:
        """Not its business."""

    def on_settled(self, ticker: str, value: Price, at: Timestamp) -> None:
        """YES was worth `value`."""
        self._exchange.tell(SettlementNews(ticker, value, at))


def listeners_of(system: TradingSystem) -> tuple[MarketDataListener, ...]:
    """In paper mode the fill model hears everything, and a settlement before the door does."""
    settlements = SettlementListener(system.addresses.exchange)
    return (system.gateway, settlements) if isinstance(system.gateway, PaperGateway) else (settlements,)
