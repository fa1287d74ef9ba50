"""Which markets to trade: the venue's active markets of the chosen families, the busiest first.

Ranking is a pure function of the listings; the reading around it goes through the venue's public endpoints.
"""

from collections.abc import Iterable

from edgelock.core.fees import FeeSchedule
from edgelock.core.market import Market, MarketStatus
from edgelock.core.settings import TradingSettings
from edgelock.core.units import Price
from edgelock.kalshi.rest import KalshiRest
from edgelock.kalshi.rest_call import ClockOffset
from edgelock.kalshi.wire_market import MarketListing
from edgelock.ops.settings import Settings


def rank(listings: Iterable[MarketListing], *, min_spread: Price, most: int) -> tuple[MarketListing, ...]:
    """Active, two-sided markets with at least this spread, by 24-hour volume; equal volumes by ticker."""
    eligible = [
        listing
        for listing in listings
        if listing.status is MarketStatus.ACTIVE
        and listing.best_bid is not None
        and listing.best_ask is not None
        and listing.best_ask - listing.best_bid >= min_spread
    ]
    return tuple(sorted(eligible, key=lambda listing: (-listing.volume_24h, listing.ticker))[:most])


class MarketSource:
    """Reads listings and fees from the venue. One thread at a time; fees are read once per event."""

    def __init__(self, rest: KalshiRest, settings: TradingSettings) -> None:
        self._rest = rest
        self._settings = settings
        self._terms: dict[str, tuple[str, FeeSchedule]] = {}

    def of_families(self, settings: Settings) -> tuple[MarketListing, ...]:
        """Every listed market of the chosen families' series."""
        listings: list[MarketListing] = []
        for family in settings.selection.series:
            known = settings.families.get(family)
            for series in known.series if known is not None else ():
                listings.extend(self._rest.markets(series_ticker=series, status="open").listings)
        return tuple(listings)

    def clock_offset(self) -> ClockOffset | None:
        """Our clock against the venue's, by an answer that no cache can have made; None when it had no date."""
        self._rest.account_limits()
        return self._rest.clock_offset

    def one(self, ticker: str) -> MarketListing:
        """One market by its ticker. Raises VenueError when the venue does not list it."""
        return self._rest.market(ticker)

    def as_market(self, listing: MarketListing) -> Market:
        """The listing with the family it belongs to and the fees it is charged, read from its series and event."""
        if listing.event_ticker not in self._terms:
            event = self._rest.event(listing.event_ticker)
            fees = event.fees(self._rest.series(event.series_ticker))
            self._terms[listing.event_ticker] = (event.series_ticker, fees)
        series_ticker, fees = self._terms[listing.event_ticker]
        return listing.as_market(
            family=self._settings.family_of(listing.ticker), series_ticker=series_ticker, fees=fees
        )
