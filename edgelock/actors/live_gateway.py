"""Real orders: commands go to the venue from a few worker threads, and what the venue proves comes back as news.

`LiveOrders` does the thinking, behind one lock; this puts its body together: workers that send and wait
(`LiveCommands`), the desk that listens and looks (`LiveDesk`), and the fuse.
"""

import threading

from edgelock.actors.clock import Clock
from edgelock.actors.last_resort import withdraw_everything
from edgelock.actors.live_commands import LiveCommands
from edgelock.actors.live_desk import LiveDesk
from edgelock.actors.live_orders import LiveOrders
from edgelock.actors.live_terms import LiveNews, LiveTerms, LiveVenue
from edgelock.actors.order_fuse import OrderFuse
from edgelock.actors.order_gateway import RenewOrder, ResendOrder
from edgelock.actors.order_workers import OrderWorkers
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import Market
from edgelock.core.order import ClientOrderId
from edgelock.core.units import SECOND, Timestamp

UPKEEP_NS = SECOND // 10
LAST_RESORT_S = 8.0


class LiveGateway:
    """An OrderGateway to the venue. `start` before the first command, `stop` after the last.

    run       what our client order ids begin with
    previous  client order ids of earlier runs without a recorded end: whatever of them still rests is withdrawn
    """

    def __init__(
        self, *, run: str, previous: frozenset[ClientOrderId], terms: LiveTerms, venue: LiveVenue, news: LiveNews,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._max_in_flight = terms.max_in_flight
        self._open_rest = venue.open_rest
        self._clock = clock
        self._lock = threading.RLock()
        self._orders = LiveOrders(run, previous, entry_life=terms.entry_life, exit_life=terms.exit_life)
        self._shards: dict[str, int] = {}
        self._fuse = OrderFuse(
            venue.open_fuse, terms.group_limit, on_triggered=news.fuse, say=lambda what: news.say(what, clock.now())
        )
        self._workers = OrderWorkers(
            venue.open_rest, terms.max_in_flight, on_broken=lambda error: news.broken("an order worker", error)
        )
        self._desk = LiveDesk(
            self._orders, self._lock, clock, previous=previous, venue=venue, news=news,
            interval=terms.backfill_interval, fuse=self._fuse, workers=self._workers,
        )  # fmt: skip
        self._commands = LiveCommands(
            self._orders, self._lock, clock, tell=self._desk.tell, answer=news.answer, group_id=self._group_id,
            entries_only_when_flat=terms.entries_only_when_flat,
        )  # fmt: skip

    def start(self) -> None:
        """Connect, sweep, and be ready for commands."""
        self._workers.start()
        self._fuse.start()
        self._desk.start()

    def stop(self) -> None:
        """End every thread. Orders that still rest are the venue's to withdraw, by their expiry."""
        self._desk.stop()
        self._fuse.stop()
        self._workers.stop()

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
        self._desk.look()

    def withdraw_everything(self) -> tuple[ClientOrderId, ...] | None:
        """By a connection of its own and the venue's list alone; the fuse takes the entries meanwhile."""
        self._fuse.trip()
        rest = self._open_rest()
        try:
            left = withdraw_everything(rest, self._orders.is_ours, timeout_s=LAST_RESORT_S)
        finally:
            rest.close()
        return None if left is None else tuple(order.client_order_id for order in left)

    def _group_id(self, ticker: str) -> str | None:
        return self._fuse.group_id(self._shards[ticker])
