"""Fees that change while markets trade: an event's override of its series (venue reference §9.1, §9.6)."""

from fractions import Fraction

from edgelock.core.fees import FeeSchedule, fee_schedule
from edgelock.core.units import Timestamp
from edgelock.exchange.facts import FeesOverridden
from edgelock.exchange.flow import MarketListing
from edgelock.exchange.venue import Venue


def override_fees(
    venue: Venue, event_ticker: str, fee_type: str | None, multiplier: Fraction | None, now: Timestamp
) -> None:
    """Give an event fees of its own from now on; None leaves the series' own.

    Raises KeyError for an event without a market, ValueError for fees that cannot be.
    """
    markets = [market for market in venue.markets.values() if market.listing.event_ticker == event_ticker]
    if not markets:
        raise KeyError(event_ticker)
    override = FeesOverridden(
        at=now,
        change_id=venue.new_id(),
        event_ticker=event_ticker,
        series_ticker=markets[0].listing.series_ticker,
        fee_type=fee_type,
        multiplier=multiplier,
    )
    venue.fee_overrides.append(override)
    venue.facts.append(override)
    for market in markets:
        market.fees = fees_of(venue, market.listing)
        market.updated_at = now
        for account in venue.accounts.values():
            venue.refresh_reserve(account, market.listing.ticker)


def fees_of(venue: Venue, listing: MarketListing) -> FeeSchedule:
    """The fees in force for a market."""
    override = override_of(venue, listing.event_ticker)
    fee_type, multiplier = listing.fee_type, listing.fee_multiplier
    if override is not None:
        fee_type = override.fee_type if override.fee_type is not None else fee_type
        multiplier = override.multiplier if override.multiplier is not None else multiplier
    return fee_schedule(fee_type, multiplier)


def override_of(venue: Venue, event_ticker: str) -> FeesOverridden | None:
    """The last change of an event's fees."""
    of_event = [change for change in venue.fee_overrides if change.event_ticker == event_ticker]
    return of_event[-1] if of_event else None
