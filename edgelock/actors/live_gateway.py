"""Real orders: commands go to the venue from a few worker threads, and what the venue proves comes back as news.

`LiveOrders` does the thinking, behind one lock; this is its body: workers that send and wait, the private socket, the
sweeper and the fuse. A command is checked once more in the instant before it leaves: a fill that has been heard, or a
fuse that is out, stops an entry here. Whatever a worker meets, its command ends with RequestDone.
"""

import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from edgelock.actors.clock import Clock
from edgelock.actors.last_resort import withdraw_everything
from edgelock.actors.live_orders import CLOCK_MARGIN, IN_TRANSIT_MAX, LiveOrders, News
from edgelock.actors.live_sweeper import LiveSweeper
from edgelock.actors.order_fuse import OrderFuse
from edgelock.actors.order_gateway import (
    Answer,
    Filled,
    GatewayBroken,
    MarketLoaded,
    OpenOrder,
    OpenOrdersSeen,
    PositionsSeen,
    Rejected,
    RenewOrder,
    RequestDone,
    ResendOrder,
)
from edgelock.actors.private_feed import PrivateTalk
from edgelock.actors.sweep import LookUps, Sweep
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import Market
from edgelock.core.order import ClientOrderId, Role
from edgelock.core.position import Position
from edgelock.core.telemetry import LibraryLog, Record
from edgelock.core.units import SECOND, Duration, Money, Size, Timestamp
from edgelock.kalshi.account import VenueFill, VenueOrder
from edgelock.kalshi.private_events import FillSeen, GroupSeen, PrivateEvent
from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.signing import Credentials
from edgelock.kalshi.socket import VenueSocket
from edgelock.kalshi.wire_orders import OrderTerms, Unknown

QUIET_NS = Duration(2 * SECOND)
"""Positions are compared only where no fill was heard for this long before the venue's figure: its lists lag."""
UNREAD_INTERVALS_MAX = 3
"""After so many intervals without a readable list, entries stop."""
UPKEEP_NS = SECOND // 10
LAST_RESORT_S = 8.0
STOP_WITHIN_S = 1.0

Job = Callable[[TradingRest], None]
_Outcome = TypeVar("_Outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTerms:
    """How orders are kept at the venue (settings section `live`).

    entry_life, exit_life  engine time after which the venue withdraws what nobody renewed
    backfill_interval      real time between two comparisons with the venue's lists
    entries_only_when_flat  whether an entry is held back once a fill has been heard
    """

    entry_life: Duration
    exit_life: Duration
    group_limit: Size
    max_in_flight: int
    backfill_interval: Duration
    entries_only_when_flat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveVenue:
    """Where the venue is. `open_rest` makes a connection for one thread; its deadline bounds each call.

    open_fuse  the same for the fuse, whose deadline is short: after an outage it must not wait for a call that hangs
    """

    open_rest: Callable[[], TradingRest]
    open_fuse: Callable[[], TradingRest]
    ws_url: str
    credentials: Credentials
    rng: random.Random


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveNews:
    """Who is told what besides the answers; nobody may wait.

    readiness  the venue's side is ready for entries, or not any more
    fuse       a shard's group was triggered
    past       these orders of earlier runs are over, whatever became of them
    """

    answer: Answer
    readiness: Callable[[bool], None]
    fuse: Callable[[int, bool], None]
    past: Callable[[frozenset[ClientOrderId]], None]
    record: Callable[[Record], None]


class LiveGateway:
    """An OrderGateway to the venue. `start` before the first command, `stop` after the last.

    run       what our client order ids begin with
    previous  client order ids of earlier runs without a recorded end: whatever of them still rests is withdrawn
    """

    def __init__(
        self, *, run: str, previous: frozenset[ClientOrderId], terms: LiveTerms, venue: LiveVenue, news: LiveNews,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._terms = terms
        self._venue = venue
        self._news = news
        self._clock = clock
        self._lock = threading.RLock()
        self._previous = previous
        self._past_after = Timestamp(clock.now() + IN_TRANSIT_MAX)
        self._orders = LiveOrders(run, previous, entry_life=terms.entry_life, exit_life=terms.exit_life)
        self._shards: dict[str, int] = {}
        self._last_fill_at: dict[str, Timestamp] = {}
        self._live_since: Timestamp | None = None
        self._read_at_ns = clock.monotonic_ns()
        self._has_swept = False
        self._was_ready = False
        self._failure_told = ""
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._workers = [
            threading.Thread(target=self._work, name=f"order-worker-{n}", daemon=True)
            for n in range(terms.max_in_flight)
        ]
        self._sweeper = LiveSweeper(venue.open_rest, self, interval=terms.backfill_interval)
        self._fuse = OrderFuse(venue.open_fuse, terms.group_limit, on_triggered=self._fuse_triggered, say=self._say)
        talk = PrivateTalk(url=venue.ws_url, clock=clock, listener=self, record=news.record)
        self._socket = VenueSocket(
            venue.ws_url, venue.credentials, talk, rng=venue.rng, on_failed=self._socket_failed, name="private-socket"
        )

    def start(self) -> None:
        """Connect, sweep, and be ready for commands."""
        for thread in self._workers:
            thread.start()
        self._fuse.start()
        self._sweeper.start()
        self._socket.start()

    def stop(self) -> None:
        """End every thread. Orders that still rest are the venue's to withdraw, by their expiry."""
        self._socket.stop()
        self._sweeper.stop()
        self._fuse.stop()
        for _ in self._workers:
            self._jobs.put(None)
        for thread in self._workers:
            if thread.ident is not None:
                thread.join(STOP_WITHIN_S)

    # --- commands: the ExchangeActor's thread -------------------------------------------------------------------

    @property
    def max_in_flight(self) -> int:
        """As many as there are workers."""
        return self._terms.max_in_flight

    @property
    def upkeep_ns(self) -> int | None:
        """Often enough for the shortest life at the fastest clock."""
        return UPKEEP_NS

    @property
    def takes_entries(self) -> bool:
        """Whether the fuse is whole on every shard."""
        return self._fuse.is_whole

    def add_market(self, market: Market) -> None:
        """Have a fuse on its shard, and read what happened in it before."""
        with self._lock:
            self._shards[market.ticker] = market.exchange_index
        self._fuse.need(market.exchange_index)
        self._sweeper.load(market.ticker)

    def place(self, ticker: str, wish: PlaceOrder) -> None:
        """Send a new order."""
        self._jobs.put(lambda rest: self._place(rest, ticker, wish))

    def amend(self, ticker: str, wish: AmendOrder) -> None:
        """Send an amendment."""
        # From here on, and not only when a worker has time for it, nothing else is concluded about the order.
        with self._lock:
            self._orders.amend_sent(wish)
        self._jobs.put(lambda rest: self._amend(rest, ticker, wish))

    def cancel(self, ticker: str, wish: CancelOrder) -> None:
        """Send a cancellation."""
        with self._lock:
            self._orders.cancel_sent(wish.client_order_id)
        self._jobs.put(lambda rest: self._cancel(rest, ticker, wish))

    def cancel_many(self, wishes: tuple[tuple[str, CancelOrder], ...]) -> None:
        """Send several cancellations as one."""
        with self._lock:
            for _, wish in wishes:
                self._orders.cancel_sent(wish.client_order_id)
        self._jobs.put(lambda rest: self._cancel_many(rest, wishes))

    def renew(self, ticker: str, wish: RenewOrder) -> None:
        """Send a later expiry."""
        with self._lock:
            self._orders.renew_sent(wish.client_order_id)
        self._jobs.put(lambda rest: self._renew(rest, ticker, wish))

    def resend(self, ticker: str, wish: ResendOrder) -> None:
        """Send an order again, under its own id."""
        with self._lock:
            self._orders.resend_sent(wish.client_order_id, self._clock.now())
        self._jobs.put(lambda rest: self._resend(rest, ticker, wish))

    def due(self, now: Timestamp) -> tuple[tuple[str, RenewOrder | ResendOrder], ...]:
        """What has to be prolonged or sent again now."""
        with self._lock:
            return tuple(self._orders.due(now))

    def trip_fuse(self) -> None:
        """Have the venue withdraw and refuse entries."""
        self._fuse.trip()

    def mend_fuse(self) -> None:
        """Have the venue take entries again."""
        self._fuse.mend()

    def look(self) -> None:
        """Read the venue's list; from now on nothing is sent again or prolonged."""
        with self._lock:
            self._orders.is_closing = True
        self._sweeper.look()

    def withdraw_everything(self) -> tuple[ClientOrderId, ...] | None:
        """By a connection of its own and the venue's list alone; the fuse takes the entries meanwhile."""
        self._fuse.trip()
        rest = self._venue.open_rest()
        try:
            left = withdraw_everything(rest, self._orders.is_ours, timeout_s=LAST_RESORT_S)
        finally:
            rest.close()
        return None if left is None else tuple(order.client_order_id for order in left)

    # --- what the workers do ------------------------------------------------------------------------------------

    def _work(self) -> None:
        rest = self._venue.open_rest()
        try:
            while (job := self._jobs.get()) is not None:
                job(rest)
        except Exception as error:  # noqa: BLE001 - firewall of the thread: the door must hear that a worker is gone
            self._broken("an order worker", error)
        finally:
            rest.close()

    def _place(self, rest: TradingRest, ticker: str, wish: PlaceOrder) -> None:
        with self._lock:
            group_id = self._fuse.group_id(self._shards[ticker]) if wish.role is Role.ENTRY else None
            refusal = self._held_back(ticker, wish, group_id)
            if refusal is not None:
                now = self._clock.now()
                code, text = refusal
                about: dict[str, Any] = {"ticker": ticker, "client_order_id": wish.client_order_id}
                self._news.answer(Rejected(**about, at=now, code=code, text=text, is_judged=False))
                self._news.answer(RequestDone(**about, at=now))
                return
            order = self._orders.place_sent(ticker, wish, self._clock.now())
            terms = OrderTerms(expiration_s=_seconds(order.expires_at), group_id=group_id)
        outcome = _guarded(lambda: rest.create_order(ticker, wish, terms))
        self._finish(ticker, wish.client_order_id, lambda now: self._orders.placed(wish.client_order_id, outcome, now))

    def _held_back(self, ticker: str, wish: PlaceOrder, group_id: str | None) -> tuple[str, str] | None:
        """Why an entry may not leave after all: what was learned since the gate let it through."""
        if wish.role is not Role.ENTRY:
            return None
        if group_id is None:
            return "order_group", "the fuse at the venue is out"
        if self._terms.entries_only_when_flat and self._orders.net(ticker):
            return "fill_heard", "a fill of this market was heard meanwhile"
        return None

    def _amend(self, rest: TradingRest, ticker: str, wish: AmendOrder) -> None:
        with self._lock:
            order = self._orders.find(wish.client_order_id)
            if order.is_over:
                self._finish(
                    ticker, wish.client_order_id, lambda now: self._orders.amended(order.client_order_id, None, now)
                )
                return
            venue_id = order.venue_id
        assert venue_id is not None  # only what the venue acknowledged is amended
        outcome = _guarded(
            lambda: rest.amend_order(venue_id, ticker, order.wish.side, wish.price, wish.size, wish.client_order_id)
        )
        self._finish(ticker, wish.client_order_id, lambda now: self._orders.amended(wish.client_order_id, outcome, now))

    def _cancel(self, rest: TradingRest, ticker: str, wish: CancelOrder) -> None:
        with self._lock:
            if self._is_over(ticker, wish.client_order_id):
                return
            venue_id = self._orders.find(wish.client_order_id).venue_id
        outcome = None if venue_id is None else _guarded(lambda: rest.cancel_order(venue_id, ticker))
        self._finish(
            ticker, wish.client_order_id, lambda now: self._orders.canceled(wish.client_order_id, outcome, now)
        )

    def _cancel_many(self, rest: TradingRest, wishes: tuple[tuple[str, CancelOrder], ...]) -> None:
        named: list[tuple[str, CancelOrder, str]] = []
        for ticker, wish in wishes:
            with self._lock:
                venue_id = self._orders.find(wish.client_order_id).venue_id
                is_sendable = venue_id is not None and not self._is_over(ticker, wish.client_order_id)
            if venue_id is None:
                self._cancel(rest, ticker, wish)
            elif is_sendable:
                named.append((ticker, wish, venue_id))
        outcomes = _guarded(lambda: rest.cancel_orders([(venue_id, ticker) for ticker, _, venue_id in named]))
        for number, (ticker, wish, _) in enumerate(named):
            outcome = outcomes if isinstance(outcomes, Unknown) else outcomes[number]
            learn = partial(self._orders.canceled, wish.client_order_id, outcome)
            self._finish(ticker, wish.client_order_id, learn)

    def _renew(self, rest: TradingRest, ticker: str, wish: RenewOrder) -> None:
        with self._lock:
            if self._is_over(ticker, wish.client_order_id):
                return
            order = self._orders.find(wish.client_order_id)
            venue_id, price, size = order.venue_id, order.price, order.size
            expires_at = self._orders.expiry(order.wish, self._clock.now())
        assert venue_id is not None  # only what the venue acknowledged is prolonged
        assert expires_at is not None  # and only what rests
        outcome = _guarded(
            lambda: rest.amend_order(
                venue_id, ticker, order.wish.side, price, size, wish.client_order_id, expires_at // SECOND
            ),
        )  # fmt: skip
        self._finish(
            ticker,
            wish.client_order_id,
            lambda now: self._orders.renewed(wish.client_order_id, outcome, expires_at, now),
        )

    def _resend(self, rest: TradingRest, ticker: str, wish: ResendOrder) -> None:
        with self._lock:
            if self._is_over(ticker, wish.client_order_id):
                return
            # The expiry is counted anew: the request may have waited for a worker.
            order = self._orders.resend_sent(wish.client_order_id, self._clock.now())
            expiration_s = _seconds(order.expires_at)
        outcome = _guarded(
            lambda: rest.create_order(ticker, order.wish, OrderTerms(expiration_s=expiration_s)),
        )
        self._finish(ticker, wish.client_order_id, lambda now: self._orders.placed(wish.client_order_id, outcome, now))

    def _is_over(self, ticker: str, client_order_id: ClientOrderId) -> bool:
        """Whether the order ended while the command waited: then there is nothing to send."""
        if not self._orders.find(client_order_id).is_over:
            return False
        self._news.answer(RequestDone(ticker=ticker, client_order_id=client_order_id, at=self._clock.now()))
        return True

    def _finish(self, ticker: str, client_order_id: ClientOrderId, learn: Callable[[Timestamp], News]) -> None:
        with self._lock:
            now = self._clock.now()
            self._tell(learn(now))
            self._news.answer(RequestDone(ticker=ticker, client_order_id=client_order_id, at=now))

    def _tell(self, news: News) -> None:
        for answer in news:
            self._news.answer(answer)
            if isinstance(answer, Filled):
                self._last_fill_at[answer.ticker] = self._clock.now()
        if self._orders.needs_a_look:
            self._sweeper.ask()

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
                self._tell(self._orders.heard(event, now))
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

    def _fuse_triggered(self, shard: int, is_out: bool) -> None:
        self._news.fuse(shard, is_out)

    # --- sweeps: the sweeper's thread ---------------------------------------------------------------------------

    def look_ups(self, resting: tuple[VenueOrder, ...]) -> LookUps:
        """What the list of resting orders leaves open."""
        with self._lock:
            return self._orders.look_ups(resting, self._clock.now())

    def swept(self, sweep: Sweep, *, answers_look: bool) -> bool:
        """Take what was found; True when something is still in doubt."""
        with self._lock:
            now = self._clock.now()
            for answer in self._orders.swept(sweep, now):
                self._news.answer(answer)
                if isinstance(answer, Filled):
                    self._last_fill_at[answer.ticker] = now
            self._withdraw_strays()
            self._tell_past(sweep)
            if answers_look:
                self._news.answer(OpenOrdersSeen(self._still_open(sweep)))
            if sweep.positions is not None:
                self._tell_positions(sweep.positions, sweep.as_of)
            self._failure_told, self._read_at_ns = "", self._clock.monotonic_ns()
            self._has_swept = self._live_since is not None and sweep.as_of > self._live_since + CLOCK_MARGIN
            self._tell_readiness()
            return self._orders.needs_a_look or (self._live_since is not None and not self._has_swept)

    def sweep_failed(self, reason: str, *, answers_look: bool) -> None:
        """The venue could not be read; told once while the reason stays the same."""
        with self._lock:
            if answers_look:
                self._news.answer(OpenOrdersSeen(None))
            if reason != self._failure_told:
                self._failure_told = reason
                self._say(f"the venue's lists cannot be read: {reason}")
            if self._clock.monotonic_ns() - self._read_at_ns > UNREAD_INTERVALS_MAX * self._terms.backfill_interval:
                self._has_swept = False
                self._tell_readiness()

    def sweeper_broke(self, error: Exception) -> None:
        """The sweeper's thread is gone."""
        self._broken("the sweeper", error)

    def still_used(self, resting: tuple[VenueOrder, ...]) -> frozenset[str]:
        """Markets in which an order of an earlier run rests; it is withdrawn."""
        with self._lock:
            tickers = self._orders.strays_in(resting)
            self._withdraw_strays()
            return tickers

    def loaded(self, ticker: str, fills: tuple[VenueFill, ...], net: Size) -> None:
        """Make the position of what the venue has on record, lot by lot, and compare."""
        position = Position()
        for fill in reversed(fills):
            position, _ = position.after_fill(
                trade_id=fill.trade_id, side=fill.side, price=fill.price, size=fill.size, fee=fill.fee, at=fill.at
            )
        position = _of_this_run(position)
        with self._lock:
            self._orders.start_from(ticker, position.net, position.trade_ids)
            self._news.answer(MarketLoaded(ticker=ticker, position=position))
        if position.net != net:
            self._say(f"{ticker}: the venue's fills come to {position.net}, its position is {net}")

    def _withdraw_strays(self) -> None:
        for venue_id, ticker in self._orders.strays.items():
            self._say(f"{ticker}: order {venue_id} of ours rests and is not ours to keep; it is cancelled")
            self._jobs.put(partial(_cancel_stray, venue_id, ticker))
        self._orders.strays.clear()

    def _tell_past(self, sweep: Sweep) -> None:
        """Orders of earlier runs, once none of them rests and no request of theirs can still be on its way."""
        rests = any(shown.client_order_id in self._previous for shown in sweep.resting)
        if self._previous and not rests and sweep.as_of > self._past_after:
            self._news.past(self._previous)
            self._previous = frozenset()

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
            ticker for ticker in self._shards if self._last_fill_at.get(ticker, Timestamp(0)) < as_of - QUIET_NS
        ]  # fmt: skip
        self._news.answer(PositionsSeen(tuple((ticker, shown.get(ticker, Size(0))) for ticker in quiet)))

    def _tell_readiness(self) -> None:
        is_ready = self._live_since is not None and self._has_swept
        if is_ready != self._was_ready:
            self._was_ready = is_ready
            self._news.readiness(is_ready)

    def _broken(self, what: str, error: Exception) -> None:
        self._news.answer(GatewayBroken(f"{what}: {type(error).__name__}: {error}"))

    def _say(self, message: str) -> None:
        self._news.record(LibraryLog(at=self._clock.now(), logger="edgelock.live", severity="WARNING", message=message))


def _of_this_run(position: Position) -> Position:
    """What was realised before belongs to earlier runs."""
    return Position(position.sign, position.lots, Money(0), Money(0), position.trade_ids)


def _seconds(at: Timestamp | None) -> int | None:
    return None if at is None else at // SECOND


def _guarded(call: Callable[[], _Outcome]) -> _Outcome | Unknown:
    """What the venue's answer proves; a failure of ours on the way proves nothing, and must not end the worker."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - the request may have been sent: whatever failed, its fate is unknown
        return Unknown(f"{type(error).__name__} while sending or reading")


def _cancel_stray(venue_id: str, ticker: str, rest: TradingRest) -> None:
    """What came of it, the next sweep shows."""
    rest.cancel_order(venue_id, ticker)
