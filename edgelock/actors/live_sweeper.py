"""The thread that looks at the venue's lists: when something is in doubt, after every gap, and now and then anyway.

A look that fails is repeated soon; nothing is concluded from it.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from edgelock.actors.clock import monotonic_s
from edgelock.actors.live_past import is_paid_out
from edgelock.actors.sweep import LookUps, MarketPast, Sweep
from edgelock.core.units import SECOND, Duration, Size, Timestamp
from edgelock.kalshi.account import Settlement, VenueOrder
from edgelock.kalshi.rest import KalshiRest
from edgelock.kalshi.rest_call import VenueUnreachable
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_error import VenueError

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0
"""Between two looks while something stays in doubt; they begin close together and grow apart."""
TICKERS_AT_ONCE = 100
"""As many tickers as one read of fills may name (venue reference §8.1)."""
_NOT_FOUND = 404
_FAILURES = (VenueError, VenueUnreachable, WireError)


class SweepDesk(Protocol):
    """Who knows what to look for, and what to make of it. Called on the sweeper's thread."""

    def look_ups(self, resting: tuple[VenueOrder, ...]) -> LookUps:
        """What the list of resting orders leaves open."""
        ...

    def swept(self, sweep: Sweep, *, answers_look: bool) -> bool:
        """Take what was found; True when something is still in doubt. answers_look: somebody waits for the list."""
        ...

    def sweep_failed(self, reason: str, *, answers_look: bool) -> None:
        """The venue could not be read."""
        ...

    def sweeper_broke(self, error: Exception) -> None:
        """The thread ends: what the desk made of a look has failed."""
        ...

    def still_used(self, resting: tuple[VenueOrder, ...]) -> frozenset[str]:
        """Markets whose past is not over yet: something of an earlier run rests there, and may still fill."""
        ...

    def orders_since_s(self, ticker: str) -> int | None:
        """Unix seconds from which on the orders of a market have to be listed; None when none has to be."""
        ...

    def payouts_since_s(self) -> int | None:
        """Unix seconds from which on payouts have to be listed, once; None when that was done."""
        ...

    def paid_out(self, settlements: tuple[Settlement, ...]) -> None:
        """What the venue has paid since then."""
        ...

    def loaded(self, past: MarketPast) -> bool:
        """What the venue has on a market; False when it has to be read again."""
        ...


class LookPacing:
    """When the next look is due. Seconds of one monotonic clock.

    interval_s  between two full sweeps when nothing is in doubt
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._next_full = 0.0
        self._pause = FIRST_PAUSE_S

    def is_full_due(self, now: float) -> bool:
        """Whether everything is to be read, or only what a doubt needs."""
        return now >= self._next_full

    def looked(self, now: float, *, was_full: bool, is_in_doubt: bool) -> float:
        """How long to wait after a look; in doubt, each wait is twice the last one."""
        if was_full:
            self._next_full = now + self._interval_s
        if not is_in_doubt:
            self._pause = FIRST_PAUSE_S
            return max(self._next_full - now, 0.0)
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE_S)
        return pause


class LiveSweeper:
    """`ask` for a sweep, `look` for the list of resting orders, `load` a market's past; all return at once.

    interval  real time between two sweeps when nothing asks for one
    """

    def __init__(
        self,
        open_rest: Callable[[], KalshiRest],
        desk: SweepDesk,
        *,
        interval: Duration,
        monotonic: Callable[[], float] = monotonic_s,
    ) -> None:
        self._open_rest = open_rest
        self._desk = desk
        self._pacing = LookPacing(interval / SECOND)
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._wanted: set[str] = set()
        self._is_asked = True
        self._is_looked_for = False
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="live-sweeper", daemon=True)

    def start(self) -> None:
        """Begin, with a first sweep."""
        self._thread.start()

    def end(self) -> None:
        """Stop looking after the present read."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()

    def join(self, deadline: float) -> None:
        """Wait until its thread has ended, at most until then (monotonic seconds)."""
        if self._thread.ident is not None:
            self._thread.join(max(deadline - self._monotonic(), 0))

    def ask(self) -> None:
        """Something is in doubt, or may have been missed."""
        with self._changed:
            self._is_asked = True
            self._changed.notify_all()

    def look(self) -> None:
        """Somebody waits for the venue's list of resting orders."""
        with self._changed:
            self._is_looked_for = True
            self._changed.notify_all()

    def load(self, ticker: str) -> None:
        """Read what happened in a market before."""
        with self._changed:
            self._wanted.add(ticker)
            self._changed.notify_all()

    def _run(self) -> None:
        rest = self._open_rest()
        try:
            while not self._is_stopping:
                is_full = self._pacing.is_full_due(self._monotonic())
                is_in_doubt = self._work(rest, is_full=is_full)
                seconds = self._pacing.looked(self._monotonic(), was_full=is_full, is_in_doubt=is_in_doubt)
                self._pause(seconds, is_in_doubt=is_in_doubt)
        except Exception as error:  # noqa: BLE001 - firewall of the thread: the door must hear that nobody looks now
            self._desk.sweeper_broke(error)
        finally:
            rest.close()

    def _pause(self, seconds: float, *, is_in_doubt: bool) -> None:
        with self._changed:
            if is_in_doubt:
                # Asking more often than this brings nothing new, whoever asks; only the end is quicker.
                self._changed.wait_for(lambda: self._is_stopping, seconds)
                self._is_asked = True
            else:
                self._changed.wait_for(self._has_work, seconds)

    def _has_work(self) -> bool:
        return self._is_stopping or self._is_asked or self._is_looked_for or bool(self._wanted)

    def _work(self, rest: KalshiRest, *, is_full: bool) -> bool:
        """What is due now; True when something stays in doubt or could not be read."""
        with self._changed:
            wanted, self._wanted = self._wanted, set()
            is_asked, self._is_asked = self._is_asked or is_full, False
            is_looked_for, self._is_looked_for = self._is_looked_for, False
        is_in_doubt = bool(wanted) and not self._load(rest, sorted(wanted))
        if is_asked or is_looked_for:
            try:
                sweep = self._sweep(rest, is_full=is_full)
            except _FAILURES as error:
                self._desk.sweep_failed(str(error), answers_look=is_looked_for)
                return True
            is_in_doubt = self._desk.swept(sweep, answers_look=is_looked_for) or is_in_doubt
        return is_in_doubt

    def _load(self, rest: KalshiRest, tickers: list[str]) -> bool:
        """Several markets at once cost no more than one; those that could not be read yet are asked for again."""
        left = set(tickers)
        try:
            self._look_for_payouts(rest)
            as_of = rest.user_data_timestamp()
            still_used = self._desk.still_used(rest.orders(status="resting"))
            nets = {position.ticker: position.net for position in rest.positions()}
            ready = [ticker for ticker in tickers if ticker not in still_used]
            while ready:
                for past in _pasts(rest, ready[:TICKERS_AT_ONCE], as_of, nets, self._desk.orders_since_s):
                    if self._desk.loaded(past):
                        left.discard(past.ticker)
                ready = ready[TICKERS_AT_ONCE:]
        except _FAILURES as error:
            self._desk.sweep_failed(str(error), answers_look=False)
        for ticker in left:
            self.load(ticker)
        return not left

    def _look_for_payouts(self, rest: KalshiRest) -> None:
        since_s = self._desk.payouts_since_s()
        if since_s is not None:
            self._desk.paid_out(rest.settlements(since_s=since_s))

    def _sweep(self, rest: KalshiRest, *, is_full: bool) -> Sweep:
        # Its age first and the fills last: every list is at least as new as the age says, and every fill that an
        # order's own record counts is among the fills.
        as_of = rest.user_data_timestamp()
        resting = rest.orders(status="resting")
        wanted = self._desk.look_ups(resting)
        looked_up = {order_id: _look_up(rest, order_id) for order_id in wanted.order_ids}
        listed = {ticker: rest.orders(ticker=ticker, since_s=wanted.orders_since_s) for ticker in wanted.tickers}
        return Sweep(
            as_of=as_of,
            resting=resting,
            looked_up=looked_up,
            listed=listed,
            queue=rest.queue_positions(_tickers(resting)) if is_full and resting else (),
            positions=tuple((p.ticker, p.net) for p in rest.positions()) if is_full else None,
            fills=rest.fills(since_s=wanted.fills_since_s),
        )


def _pasts(
    rest: KalshiRest,
    tickers: list[str],
    as_of: Timestamp,
    nets: Mapping[str, Size],
    orders_since_s: Callable[[str], int | None],
) -> Iterator[MarketPast]:
    """What the venue has on each of these markets. The fills are read after everything that counts them."""
    since = {ticker: orders_since_s(ticker) for ticker in tickers}
    orders = {ticker: rest.orders(ticker=ticker, since_s=at) for ticker, at in since.items() if at is not None}
    fills = rest.fills(ticker=",".join(tickers))
    for ticker in tickers:
        ours, net = tuple(fill for fill in fills if fill.ticker == ticker), nets.get(ticker, Size(0))
        paid = rest.settlements(ticker=ticker) if is_paid_out(net, ours) else ()
        yield MarketPast(
            ticker=ticker,
            as_of=as_of,
            fills=ours,
            net=net,
            orders=orders.get(ticker, ()),
            settlement=paid[0] if paid else None,
        )


def _look_up(rest: KalshiRest, order_id: str) -> VenueOrder | None:
    try:
        return rest.order(order_id)
    except VenueError as error:
        if error.status == _NOT_FOUND:
            return None
        raise


def _tickers(orders: Iterable[VenueOrder]) -> list[str]:
    return sorted({order.ticker for order in orders})
