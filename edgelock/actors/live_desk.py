"""What the venue says by itself: the private channels, its lists, and what follows from them for the door.

The desk runs the private socket and the sweeper, has `LiveOrders` draw the conclusions, and passes them on. It knows
when the venue's side is ready for entries: the channels are live, and a sweep newer than that has filled what was
missed.
"""

import threading
from functools import partial

from edgelock.actors.clock import Clock, monotonic_s
from edgelock.actors.live_bounds import CLOCK_MARGIN
from edgelock.actors.live_news import News
from edgelock.actors.live_orders import LiveOrders
from edgelock.actors.live_past import LivePast
from edgelock.actors.live_sweeper import LiveSweeper
from edgelock.actors.live_terms import LiveNews, LiveVenue
from edgelock.actors.order_fuse import OrderFuse
from edgelock.actors.order_gateway import (
    EarlierOrdersOver,
    Filled,
    GatewayBroken,
    MarketLoaded,
    OpenOrder,
    OpenOrdersSeen,
    PositionsSeen,
)
from edgelock.actors.order_workers import OrderWorkers
from edgelock.actors.private_feed import PrivateTalk
from edgelock.actors.sweep import LookUps, MarketPast, Sweep
from edgelock.core.units import SECOND, Duration, Size, Timestamp
from edgelock.kalshi.account import Settlement, VenueOrder
from edgelock.kalshi.private_events import FillSeen, GroupSeen, PrivateEvent
from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.socket import VenueSocket

QUIET_NS = Duration(2 * SECOND)
"""Positions are compared only where no fill was heard for this long before the venue's figure: its lists lag."""
UNREAD_INTERVALS_MAX = 3
"""After so many intervals without a readable list, entries stop."""


class LiveDesk:
    """`start`, then `add` each market; everything it learns goes out by `news`.

    past      what earlier lives and runs left
    lock      held around every use of `orders`, and while anything is told, so that answers keep their order
    interval  real time between two comparisons with the venue's lists
    """

    def __init__(
        self, orders: LiveOrders, lock: threading.RLock, clock: Clock, *, past: LivePast, venue: LiveVenue,
        news: LiveNews, interval: Duration, fuse: OrderFuse, workers: OrderWorkers,
    ) -> None:  # fmt: skip
        self._orders = orders
        self._lock = lock
        self._clock = clock
        self._past = past
        self._news = news
        self._interval = interval
        self._fuse = fuse
        self._workers = workers
        self._tickers: list[str] = []
        self._loaded: set[str] = set()
        self._has_seen_payouts = False
        self._last_fill_at: dict[str, Timestamp] = {}
        self._live_since: Timestamp | None = None
        self._read_at_ns = clock.monotonic_ns()
        self._has_swept = False
        self._was_ready = False
        self._failure_told = ""
        self._sweeper = LiveSweeper(venue.open_rest, self, interval=interval)
        talk = PrivateTalk(url=venue.ws_url, clock=clock, listener=self, record=news.record)
        self._socket = VenueSocket(
            venue.ws_url, venue.credentials, talk, rng=venue.rng, on_failed=self._socket_failed, name="private-socket"
        )

    def start(self) -> None:
        """Sweep and connect. What earlier lives left is read as well, whether anybody trades there now or not."""
        self._past.begin(self._clock.now())
        self._orders.remember(self._past.previous, self._past.runs)
        for ticker in self._past.tickers():
            self._sweeper.load(ticker)
        self._sweeper.start()
        self._socket.start()

    def end(self) -> None:
        """Tell both threads to end."""
        self._sweeper.end()
        self._socket.request_stop()

    def join(self, deadline: float) -> None:
        """Wait until they have, at most until then (monotonic seconds)."""
        self._socket.stop(max(deadline - monotonic_s(), 0))
        self._sweeper.join(deadline)

    def add(self, ticker: str) -> None:
        """Read what happened in a market before, and compare its position from now on."""
        with self._lock:
            if ticker not in self._tickers:
                self._tickers.append(ticker)
            self._loaded.discard(ticker)
        self._sweeper.load(ticker)

    def look(self) -> None:
        """Somebody waits for the list of resting orders."""
        self._sweeper.look()

    def tell(self, news: News) -> None:
        """Pass it on, and look at the venue if it leaves a doubt. Called with the lock held."""
        self._pass_on(news)
        if self._orders.needs_a_look:
            self._sweeper.ask()

    def _pass_on(self, news: News) -> None:
        for answer in news:
            self._news.answer(answer)
            if isinstance(answer, Filled):
                self._last_fill_at[answer.ticker] = self._clock.now()

    # --- the private channels: the socket's thread --------------------------------------------------------------

    def heard(self, events: list[PrivateEvent]) -> None:
        """What the venue says of our orders."""
        groups = [event for event in events if isinstance(event, GroupSeen)]
        with self._lock:
            now = self._clock.now()
            for event in events:
                if isinstance(event, FillSeen):
                    # Of whatever order: the venue's own figure may be older than this.
                    self._last_fill_at[event.fill.ticker] = now
                self.tell(self._orders.heard(event, now))
        for group in groups:
            self._fuse.heard(group)

    def private_channels(self, *, are_live: bool) -> None:
        """Until a sweep has filled what was missed, the venue's side is not ready."""
        with self._lock:
            self._live_since = self._clock.now() if are_live else None
            self._has_swept = False
            self._tell_readiness()
        self._sweeper.ask()

    def ask_for_sweep(self) -> None:
        """Something may have been missed."""
        self._sweeper.ask()

    def _socket_failed(self, reason: str) -> None:
        self._news.answer(GatewayBroken(f"the private socket: {reason}"))

    # --- sweeps: the sweeper's thread ---------------------------------------------------------------------------

    def look_ups(self, resting: tuple[VenueOrder, ...]) -> LookUps:
        """What the list of resting orders leaves open."""
        with self._lock:
            return self._orders.look_ups(resting, self._clock.now())

    def swept(self, sweep: Sweep, *, answers_look: bool) -> bool:
        """Take what was found; True when another look is wanted soon.

        That is while something is in doubt, and while the channels are down: nobody else tells of a fill then.
        """
        with self._lock:
            self._pass_on(self._orders.swept(sweep, self._clock.now()))
            self._withdraw_strays()
            self._tell_past(sweep)
            if answers_look:
                self._news.answer(OpenOrdersSeen(self._still_open(sweep)))
            if sweep.positions is not None:
                self._tell_positions(sweep.positions, sweep.as_of)
            self._failure_told, self._read_at_ns = "", self._clock.monotonic_ns()
            self._has_swept = self._live_since is not None and sweep.as_of > self._live_since + CLOCK_MARGIN
            self._tell_readiness()
            return self._orders.needs_a_look or not self._has_swept

    def sweep_failed(self, reason: str, *, answers_look: bool) -> None:
        """The venue could not be read; told once while the reason stays the same."""
        with self._lock:
            if answers_look:
                self._news.answer(OpenOrdersSeen(None))
            if reason != self._failure_told:
                self._failure_told = reason
                self._say(f"the venue's lists cannot be read: {reason}")
        self.check_silence()

    def check_silence(self) -> None:
        """Lists that were not read for long, for whatever reason, end the readiness for entries."""
        with self._lock:
            if self._clock.monotonic_ns() - self._read_at_ns > UNREAD_INTERVALS_MAX * self._interval:
                self._has_swept = False
                self._tell_readiness()

    def sweeper_broke(self, error: Exception) -> None:
        """The sweeper's thread is gone."""
        self._news.broken("the sweeper", error)

    def still_used(self, resting: tuple[VenueOrder, ...]) -> frozenset[str]:
        """Markets in which an order of an earlier run rests; it is withdrawn."""
        with self._lock:
            tickers = self._orders.strays_in(resting)
            self._withdraw_strays()
            return tickers

    def orders_since_s(self, ticker: str) -> int | None:
        """Unix seconds from which on the orders of a market have to be listed; None when none has to be."""
        return self._past.since_s(ticker)

    def payouts_since_s(self) -> int | None:
        """Unix seconds from which on payouts have to be listed, once; None when that was done."""
        return None if self._has_seen_payouts else self._past.payouts_since_s

    def paid_out(self, settlements: tuple[Settlement, ...]) -> None:
        """Markets that were paid out meanwhile are read, too, although nobody trades there any more."""
        self._has_seen_payouts = True
        for ticker in self._past.unpaid(settlements):
            self._sweeper.load(ticker)

    def loaded(self, past: MarketPast) -> bool:
        """Judge it with our journal, and pass the answer on; False when it has to be read again."""
        recovery = self._past.judge(past)
        if recovery is None:
            return False
        with self._lock:
            if past.ticker in self._loaded:
                return True  # read twice, once for its past and once for its trade
            if past.ticker in self._tickers:
                self._loaded.add(past.ticker)
                self._orders.start_from(past.ticker, recovery.position.net, recovery.position.trade_ids)
            self._news.answer(MarketLoaded(past.ticker, recovery))
        return True

    def _withdraw_strays(self) -> None:
        for venue_id, ticker in self._orders.strays.items():
            self._say(f"{ticker}: order {venue_id} of ours rests and is not ours to keep; it is cancelled")
            self._workers.put(partial(_cancel_stray, venue_id, ticker))
        self._orders.strays.clear()

    def _tell_past(self, sweep: Sweep) -> None:
        """Orders of earlier lives, once none of them rests and no request of theirs can still be on its way."""
        over = self._past.over((shown.client_order_id for shown in sweep.resting), sweep.as_of)
        if over:
            self._news.answer(EarlierOrdersOver(over))

    def _still_open(self, sweep: Sweep) -> tuple[OpenOrder, ...]:
        """What the venue shows of ours, and what it may still come to have."""
        ours = {order.client_order_id: order for order in self._orders.open_orders()}
        for shown in sweep.resting:
            if self._orders.is_ours(shown.client_order_id):
                ours[shown.client_order_id] = OpenOrder(
                    ticker=shown.ticker,
                    client_order_id=shown.client_order_id,
                    venue_order_id=shown.order_id,
                    side=shown.side,
                    price=shown.price,
                    remaining=shown.remaining,
                )
        return tuple(ours.values())

    def _tell_positions(self, positions: tuple[tuple[str, Size], ...], as_of: Timestamp) -> None:
        shown = dict(positions)
        quiet = [
            ticker for ticker in self._tickers if self._last_fill_at.get(ticker, Timestamp(0)) < as_of - QUIET_NS
        ]  # fmt: skip
        self._news.answer(PositionsSeen(tuple((ticker, shown.get(ticker, Size(0))) for ticker in quiet)))

    def _tell_readiness(self) -> None:
        is_ready = self._live_since is not None and self._has_swept
        if is_ready != self._was_ready:
            self._was_ready = is_ready
            self._news.readiness(is_ready)

    def _say(self, message: str) -> None:
        self._news.say(message, self._clock.now())


def _cancel_stray(venue_id: str, ticker: str, rest: TradingRest) -> None:
    """What came of it, the next sweep shows."""
    rest.cancel_order(venue_id, ticker)
