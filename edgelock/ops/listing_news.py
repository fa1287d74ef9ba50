"""What the venue's list tells of a market that its socket has not told.

The list may be a cached answer of some seconds ago. What makes a market less open is believed at once, for a needless
pause costs little; what makes it more open, and another price grid, only when the list still says so later.
"""

from dataclasses import dataclass

from edgelock.core.market import Market, MarketStatus
from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import Price, Timestamp
from edgelock.kalshi.wire_market import MarketListing


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingNews:
    """What to tell, each None when there is nothing: status and close, price grid, what one YES was paid."""

    life: tuple[MarketStatus, Timestamp] | None = None
    grid: PriceGrid | None = None
    paid: Price | None = None


_Doubted = tuple[MarketStatus, Timestamp] | PriceGrid


class ListingNewsReader:
    """Compares markets as we know them with their listings, and remembers what it does not believe yet.

    cache_ns  real nanoseconds that an answer of the venue may be old
    """

    def __init__(self, *, cache_ns: int) -> None:
        self._cache_ns = cache_ns
        self._doubts: dict[tuple[str, str], tuple[_Doubted, int]] = {}

    def news(self, market: Market, listing: MarketListing, now_ns: int) -> ListingNews:
        """What this listing, read at real time `now_ns`, tells of the market."""
        life = (listing.status, listing.close_time)
        return ListingNews(
            life=life if self._is_news_of_life(market, listing, now_ns) else None,
            grid=listing.grid if self._holds(market.ticker, "grid", listing.grid, market.grid, now_ns) else None,
            paid=listing.settlement_value if _is_paid(market, listing) else None,
        )

    def forget(self, ticker: str) -> None:
        """The market was left."""
        for what in ("life", "grid"):
            self._doubts.pop((ticker, what), None)

    def _is_news_of_life(self, market: Market, listing: MarketListing, now_ns: int) -> bool:
        if market.status is MarketStatus.FINALIZED:
            return False
        listed, known = (listing.status, listing.close_time), (market.status, market.close_time)
        was, now = _openness(market.status), _openness(listing.status)
        if now < was or (now == was and listed != known and listing.close_time <= market.close_time):
            return True
        return self._holds(market.ticker, "life", listed, known, now_ns)

    def _holds(self, ticker: str, what: str, listed: _Doubted, known: _Doubted, now_ns: int) -> bool:
        """Whether the list differs from what is known, and has said the same for longer than a cache would."""
        if listed == known:
            self._doubts.pop((ticker, what), None)
            return False
        doubted, since_ns = self._doubts.get((ticker, what), (None, now_ns))
        if doubted != listed:
            since_ns = now_ns
        self._doubts[ticker, what] = (listed, since_ns)
        return now_ns - since_ns >= self._cache_ns


def _openness(status: MarketStatus) -> int:
    if status.is_over:
        return 0
    return 2 if status is MarketStatus.ACTIVE else 1


def _is_paid(market: Market, listing: MarketListing) -> bool:
    """Paid out, and known to be: the socket had its time to tell the value, and what is disputed is not paid yet."""
    return market.status is MarketStatus.FINALIZED and listing.status is MarketStatus.FINALIZED
