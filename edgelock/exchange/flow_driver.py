"""Plays a flow into the engine in step with the exchange's clock, and keeps the engine's own deadlines.

When the machine cannot keep up, everything due is applied in batches and the event loop gets its turn between them:
time is never skipped and never slowed. After the last action the markets still open are closed, so that clients see
the end, and the deadlines (expiries, payouts) go on.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator

from edgelock.core.units import SECOND, Timestamp
from edgelock.exchange.engine import Engine
from edgelock.exchange.exchange_clock import ExchangeClock
from edgelock.exchange.flow import Action, Flow, MarketPhase, TimedAction
from edgelock.exchange.house_traders import HouseTraders
from edgelock.exchange.market import ENDED

_BATCH = 200
_WAIT_MAX_S = 0.05

_log = logging.getLogger(__name__)


class FlowDriver:
    """Applies one flow. `publish` is called after every batch that may have made facts.

    applied        actions applied so far
    applied_until  the time of the last one
    """

    def __init__(self, flow: Flow, engine: Engine, clock: ExchangeClock, publish: Callable[[], None]) -> None:
        self._actions: Iterator[TimedAction] = flow.actions()
        self._engine = engine
        self._clock = clock
        self._publish = publish
        self._house = HouseTraders(engine)
        self._next: TimedAction | None = next(self._actions, None)
        self.applied = 0
        self.applied_until = flow.starts_at
        self.is_exhausted = False

    def catch_up(self) -> None:
        """Apply everything due by now, before there is anyone to serve."""
        now = self._clock.now()
        while self._next is not None and self._next.at <= now:
            self.apply_due()

    async def run(self) -> None:
        """Drive until canceled."""
        while True:
            await asyncio.sleep(self._wait_s())
            self.apply_due()

    def apply_due(self) -> None:
        """Apply what is due by now, at most one batch of it."""
        now = self._clock.now()
        for _ in range(_BATCH):
            if self._next is None or self._next.at > now:
                break
            self._house.apply(self._next.action, self._next.at)
            self.applied += 1
            self.applied_until = self._next.at
            self._next = next(self._actions, None)
        else:
            self._publish()
            return
        self._engine.advance(now)
        if self._next is None and not self.is_exhausted:
            self._end(now)
        self._publish()

    def intervene(self, action: Action) -> None:
        """Do something now that is not in the flow: pause a market, settle it, change its fees.

        Raises KeyError for a market or event that is not listed, IllegalMarketChange for a step it cannot take.
        """
        self._house.intervene(action, self._engine.advance(self._clock.now()))
        self._publish()

    def _wait_s(self) -> float:
        """Real seconds until something is due, bounded so that members' new expiries are not slept through."""
        due = [at for at in (self._next.at if self._next else None, self._engine.next_due()) if at is not None]
        return min([_WAIT_MAX_S, *(self._clock.real_seconds_until(Timestamp(at)) for at in due)])

    def _end(self, now: Timestamp) -> None:
        self.is_exhausted = True
        for ticker, market in self._engine.markets.items():
            if market.status not in ENDED:
                self._engine.change_phase(ticker, MarketPhase.CLOSED, now)
        _log.info("flow exhausted", extra={"applied": self.applied, "exchange_s": now // SECOND})
