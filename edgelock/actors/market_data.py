"""Who hears market data besides the markets: the fill model of paper, and the door to the venue.

Listeners are called on the feed's socket thread, before the market itself is told, so they must be quick and must
never wait. Source of every figure: the venue.
"""

from typing import Protocol

from edgelock.core.book import Book
from edgelock.core.facts import FeedStatus, Print
from edgelock.core.fees import FeeSchedule
from edgelock.core.market import MarketStatus
from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import Price, Timestamp


class MarketDataListener(Protocol):
    """Everything a feed can report about a followed market. `at` is the engine's clock."""

    def on_book(self, ticker: str, book: Book, at: Timestamp) -> None:
        """The book changed, anywhere. `book` is only good inside this call: the next frame changes it."""
        ...

    def on_trades(self, ticker: str, prints: tuple[Print, ...], at: Timestamp) -> None:
        """Public trades, in the order they came."""
        ...

    def on_feed_status(self, ticker: str, status: FeedStatus, reason: str, at: Timestamp) -> None:
        """The book was lost or came back."""
        ...

    def on_market_status(self, ticker: str, status: MarketStatus, close_time: Timestamp, at: Timestamp) -> None:
        """The market opened, paused or ended, or its close moved."""
        ...

    def on_grid(self, ticker: str, grid: PriceGrid, at: Timestamp) -> None:
        """The market accepts other prices from now on."""
        ...

    def on_fees(self, ticker: str, fees: FeeSchedule, at: Timestamp) -> None:
        """Fills of this market are charged so from now on."""
        ...

    def on_settled(self, ticker: str, value: Price, at: Timestamp) -> None:
        """The market is paid out: one YES got `value`."""
        ...
