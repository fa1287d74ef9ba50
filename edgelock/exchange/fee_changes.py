"""Fees that change while markets trade: an event's override of its series (venue reference §9.1, §9.6).

A change can be announced for later: it is on the list of changes at once, and charged from its time on.
"""

from fractions import Fraction
from heapq import heappush

from edgelock.core.fees import FeeSchedule, fee_schedule
from edgelock.core.units import Timestamp
from edgelock.exchange.facts import FeesOverridden
from edgelock.exchange.flow import MarketListing
from edgelock.exchange.market import Market
from edgelock.exchange.venue import Venue


def override_fees(
    venue: Venue,
    event_ticker: str,
    fee_type: str | None,
    multiplier: Fraction | None,
    now: Timestamp,
    *,
    starts_at: Timestamp | None = None,
) -> None:
    """Give an event fees of its own, from `starts_at` or now on; None leaves the series' own.

    Raises KeyError for an event without a market.
    """
    markets = _markets(venue, event_ticker)
    if not markets:
        raise KeyError(event_ticker)
    override = FeesOverridden(
        at=now if starts_at is None else starts_at,
        change_id=venue.new_id(),
        event_ticker=event_ticker,
        series_ticker=markets[0].listing.series_ticker,
        fee_type=fee_type,
        multiplier=multiplier,
    )
    venue.fee_overrides.append(override)
    if override.at <= now:
        start_override(venue, override, now)
    else:
        heappush(venue.fees_due, (override.at, len(venue.fee_overrides) - 1))


def start_override(venue: Venue, override: FeesOverridden, now: Timestamp) -> None:
    """Charge by an override from now on, and tell of it."""
    venue.fees_in_force[override.event_ticker] = override
    venue.facts.append(override)
    for market in _markets(venue, override.event_ticker):
        market.fees = fees_of(venue, market.listing)
        market.updated_at = now
        for account in venue.accounts.values():
            venue.refresh_reserve(account, market.listing.ticker)


def fees_of(venue: Venue, listing: MarketListing) -> FeeSchedule:
    """The fees in force for a market."""
    override = venue.fees_in_force.get(listing.event_ticker)
    fee_type, multiplier = listing.fee_type, listing.fee_multiplier
    if override is not None:
        fee_type = override.fee_type if override.fee_type is not None else fee_type
        multiplier = override.multiplier if override.multiplier is not None else multiplier
    return fee_schedule(fee_type, multiplier)


def _markets(venue: Venue, event_ticker: str) -> list[Market]:
    return [market for market in venue.markets.values() if market.listing.event_ticker == event_ticker]
