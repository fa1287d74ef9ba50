"""Which markets are traded at the moment: found, added, watched and dropped while the bot runs.

A market stays until it is over, so that a ranking that wobbles does not churn; one with a position or an order is
never dropped. Reads the venue on its own thread, because reading waits.
"""

import threading
from collections.abc import Callable

from edgelock.core.facts import GridChanged, MarketStatusChanged, Retired
from edgelock.core.market import MarketStatus
from edgelock.core.market_state import MarketState
from edgelock.core.telemetry import LibraryLog, MarketAdded, MarketRetired
from edgelock.core.units import Money
from edgelock.kalshi.rest_call import VenueUnreachable
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_error import VenueError
from edgelock.kalshi.wire_market import MarketListing
from edgelock.ops.market_selection import MarketSource, rank
from edgelock.ops.startup_block import startup_check
from edgelock.ops.trading_system import TradingSystem

UNREADABLE = (VenueError, VenueUnreachable, WireError)
"""What reading the venue may raise."""

STOP_TIMEOUT_S = 2.0


class Roster:
    """The markets of a run.

    wanted  tickers chosen by a person; empty for the selection's ranking
    poll_s  real seconds between two looks at the venue
    """

    def __init__(self, system: TradingSystem, source: MarketSource, *, wanted: tuple[str, ...], poll_s: float) -> None:
        self._system = system
        self._source = source
        self._wanted = wanted
        self._poll_s = poll_s
        self._dropped_realized = 0
        self._left: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="roster", daemon=True)

    def start(self) -> None:
        """Find the first markets on this thread, then go on looking on another. Raises what reading raises."""
        self.refresh()
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)

    @property
    def dropped_realized(self) -> Money:
        """What the markets that were dropped had realised."""
        return Money(self._dropped_realized)

    def all_over(self) -> bool:
        """Every market traded has ended; what it held was paid out, or its outcome is not known here."""
        states = self._system.boards.markets.states()
        return len(states) == len(self._system.tickers()) and all(state.market.status.is_over for state in states)

    def refresh(self) -> None:
        """Look at the venue once: compare clocks, drop what is over, add what there is room for."""
        offset = self._source.clock_offset()
        if offset is not None:
            self._system.tell_clock_offset(offset)
        leaving = self._no_longer_selected()
        for ticker in leaving:
            # Told at every look, because a restarted market has forgotten it.
            self._system.tell_market(ticker, Retired(at=self._system.clock.now()))
        self._watch_traded(leaving)
        wanted = tuple(ticker for ticker in self._wanted if ticker not in self._left)
        listings = tuple(self._source.one(t) for t in wanted) if self._wanted else self._ranked()
        most = len(self._wanted) or self._system.settings.selection.max_markets_to_trade
        traded = set(self._system.tickers())
        for listing in listings:
            if listing.ticker not in traded | self._left and len(traded) < most:
                self._add(listing)
                traded.add(listing.ticker)

    def _ranked(self) -> tuple[MarketListing, ...]:
        settings = self._system.settings
        listings = self._source.of_families(settings)
        # Ranked without a cut: those already traded must not use up the places.
        return rank(listings, min_spread=settings.selection.min_spread, most=len(listings))

    def _add(self, listing: MarketListing) -> None:
        system, market = self._system, self._source.as_market(listing)
        at = system.clock.now()
        spread = None
        if listing.best_bid is not None and listing.best_ask is not None:
            spread = market.grid.ticks_between(listing.best_bid, listing.best_ask)
        system.record(
            MarketAdded(
                at=at,
                market=market.ticker,
                family=market.family,
                volume_24h=listing.volume_24h,
                spread_ticks=spread,
            ),
            startup_check(market, system.settings.strategy_for(market.ticker), at),
        )
        system.add_market(market)

    def _no_longer_selected(self) -> frozenset[str]:
        """Markets that a reload of the settings has left without a family or a place; they exit and are dropped."""
        settings, kept, leaving = self._system.settings, 0, set()
        for ticker in () if self._wanted else self._system.tickers():
            if (
                settings.family_of(ticker) in settings.selection.series
                and kept < settings.selection.max_markets_to_trade
            ):
                kept += 1
            else:
                leaving.add(ticker)
        return frozenset(leaving)

    def _watch_traded(self, leaving: frozenset[str]) -> None:
        """Hear of what the venue does not announce, and let go of what is over, or left, and done with."""
        for ticker in self._system.tickers():
            state = self._system.boards.markets.state(ticker)
            if state is None:
                continue
            if (state.market.status.is_over or ticker in leaving) and _is_done_with(state):
                self._drop(state)
                continue
            self._compare(state, self._source.one(ticker))

    def _drop(self, state: MarketState) -> None:
        ticker, status = state.market.ticker, state.market.status
        self._dropped_realized += state.position.realized
        if status.is_over:
            self._left.add(ticker)
        reason = status.value if status.is_over else "not selected any more"
        self._system.record(MarketRetired(at=self._system.clock.now(), market=ticker, reason=reason))
        self._system.drop_market(ticker)

    def _compare(self, state: MarketState, listing: MarketListing) -> None:
        at, ticker = self._system.clock.now(), listing.ticker
        if (listing.status, listing.close_time) != (state.market.status, state.market.close_time):
            fact = MarketStatusChanged(at=at, status=listing.status, close_time=listing.close_time)
            self._system.tell_status(ticker, fact)
        if listing.settlement_value is not None and listing.status is MarketStatus.FINALIZED and state.position.sign:
            # The socket's announcement was missed: the outcome is on the venue's list all the same.
            self._system.tell_settlement(ticker, listing.settlement_value)
        if listing.grid != state.market.grid:
            self._system.tell_market(ticker, GridChanged(at=at, grid=listing.grid))

    def _run(self) -> None:
        while not self._stopping.wait(self._poll_s):
            self._look(self.refresh)

    def _look(self, look: Callable[[], None]) -> None:
        try:
            look()
        except UNREADABLE as error:
            self._system.record(
                LibraryLog(
                    at=self._system.clock.now(),
                    logger="edgelock.roster",
                    severity="WARNING",
                    message=f"the venue's markets could not be read: {error}",
                )
            )


def _is_done_with(state: MarketState) -> bool:
    return state.position.sign == 0 and not state.orders
