"""Which markets to trade: the venue's active markets of the chosen families, the busiest first.

Ranking is a pure function of the listings; the reading around it goes through the venue's public endpoints. A game has
two markets, one per team, whose prices mirror each other; both are traded, each by its own gate, and the limit over all
markets holds what they can lose together.
"""

from collections.abc import Iterable, Sequence

from edgelock.core.fees import FeeTerms
from edgelock.core.market import Market, MarketStatus
from edgelock.core.settings import TradingSettings
from edgelock.core.units import Price, Timestamp
from edgelock.kalshi.rest import KalshiRest
from edgelock.kalshi.rest_call import ClockOffset
from edgelock.kalshi.wire_error import VenueError
from edgelock.kalshi.wire_market import MarketListing
from edgelock.ops.settings import Settings
from edgelock.ops.venue_fees import READ_AGAIN_AFTER, ReadEvent, VenueFees


class NotTradable(Exception):
    """The market is listed and is not traded, for the reason in the text."""


def rank(listings: Iterable[MarketListing], *, min_spread: Price, most: int) -> tuple[MarketListing, ...]:
    """Active, two-sided markets with at least this spread: by 24-hour volume, the game that ends sooner, the ticker."""
    eligible = [
        listing
        for listing in listings
        if listing.status is MarketStatus.ACTIVE
        and listing.best_bid is not None
        and listing.best_ask is not None
        and listing.best_ask - listing.best_bid >= min_spread
    ]
    return tuple(sorted(eligible, key=_place)[:most])


def _place(listing: MarketListing) -> tuple[int, bool, int, str]:
    ends_at = listing.expected_expiration
    return -listing.volume_24h, ends_at is None, ends_at or 0, listing.ticker


class MarketSource:
    """Reads listings and fees from the venue. One thread at a time."""

    def __init__(self, rest: KalshiRest, settings: TradingSettings) -> None:
        self._rest = rest
        self._settings = settings
        self._events: dict[str, ReadEvent] = {}
        self._odd: list[str] = []
        self._fees = VenueFees(rest, say=self._odd.append)

    def of_families(self, settings: Settings, now: Timestamp) -> tuple[MarketListing, ...]:
        """Every market of the chosen families' events that have an open one."""
        listings: list[MarketListing] = []
        for family in settings.selection.series:
            known = settings.families.get(family)
            for series in known.series if known is not None else ():
                page = self._rest.events(series_ticker=series, status="open")
                self._odd += page.unreadable
                for event in page.events:
                    self._events[event.terms.ticker] = ReadEvent(event.terms, now)
                    listings.extend(event.listings)
        return tuple(listings)

    def of_tickers(self, tickers: Sequence[str]) -> dict[str, MarketListing]:
        """These markets, as far as the venue lists them in a way that can be read."""
        page = self._rest.markets_of(tickers)
        self._odd += page.unreadable
        return {listing.ticker: listing for listing in page.listings if listing.ticker in set(tickers)}

    def one(self, ticker: str) -> MarketListing:
        """One market by its ticker. Raises VenueError when the venue does not list it."""
        return self._rest.market(ticker)

    def clock_offset(self) -> ClockOffset | None:
        """Our clock against the venue's, by an answer that no cache can have made; None when it had no date."""
        self._rest.account_limits()
        return self._rest.clock_offset

    def oddities(self) -> tuple[str, ...]:
        """What could not be read or made sense of since the last call, one line each."""
        said = tuple(self._odd)
        self._odd.clear()
        return said

    def fees(self, listing: MarketListing, now: Timestamp) -> FeeTerms:
        """What the market is charged now."""
        return self._fees.terms(self._event(listing.event_ticker, now), now)

    def as_market(self, listing: MarketListing, now: Timestamp, *, at_any_fee: bool = False) -> Market:
        """The listing with the family it belongs to and its fees.

        Raises NotTradable when those are not known, except for a market to be exited `at_any_fee`.
        """
        fees = self.fees(listing, now)
        if not fees.is_known and not at_any_fee:
            raise NotTradable(f"{listing.ticker} is not traded: fee_type {fees.fee_type!r} says no rate we know")
        return listing.as_market(
            family=self._settings.family_of(listing.ticker),
            series_ticker=self._events[listing.event_ticker].terms.series_ticker,
            fees=fees.schedule,
        )

    def _event(self, ticker: str, now: Timestamp) -> ReadEvent:
        """Read by itself when no list of events brought it lately."""
        known = self._events.get(ticker)
        if known is not None and now - known.at < READ_AGAIN_AFTER:
            return known
        try:
            known = ReadEvent(self._rest.event(ticker), now)
        except VenueError as error:
            if known is None:
                raise
            self._odd.append(f"the event {ticker} could not be read again: {error}")
            known = ReadEvent(known.terms, now)
        self._events[ticker] = known
        return known
