"""Pauses of the whole exchange: trading pauses and halts (venue reference §11.4).

Unlike a market that resumes, an exchange that resumes keeps its books: what rested goes on resting.
"""

from edgelock.core.units import Timestamp
from edgelock.exchange.flow import Trading
from edgelock.exchange.orders import UpdateReason
from edgelock.exchange.refusals import Reason, Refused
from edgelock.exchange.venue import Venue

_REFUSED = {
    Trading.OPEN: None,
    Trading.PAUSED: Refused(Reason.TRADING_PAUSED),
    Trading.HALTED: Refused(Reason.EXCHANGE_PAUSED),
}


def change_trading(venue: Venue, trading: Trading, now: Timestamp) -> None:
    """Pause, halt or resume. Orders that asked for it are canceled when trading stops."""
    was, venue.trading = venue.trading, trading
    if was is Trading.OPEN and trading is not Trading.OPEN:
        for market in venue.markets.values():
            for order in market.book.orders():
                if order.cancels_on_pause:
                    venue.cancel(order, UpdateReason.HALT_CANCEL, now)


def trading_refusal(venue: Venue) -> Refused | None:
    """Refuse to place or amend while trading is stopped."""
    return _REFUSED[venue.trading]


def halt_refusal(venue: Venue) -> Refused | None:
    """Refuse everything while the exchange is halted."""
    return _REFUSED[Trading.HALTED] if venue.trading is Trading.HALTED else None
