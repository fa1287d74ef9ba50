"""One market on the exchange: its listing, its status and its book, and what has been traded in it."""

from dataclasses import dataclass, field
from enum import Enum

from edgelock.core.fees import FeeSchedule, fee_schedule
from edgelock.core.units import ONE_DOLLAR, Price, Size, Timestamp
from edgelock.exchange.candles import Candles
from edgelock.exchange.flow import BookSide, MarketListing
from edgelock.exchange.order_book import OrderBook


class MarketStatus(Enum):
    """The venue's market status words."""

    INITIALIZED = "initialized"
    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"
    DETERMINED = "determined"
    DISPUTED = "disputed"
    AMENDED = "amended"
    FINALIZED = "finalized"


ENDED = frozenset(
    {
        MarketStatus.CLOSED,
        MarketStatus.DETERMINED,
        MarketStatus.DISPUTED,
        MarketStatus.AMENDED,
        MarketStatus.FINALIZED,
    }
)
"""Statuses after the close: no order operation is possible, not even a cancel."""


@dataclass(frozen=True, slots=True)
class Touch:
    """Best prices and their sizes. An empty bid is 0 dollars, an empty ask 1 dollar, as the venue writes it."""

    bid: Price
    bid_size: Size
    ask: Price
    ask_size: Size


@dataclass(slots=True, eq=False)
class Market:
    """The mutable state of one market; the engine owns it.

    traded_size    one side of every trade; the venue's volume counts both
    open_interest  contracts held, which is also the collateral held, at one dollar each
    settles_at     when its positions are paid, while nobody disputes the result
    change_count   rises with every book change (the venue's per-market `clock`)
    """

    listing: MarketListing
    created_at: Timestamp
    close_time: Timestamp
    status: MarketStatus = MarketStatus.INITIALIZED
    updated_at: Timestamp = Timestamp(0)
    book: OrderBook = field(default_factory=OrderBook)
    candles: Candles = field(default_factory=Candles)
    last_price: Price = Price(0)
    last_size: Size = Size(0)
    traded_size: Size = Size(0)
    open_interest: Size = Size(0)
    change_count: int = 0
    value: Price | None = None
    settles_at: Timestamp | None = None
    settled_at: Timestamp | None = None
    fees: FeeSchedule = field(init=False)

    def __post_init__(self) -> None:
        self.fees = fee_schedule(self.listing.fee_type, self.listing.fee_multiplier)

    @property
    def touch(self) -> Touch:
        """The best bid and ask with their sizes."""
        bid = self.book.best(BookSide.BID)
        ask = self.book.best(BookSide.ASK)
        return Touch(
            bid=bid if bid is not None else Price(0),
            bid_size=self.book.size_at(BookSide.BID, bid) if bid is not None else Size(0),
            ask=ask if ask is not None else ONE_DOLLAR,
            ask_size=self.book.size_at(BookSide.ASK, ask) if ask is not None else Size(0),
        )

    @property
    def volume(self) -> Size:
        """The venue's volume, which counts both sides of a trade."""
        return Size(2 * self.traded_size)

    @property
    def volume_24h(self) -> Size:
        """Volume of the last day: what the listing brought along plus everything since."""
        return Size(self.listing.initial_volume_24h + self.volume)
