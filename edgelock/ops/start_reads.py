"""What a start reads from the venue and waits for: the account's limits and positions, the markets, their books.

One odd answer is no reason not to start and none to guess, so each read is tried a few times. A venue that cannot be
read then ends the start; the same start may succeed later.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from edgelock.core.facts import FeedStatus
from edgelock.core.market_state import MarketState
from edgelock.core.permit import CLOSED_AT_START
from edgelock.core.rate_limit import TokenBucket, full_bucket
from edgelock.kalshi.rest import KalshiRest
from edgelock.ops.roster import UNREADABLE, Roster
from edgelock.ops.run_options import RunOptions
from edgelock.ops.trading_system import TradingSystem
from edgelock.ops.user_error import UserError
from edgelock.ops.venue import Venue

EXIT_TRY_AGAIN = 75
"""Nothing is wrong with us or the settings: the same start may succeed later."""
BOOKS_TIMEOUT_S = 5.0
LOOK_EVERY_S = 0.02
START_READS = 5
START_PAUSE_S = 0.5
"""Each read of a start is tried so often, with real pauses, before the start is given up."""
_T = TypeVar("_T")


def write_bucket(rest: KalshiRest, venue: Venue, options: RunOptions) -> TokenBucket:
    """What the venue grants this account; paper is held to the same, so that it promises nothing live could not.

    A part of the bucket stays unused: requests may arrive closer together than they left.
    """
    limits = patiently("the account's rate limits", rest.account_limits)
    venue.read_budget.resize(limits.read.refill_per_second, limits.read.capacity)
    write = limits.write
    capacity = write.capacity * (100 - options.settings.live.token_margin_percent) // 100
    return full_bucket(refill_per_s=write.refill_per_second, capacity=capacity, now=venue.clock.now())


def patiently(what: str, read: Callable[[], _T]) -> _T:
    """What the venue says, asked for a few times: one odd answer is no reason not to start, and no reason to guess."""
    pause = threading.Event()
    for _ in range(START_READS - 1):
        try:
            return read()
        except UNREADABLE:
            pause.wait(START_PAUSE_S)
    try:
        return read()
    except UNREADABLE as error:
        raise UserError(f"{what} could not be read: {error}", exit_code=EXIT_TRY_AGAIN) from None


def held_markets(rest: KalshiRest) -> tuple[str, ...]:
    """Markets in which the account holds something from before."""
    positions = patiently("the account's positions", rest.positions)
    return tuple(position.ticker for position in positions if position.net)


def add_markets(system: TradingSystem, roster: Roster, held: tuple[str, ...]) -> None:
    """Nobody enters before the exits of all that is held are armed, so the door is told what is still to come."""
    system.expect_positions(held)
    patiently("the venue's markets", roster.refresh)
    system.expect_positions(())


def wait_for_books(system: TradingSystem) -> None:
    """Until every market has its book and its permit, or too long: then the clock runs all the same."""
    pause = threading.Event()
    for _ in range(int(BOOKS_TIMEOUT_S / LOOK_EVERY_S)):
        states = system.boards.markets.states()
        if len(states) == len(system.tickers()) and all(_is_ready(state) for state in states):
            return
        pause.wait(LOOK_EVERY_S)


def _is_ready(state: MarketState) -> bool:
    return state.is_recovered and state.feed is FeedStatus.LIVE and state.permit is not CLOSED_AT_START
