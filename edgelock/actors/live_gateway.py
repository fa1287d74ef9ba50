"""Real orders: commands go to the venue from a few worker threads, and what the venue proves comes back as news.

`LiveOrders` does the thinking, behind one lock; this puts its body together: workers that send and wait
(`LiveCommands`), the desk that listens and looks (`LiveDesk`), and the fuse.
"""

import threading

from edgelock.actors.clock import Clock, monotonic_s
from edgelock.actors.journaled_past import Past
from edgelock.actors.last_resort import withdraw_everything
from edgelock.actors.live_commands import LiveCommands
from edgelock.actors.live_desk import LiveDesk
from edgelock.actors.live_orders import LiveOrders
from edgelock.actors.live_past import LivePast
from edgelock.actors.live_terms import LiveNews, LiveTerms, LiveVenue
from edgelock.actors.order_fuse import OrderFuse
from edgelock.actors.order_gateway import GatewayBroken, RenewOrder, ResendOrder
from edgelock.actors.order_workers import OrderWorkers
from edgelock.actors.send_gate import SendGate
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import Market
from edgelock.core.order import ClientOrderId
from edgelock.core.units import SECOND, Timestamp

UPKEEP_NS = SECOND // 10
LAST_RESORT_S = 8.0
STOP_WITHIN_S = 1.5
"""Real time for all threads together to end; one that hangs in a request is left to itself, with the gate shut."""


class LiveGateway:
    """An OrderGateway to the venue. `start` before the first command, `stop` after the last.

    run           what our client order ids begin with
    past          what our journal knows of earlier lives and runs: orders of theirs that rest are withdrawn
    counted_from  engine time from which on results are this run's
    """

    def __init__(
        self, *, run: str, terms: LiveTerms, venue: LiveVenue, news: LiveNews, clock: Clock,
        past: Past, counted_from: Timestamp,
    ) -> None:  # fmt: skip
        self._max_in_flight = terms.max_in_flight
        self._stuck_after_s = terms.stuck_after / SECOND
        self._open_rest = venue.open_rest
        self._clock = clock
        self._lock = threading.RLock()
        self._gate = SendGate()
        self._has_started = self._is_over = self._is_stuck = False
        self._news = news = news.while_open(lambda: self._is_over)
        self._orders = LiveOrders(run, entry_life=terms.entry_life, exit_life=terms.exit_life)
        self._shards: dict[str, int] = {}
        self._fuse = OrderFuse(venue.open_fuse, terms.group_limit, on_triggered=news.fuse, say=self._say)
        self._workers = OrderWorkers(
            venue.open_rest, terms.max_in_flight, gate=self._gate,
            on_broken=lambda error: news.broken("an order worker", error),
        )  # fmt: skip
        self._desk = LiveDesk(
            self._orders, self._lock, clock, venue=venue, news=news, interval=terms.backfill_interval,
            fuse=self._fuse, workers=self._workers,
            past=LivePast(past, counted_from=counted_from, is_ours=self._orders.is_ours, say=self._say),
        )  # fmt: skip
        self._commands = LiveCommands(
            self._orders, self._lock, clock, tell=self._desk.tell, answer=news.answer, group_id=self._group_id,
            entries_only_when_flat=terms.entries_only_when_flat, gate=self._gate,
        )  # fmt: skip

    def start(self) -> None:
        """Read the journal, connect, sweep, and be ready for commands. Asked again, no harm."""
        if self._has_started:
            return
        self._has_started = True
        self._workers.start()
        self._fuse.start()
        self._desk.start()

    def stop(self) -> None:
        """Shut the gate and end every thread. Orders that still rest are the venue's to withdraw, by their expiry."""
        self._is_over = True
        self._gate.shut()
        deadline = monotonic_s() + STOP_WITHIN_S
        for part in (self._workers, self._fuse, self._desk):
            part.end()
        for part in (self._workers, self._fuse, self._desk):
            part.join(deadline)

    # --- commands: the ExchangeActor's thread -------------------------------------------------------------------

    @property
    def max_in_flight(self) -> int:
        """As many as there are workers."""
        return self._max_in_flight

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
        self._desk.add(market.ticker)

    def place(self, ticker: str, wish: PlaceOrder) -> None:
        """Send a new order."""
        self._workers.put(lambda rest: self._commands.place(rest, ticker, wish))

    def amend(self, ticker: str, wish: AmendOrder) -> None:
        """Send an amendment."""
        # From here on, and not only when a worker has time for it, nothing else is concluded about the order.
        with self._lock:
            self._orders.amend_sent(wish)
        self._workers.put(lambda rest: self._commands.amend(rest, ticker, wish))

    def cancel(self, ticker: str, wish: CancelOrder) -> None:
        """Send a cancellation."""
        with self._lock:
            self._orders.cancel_sent(wish.client_order_id)
        self._workers.put(lambda rest: self._commands.cancel(rest, ticker, wish))

    def cancel_many(self, wishes: tuple[tuple[str, CancelOrder], ...]) -> None:
        """Send several cancellations as one."""
        with self._lock:
            for _, wish in wishes:
                self._orders.cancel_sent(wish.client_order_id)
        self._workers.put(lambda rest: self._commands.cancel_many(rest, wishes))

    def renew(self, ticker: str, wish: RenewOrder) -> None:
        """Send a later expiry."""
        with self._lock:
            self._orders.renew_sent(wish.client_order_id)
        self._workers.put(lambda rest: self._commands.renew(rest, ticker, wish))

    def resend(self, ticker: str, wish: ResendOrder) -> None:
        """Send an order again, under its own id."""
        with self._lock:
            self._orders.resend_sent(wish.client_order_id, self._clock.now())
        self._workers.put(lambda rest: self._commands.resend(rest, ticker, wish))

    def due(self, now: Timestamp) -> tuple[tuple[str, RenewOrder | ResendOrder], ...]:
        """What has to be prolonged or sent again now. Asked often, so it is also asked here whether anything hangs."""
        self._desk.check_silence()
        self._check_workers()
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
        self._desk.look()

    def withdraw_everything(self) -> tuple[ClientOrderId, ...] | None:
        """By a connection of its own and the venue's list alone; the fuse takes the entries meanwhile.

        What is under way when the gate is shut may still arrive: it is waited for, and the list is read after that.
        """
        self._fuse.trip()
        self._gate.shut()
        self._gate.wait_idle(STOP_WITHIN_S)
        rest = self._open_rest()
        try:
            left = withdraw_everything(rest, self._orders.is_ours, timeout_s=LAST_RESORT_S)
        finally:
            rest.close()
        return None if left is None else tuple(order.client_order_id for order in left)

    def _group_id(self, ticker: str) -> str | None:
        return self._fuse.group_id(self._shards[ticker])

    def _check_workers(self) -> None:
        """A request that outlives every deadline is not coming back; all that waits for it would wait for ever."""
        longest_s = self._workers.longest_s()
        if longest_s > self._stuck_after_s and not self._is_stuck:
            self._is_stuck = True
            self._news.answer(GatewayBroken(f"an order worker hangs in a request for {longest_s:.0f} s"))

    def _say(self, message: str) -> None:
        self._news.say(message, self._clock.now())
