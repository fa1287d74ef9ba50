"""Which markets are traded at the moment: found, added, watched and dropped while the bot runs.

A market stays until it is over, so that a ranking that wobbles does not churn; one with a position or an order is
never dropped. Reads the venue on its own thread, because reading waits.
"""

import threading
from collections.abc import Callable, Iterable, Mapping

from edgelock.core.facts import GridChanged, MarketStatusChanged, Retired
from edgelock.core.fees import FeeTerms
from edgelock.core.market import MarketStatus
from edgelock.core.market_state import MarketState
from edgelock.core.telemetry import LibraryLog, MarketAdded, MarketRetired
from edgelock.core.units import SECOND, Money
from edgelock.kalshi.rest_call import VenueUnreachable
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_error import VenueError
from edgelock.kalshi.wire_market import MarketListing
from edgelock.ops.listing_news import ListingNewsReader
from edgelock.ops.market_selection import MarketSource, NotTradable, rank
from edgelock.ops.startup_block import startup_check
from edgelock.ops.trading_system import TradingSystem

UNREADABLE = (VenueError, VenueUnreachable, WireError)
"""What reading the venue may raise."""

STOP_TIMEOUT_S = 2.0
CACHE_S = 20.0
"""Real seconds that a public answer of the venue may be old (it says 15), and some more."""
MISSING_LOOKS = 3
"""Looks in a row at which a traded market is not listed before it is believed to be gone; a guess."""
RETURNS_AFTER_NS = 60 * SECOND
"""Real time after which a market that closed and was left may be listed as reopened, and not by a cache."""
SAID_MAX = 1_000


class Roster:
    """The markets of a run.

    wanted   tickers chosen by a person; empty for the selection's ranking
    held     tickers of positions from before: they are traded first, or only exited when they are not selected
    poll_s   real seconds between two looks at the venue
    cache_s  real seconds that the venue's lists may be old; 0 for our own exchange
    """

    def __init__(
        self,
        system: TradingSystem,
        source: MarketSource,
        *,
        wanted: tuple[str, ...],
        held: tuple[str, ...] = (),
        poll_s: float,
        cache_s: float = CACHE_S,
    ) -> None:
        self._system = system
        self._source = source
        self._wanted = wanted
        self._held = held
        self._poll_s = poll_s
        self._reader = ListingNewsReader(cache_ns=int(cache_s * SECOND))
        self._dropped_realized = 0
        self._leaving: dict[str, str] = {}
        self._left: dict[str, tuple[MarketStatus, int]] = {}
        self._missing: dict[str, int] = {}
        self._charged: dict[str, FeeTerms] = {}
        self._said: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="roster", daemon=True)

    def start(self) -> None:
        """Go on looking, on a thread of its own; the first `refresh` is the caller's."""
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
        for ticker in self._leaving:
            # Told at every look, because a restarted market has forgotten it.
            self._tell_retired(ticker)
        self._leave(self._no_longer_selected())
        listed = self._source.of_tickers(self._system.tickers())
        self._leave(self._not_listed(listed))
        self._leave(self._charged_oddly(listed))
        # One that is dropped now may come back at the next look, when its actor has certainly ended.
        traded = set(self._system.tickers())
        self._watch_traded(listed)
        self._fill_up(just_left=traded - set(self._system.tickers()))
        for line in self._source.oddities():
            self._say_once(line)

    # --- adding -------------------------------------------------------------------------------------------------

    def _fill_up(self, *, just_left: set[str]) -> None:
        self._take_up_what_is_held(just_left)
        traded = set(self._system.tickers())
        most = len(self._wanted) or self._system.settings.selection.max_markets_to_trade
        for listing in self._by_name(traded) if self._wanted else self._by_rank():
            if len(traded) >= most:
                break
            if listing.ticker not in traded | just_left and self._may_come(listing) and self._add(listing):
                traded.add(listing.ticker)

    def _take_up_what_is_held(self, just_left: set[str]) -> None:
        """A position must have an actor that exits it, whatever the selection says of its market."""
        absent = [t for t in self._held if t not in {*self._system.tickers(), *just_left, *self._left}]
        listed = self._source.of_tickers(absent)
        for ticker in absent:
            if ticker not in listed:
                self._say_once(f"{ticker} is held from before, and the venue does not list it: nobody exits it")
                continue
            self._add(listed[ticker], is_held=True)
            if self._wanted and ticker not in self._wanted:
                self._leave({ticker: "held from before and not wanted"})
            self._leave(self._charged_oddly({ticker: listed[ticker]}))

    def _by_name(self, traded: set[str]) -> tuple[MarketListing, ...]:
        absent = [ticker for ticker in self._wanted if ticker not in traded and not self._is_done_for(ticker)]
        found = self._source.of_tickers(absent)
        return tuple(found[ticker] if ticker in found else self._source.one(ticker) for ticker in absent)

    def _by_rank(self) -> tuple[MarketListing, ...]:
        settings = self._system.settings
        listings = self._source.of_families(settings, self._system.clock.now())
        # Ranked without a cut: those already traded must not use up the places.
        return rank(listings, min_spread=settings.selection.min_spread, most=len(listings))

    def _is_done_for(self, ticker: str) -> bool:
        return ticker in self._left and self._left[ticker][0] is MarketStatus.FINALIZED

    def _may_come(self, listing: MarketListing) -> bool:
        """A market that was left after its close returns only when the venue has surely reopened it."""
        if listing.ticker not in self._left:
            return True
        _, since_ns = self._left[listing.ticker]
        is_open = listing.status is MarketStatus.ACTIVE and not self._is_done_for(listing.ticker)
        return is_open and self._system.clock.monotonic_ns() - since_ns >= RETURNS_AFTER_NS

    def _add(self, listing: MarketListing, *, is_held: bool = False) -> bool:
        system = self._system
        at = system.clock.now()
        try:
            market = self._source.as_market(listing, at, at_any_fee=is_held)
        except NotTradable as reason:
            self._say_once(str(reason))
            return False
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
        return True

    # --- leaving ------------------------------------------------------------------------------------------------

    def _leave(self, reasons: Mapping[str, str]) -> None:
        """From now on these markets only exit, and are dropped when flat, whatever is thought of them then."""
        for ticker, reason in reasons.items():
            if ticker not in self._leaving:
                self._leaving[ticker] = reason
                self._say(f"{ticker} is left when it is flat: {reason}")
                self._tell_retired(ticker)

    def _tell_retired(self, ticker: str) -> None:
        self._system.tell_market(ticker, Retired(at=self._system.clock.now()))

    def _no_longer_selected(self) -> dict[str, str]:
        """Markets that a reload of the settings has left without a family or a place."""
        settings, kept, reasons = self._system.settings, 0, {}
        for ticker in () if self._wanted else self._system.tickers():
            if (
                settings.family_of(ticker) in settings.selection.series
                and kept < settings.selection.max_markets_to_trade
            ):
                kept += 1
            else:
                reasons[ticker] = "not selected any more"
        return reasons

    def _not_listed(self, listed: Mapping[str, MarketListing]) -> dict[str, str]:
        """Markets that the venue has taken off its list, or lists in a way that cannot be read."""
        tickers = self._system.tickers()
        self._missing = {ticker: self._missing.get(ticker, 0) + 1 for ticker in tickers if ticker not in listed}
        gone = (ticker for ticker, looks in self._missing.items() if looks >= MISSING_LOOKS)
        return dict.fromkeys(gone, "not listed any more")

    def _charged_oddly(self, listed: Mapping[str, MarketListing]) -> dict[str, str]:
        """Markets charged from now on what nobody knows. A known change is said; its figures come by the feed."""
        reasons = {}
        for ticker, listing in listed.items():
            fees = self._source.fees(listing, self._system.clock.now())
            if not fees.is_known:
                reasons[ticker] = f"its fee_type is now {fees.fee_type!r}"
            elif fees != self._charged.setdefault(ticker, fees):
                self._say(f"{ticker} is charged {fees.fee_type} × {fees.multiplier} from now on")
                self._charged[ticker] = fees
        return reasons

    # --- watching -----------------------------------------------------------------------------------------------

    def _watch_traded(self, listed: Mapping[str, MarketListing]) -> None:
        """Hear of what the venue does not announce, and let go of what is over, or left, and done with."""
        for state in self._states(self._system.tickers()):
            ticker = state.market.ticker
            if (state.market.status.is_over or ticker in self._leaving) and _is_done_with(state):
                self._drop(state)
            elif ticker in listed:
                self._compare(state, listed[ticker])

    def _states(self, tickers: Iterable[str]) -> tuple[MarketState, ...]:
        """The boards of markets that have shown one yet."""
        states = (self._system.boards.markets.state(ticker) for ticker in tickers)
        return tuple(state for state in states if state is not None)

    def _drop(self, state: MarketState) -> None:
        ticker, status = state.market.ticker, state.market.status
        self._dropped_realized += state.position.realized
        reason = self._leaving.pop(ticker, "") or status.value
        if status.is_over:
            self._left[ticker] = (status, self._system.clock.monotonic_ns())
        self._reader.forget(ticker)
        self._charged.pop(ticker, None)
        self._held = tuple(held for held in self._held if held != ticker)
        self._system.record(MarketRetired(at=self._system.clock.now(), market=ticker, reason=reason))
        self._system.drop_market(ticker)

    def _compare(self, state: MarketState, listing: MarketListing) -> None:
        system, ticker = self._system, listing.ticker
        at = system.clock.now()
        news = self._reader.news(state.market, listing, system.clock.monotonic_ns())
        if news.life is not None:
            status, close_time = news.life
            system.tell_status(ticker, MarketStatusChanged(at=at, status=status, close_time=close_time))
        if news.paid is not None and state.position.sign:
            # The socket's announcement was missed: the outcome is on the venue's list all the same.
            system.tell_settlement(ticker, news.paid)
        if news.grid is not None:
            system.tell_market(ticker, GridChanged(at=at, grid=news.grid))

    # --- the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.wait(self._poll_s):
            self._look(self.refresh)

    def _look(self, look: Callable[[], None]) -> None:
        try:
            look()
        except UNREADABLE as error:
            self._say(f"the venue's markets could not be read: {error}")

    def _say_once(self, line: str) -> None:
        if line not in self._said:
            if len(self._said) >= SAID_MAX:
                self._said.clear()
            self._said.add(line)
            self._say(line)

    def _say(self, line: str) -> None:
        at = self._system.clock.now()
        self._system.record(LibraryLog(at=at, logger="edgelock.roster", severity="WARNING", message=line))


def _is_done_with(state: MarketState) -> bool:
    """Flat and without orders; a market that has not been told yet what is on record knows of neither."""
    return state.is_recovered and state.position.sign == 0 and not state.orders
