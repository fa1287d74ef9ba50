"""The life of a market: listed, opened, paused, closed, determined, settled (venue reference §11.3)."""

from dataclasses import replace
from heapq import heappush

from edgelock.core.fees import BALANCE_PRECISION
from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import ONE_DOLLAR, SECOND, Money, Price, Size, Timestamp
from edgelock.exchange.account_history import Held
from edgelock.exchange.accounts import Account, Settlement
from edgelock.exchange.facts import (
    CloseTimeMoved,
    GridChanged,
    MarketDetermined,
    MarketListed,
    MarketPaused,
    MarketSettled,
)
from edgelock.exchange.fee_changes import fees_of
from edgelock.exchange.flow import MarketListing, MarketPhase
from edgelock.exchange.market import ENDED, Market, MarketStatus
from edgelock.exchange.matching import position_fact
from edgelock.exchange.orders import UpdateReason
from edgelock.exchange.venue import Venue

_STATUS = {
    MarketPhase.INITIALIZED: MarketStatus.INITIALIZED,
    MarketPhase.ACTIVE: MarketStatus.ACTIVE,
    MarketPhase.INACTIVE: MarketStatus.INACTIVE,
    MarketPhase.CLOSED: MarketStatus.CLOSED,
}

_ALLOWED = {
    MarketStatus.INITIALIZED: {MarketStatus.ACTIVE, MarketStatus.CLOSED},
    MarketStatus.ACTIVE: {MarketStatus.INACTIVE, MarketStatus.CLOSED},
    MarketStatus.INACTIVE: {MarketStatus.ACTIVE, MarketStatus.CLOSED},
    **{status: set() for status in ENDED},
}


class IllegalMarketChange(Exception):
    """The flow asked for a step that the life of a market does not have."""


def list_market(venue: Venue, listing: MarketListing, now: Timestamp) -> Market:
    """Make a market visible, not yet trading. Raises IllegalMarketChange when it is listed already."""
    if listing.ticker in venue.markets:
        raise IllegalMarketChange(f"{listing.ticker} is listed already")
    is_first = all(m.listing.event_ticker != listing.event_ticker for m in venue.markets.values())
    market = Market(listing=listing, created_at=now, close_time=listing.close_time, updated_at=now)
    market.fees = fees_of(venue, listing)
    venue.markets[listing.ticker] = market
    heappush(venue.closes_due, (market.close_time, listing.ticker))
    venue.facts.append(MarketListed(now, listing.ticker, is_first))
    return market


def change_phase(venue: Venue, market: Market, phase: MarketPhase, now: Timestamp) -> None:
    """Open, pause, resume or close a market. A change to the phase it is in already is nothing.

    Raises IllegalMarketChange for a step back, such as reopening a closed market.
    """
    status = _STATUS[phase]
    if status is market.status or (status is MarketStatus.CLOSED and market.status in ENDED):
        return
    if status not in _ALLOWED[market.status]:
        raise IllegalMarketChange(f"{market.listing.ticker} cannot go from {market.status.value} to {phase.value}")
    was = market.status
    market.status = status
    market.updated_at = now
    ticker = market.listing.ticker
    if status is MarketStatus.CLOSED:
        if now < market.close_time:
            market.close_time = now
            venue.facts.append(CloseTimeMoved(now, ticker, now))
        # The venue takes the book away shortly after the close; until then nobody can.
        if venue.habits.close_cancels_after:
            heappush(venue.close_cancels_due, (Timestamp(now + venue.habits.close_cancels_after), ticker))
        else:
            clear_book(venue, market, now)
    elif status is MarketStatus.INACTIVE:
        _cancel_resting(venue, market, UpdateReason.HALT_CANCEL, now, only_on_pause=True)
        venue.facts.append(MarketPaused(now, ticker, is_paused=True))
    elif was is MarketStatus.INACTIVE:
        # The venue clears the book of a market that resumes.
        _cancel_resting(venue, market, UpdateReason.HALT_CANCEL, now)
        venue.facts.append(MarketPaused(now, ticker, is_paused=False))


def clear_book(venue: Venue, market: Market, now: Timestamp) -> None:
    """Cancel what still rests in a market that has closed."""
    _cancel_resting(venue, market, UpdateReason.CLOSE_CANCEL, now)


def move_close(venue: Venue, market: Market, close_time: Timestamp, now: Timestamp) -> None:
    """Announce another close.

    Raises IllegalMarketChange when the market is over, or the time has passed.
    """
    if market.status in ENDED or close_time <= now:
        raise IllegalMarketChange(f"{market.listing.ticker} cannot be given the close {close_time}")
    market.close_time = close_time
    market.updated_at = now
    heappush(venue.closes_due, (close_time, market.listing.ticker))
    venue.facts.append(CloseTimeMoved(now, market.listing.ticker, close_time))


def change_grid(venue: Venue, market: Market, label: str, grid: PriceGrid, now: Timestamp) -> None:
    """Give the market's prices other steps; orders that rest stay where they are."""
    market.listing = replace(market.listing, price_level_structure=label, grid=grid)
    market.updated_at = now
    venue.facts.append(GridChanged(now, market.listing.ticker))


def determine(venue: Venue, market: Market, value: Price, now: Timestamp) -> None:
    """Fix the outcome; positions are paid once the market's settlement timer has run out.

    Raises IllegalMarketChange when the outcome is fixed already or lies outside 0 to 1 dollar.
    """
    ticker = market.listing.ticker
    if not 0 <= value <= ONE_DOLLAR:
        raise IllegalMarketChange(f"{ticker} cannot settle at {value}, which is not between 0 and 1 dollar")
    if market.value is not None:
        raise IllegalMarketChange(f"{ticker} is determined already")
    change_phase(venue, market, MarketPhase.CLOSED, now)
    clear_book(venue, market, now)
    market.status = MarketStatus.DETERMINED
    market.value = value
    market.updated_at = now
    venue.facts.append(MarketDetermined(now, ticker, value))
    _start_timer(venue, market, now)


def dispute(market: Market, now: Timestamp) -> None:
    """Doubt a result: nothing is paid until it is amended. Raises IllegalMarketChange without one that waits."""
    if market.status not in (MarketStatus.DETERMINED, MarketStatus.AMENDED):
        raise IllegalMarketChange(f"{market.listing.ticker} has no result that can be disputed")
    market.status = MarketStatus.DISPUTED
    market.settles_at = None
    market.updated_at = now


def amend_result(venue: Venue, market: Market, value: Price, now: Timestamp) -> None:
    """Decide a dispute; the settlement timer starts again. Raises IllegalMarketChange when there is none."""
    ticker = market.listing.ticker
    if market.status is not MarketStatus.DISPUTED or not 0 <= value <= ONE_DOLLAR:
        raise IllegalMarketChange(f"{ticker} is not disputed, or {value} is not between 0 and 1 dollar")
    market.status = MarketStatus.AMENDED
    market.value = value
    market.updated_at = now
    venue.facts.append(MarketDetermined(now, ticker, value))
    _start_timer(venue, market, now)


def _start_timer(venue: Venue, market: Market, now: Timestamp) -> None:
    market.settles_at = Timestamp(now + market.listing.settlement_timer_s * SECOND)
    heappush(venue.settlements_due, (market.settles_at, market.listing.ticker))


def finalize(venue: Venue, market: Market, now: Timestamp) -> None:
    """Pay every position: YES gets the outcome's value, NO one dollar less it."""
    value = market.value
    if value is None:
        raise IllegalMarketChange(f"{market.listing.ticker} has no outcome yet")
    market.status = MarketStatus.FINALIZED
    market.settled_at = market.updated_at = now
    for account in (*venue.house.values(), *venue.accounts.values()):
        if account.held(market.listing.ticker):
            _pay_out(venue, market, account, value, now)
    market.open_interest = Size(0)
    venue.facts.append(MarketSettled(now, market.listing.ticker))


def _pay_out(venue: Venue, market: Market, account: Account, value: Price, now: Timestamp) -> None:
    ticker = market.listing.ticker
    position = account.position(ticker)
    held = position.size
    paid = held * value if held > 0 else -held * (ONE_DOLLAR - value)
    # A scalar result can leave a part below the balance precision: the venue keeps it as a rounding fee.
    fee = 0 if account.is_house else paid % BALANCE_PRECISION
    cost = position.cost
    account.receive(0 if account.is_house else venue.purse(ticker), Money(paid - fee))
    venue.fees_collected = Money(venue.fees_collected + fee)
    position.realized = Money(position.realized + paid - cost)
    position.fees = Money(position.fees + fee)
    position.cost = Money(0)
    position.size = Size(0)
    position.updated_at = now
    if account.is_house:
        return
    settlement = Settlement(
        ticker=ticker,
        event_ticker=market.listing.event_ticker,
        exchange_index=market.listing.exchange_index,
        value=value,
        size=held,
        cost=cost,
        revenue=Money(paid),
        fee=Money(fee),
        settled_at=now,
    )
    account.settlements.append(settlement)
    venue.note(account, settlement, now)
    venue.note(account, Held.now(ticker, position), now)
    venue.facts.append(position_fact(account, ticker, now))


def _cancel_resting(
    venue: Venue, market: Market, reason: UpdateReason, now: Timestamp, *, only_on_pause: bool = False
) -> None:
    for order in market.book.orders():
        if not only_on_pause or order.cancels_on_pause:
            venue.cancel(order, reason, now)
