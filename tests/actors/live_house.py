"""The live gateway against an exchange on real sockets, with the desks of a door and nothing else between them.

The door here does what the real one does with an order: it keeps the record by the gateway's news and by nothing
else, has one request a market under way, and takes up what is due. It decides nothing.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from edgelock.actors.journaled_past import NoPast, Past
from edgelock.actors.live_gateway import LiveGateway
from edgelock.actors.live_terms import STUCK_AFTER, LiveNews, LiveTerms, LiveVenue
from edgelock.actors.order_desk import OrderDesk
from edgelock.actors.order_gateway import (
    EarlierOrdersOver,
    Filled,
    GatewayBroken,
    MarketLoaded,
    OpenOrdersSeen,
    PositionsSeen,
    RenewOrder,
    RequestDone,
    ResendOrder,
)
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import CancelReason, Kind, Order, OrderState, Role, TimeInForce
from edgelock.core.recovery import Recovery
from edgelock.core.units import SECOND, Duration, Price, Size, Timestamp
from edgelock.exchange.exchange_clock import ExchangeClock
from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.rest_call import CallLimits
from edgelock.kalshi.signing import Credentials
from tests.actors.trading_doubles import Letterbox
from tests.core.builders import a_market
from tests.exchange.engine_builders import FlowScript
from tests.exchange.served import Served, serving

PATIENCE_S = 60
UPKEEP_S = 0.02
RUN = "liverun"


class SharedClock:
    """The exchange's own clock, as the bot's engine time."""

    def __init__(self, clock: ExchangeClock) -> None:
        self._clock = clock

    def now(self) -> Timestamp:
        return self._clock.now()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def real_delay_ns(self, until: Timestamp) -> int:
        return round(self._clock.real_seconds_until(until) * SECOND)


class LiveHouse:
    """Its coroutines run in the exchange's own loop; the gateway's threads hand their news over.

    ledgers, by ticker, are `desks[ticker].ledger`; `said` is what the gateway logged, `pasts` what it found of every
    market, `over` the earlier orders that it told to be over.
    """

    def __init__(
        self,
        served: Served,
        *,
        entry_life_s: int = 600,
        exit_life_s: int = 3600,
        workers: int = 8,
        past: Past | None = None,
        stuck_after: Duration = STUCK_AFTER,
    ) -> None:
        self._may_break = stuck_after != STUCK_AFTER
        self._loop = asyncio.get_running_loop()
        self._news: deque[Any] = deque()
        self._has_come = asyncio.Event()
        self._placed = 0
        self.clock = SharedClock(served.exchange.clock)
        self.desks: dict[str, OrderDesk] = {}
        self.seen: list[OpenOrdersSeen | PositionsSeen] = []
        self.readiness: list[bool] = []
        self.said: list[str] = []
        self.over: frozenset[str] = frozenset()
        self.pasts: dict[str, Recovery] = {}
        self.broken: list[str] = []
        credentials = Credentials(served.ann._key_id, served.ann._key)
        limits = CallLimits(connect_s=2, read_s=2, deadline_s=2, attempts_max=1)
        self.gateway = LiveGateway(
            run=RUN,
            past=past or NoPast(),
            counted_from=self.clock.now(),
            terms=LiveTerms(
                entry_life=Duration(entry_life_s * SECOND),
                exit_life=Duration(exit_life_s * SECOND),
                group_limit=Size(100_000_000),
                max_in_flight=workers,
                backfill_interval=Duration(SECOND // 2),
                entries_only_when_flat=False,
                stuck_after=stuck_after,
            ),
            venue=LiveVenue(
                open_rest=(
                    connect := lambda: TradingRest(
                        f"{served.ann.origin}/trade-api/v2", credentials, rng=random.Random(1), limits=limits
                    )
                ),
                open_fuse=connect,
                ws_url=f"{served.ann.origin.replace('http', 'ws')}/trade-api/ws/v2",
                credentials=credentials,
                rng=random.Random(2),
            ),
            news=LiveNews(
                answer=self._hand_over,
                readiness=lambda is_ready: self._hand_over(is_ready),
                fuse=lambda *_: None,
                record=lambda record: self.said.append(str(record)),
            ),
            clock=self.clock,
        )

    def _hand_over(self, item: object) -> None:
        self._loop.call_soon_threadsafe(self._comes, item)

    def _comes(self, item: object) -> None:
        self._news.append(item)
        self._has_come.set()

    # --- what a door does ---

    def open_desk(self, ticker: str) -> None:
        market = a_market(ticker=ticker)
        self.desks[ticker] = OrderDesk(market=market, subscriber=Letterbox(ticker).address)
        self.gateway.add_market(market)

    def submit(self, ticker: str, wish: PlaceOrder | AmendOrder | CancelOrder | RenewOrder | ResendOrder) -> None:
        self.desks[ticker].queue.append(wish)
        self._send_next(self.desks[ticker])

    def _send_next(self, desk: OrderDesk) -> None:
        while desk.queue and desk.in_flight is None:
            wish = desk.queue.popleft()
            if desk.is_pointless(wish):
                continue
            desk.sent(wish, self.clock.now())
            ticker = desk.market.ticker
            match wish:
                case PlaceOrder():
                    self.gateway.place(ticker, wish)
                case AmendOrder():
                    self.gateway.amend(ticker, wish)
                case CancelOrder():
                    self.gateway.cancel(ticker, wish)
                case RenewOrder():
                    self.gateway.renew(ticker, wish)
                case ResendOrder():
                    self.gateway.resend(ticker, wish)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Take in what comes until the condition holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                if self._news:
                    self._take(self._news.popleft())
                    continue
                self._has_come.clear()
                try:
                    await asyncio.wait_for(self._has_come.wait(), UPKEEP_S)
                except TimeoutError:
                    self._take_up_what_is_due()

    def _take_up_what_is_due(self) -> None:
        for ticker, wish in self.gateway.due(self.clock.now()):
            if self.desks[ticker].is_idle():
                self.submit(ticker, wish)

    def _take(self, item: Any) -> None:
        match item:
            case bool():
                self.readiness.append(item)
            case OpenOrdersSeen() | PositionsSeen():
                self.seen.append(item)
            case MarketLoaded(ticker, recovery):
                self.pasts[ticker] = recovery
                if ticker in self.desks:
                    self.desks[ticker].loaded(recovery)
            case EarlierOrdersOver(ids):
                self.over |= ids
            case GatewayBroken(reason):
                assert self._may_break, reason
                self.broken.append(reason)
            case RequestDone(ticker=ticker, client_order_id=name):
                self.desks[ticker].request_done(name)
                self._send_next(self.desks[ticker])
            case _:
                desk = self.desks[item.ticker]
                assert not (isinstance(item, Filled) and item.trade_id in desk.ledger.position.trade_ids)
                desk.learned(item)

    # --- what a market wishes ---

    def order(
        self, ticker: str, side: Side, price: int, contracts: int, *, role: Role = Role.ENTRY, waits: bool = True
    ):
        """The id of an order just wished for; price in cents."""
        self._placed += 1
        name = f"{RUN}-{self._placed}"
        tif = TimeInForce.GOOD_TILL_CANCELED if waits else TimeInForce.IMMEDIATE_OR_CANCEL
        self.submit(
            ticker,
            PlaceOrder(
                client_order_id=name,
                side=side,
                price=Price(price * 100),
                size=Size(contracts * 100),
                role=role,
                kind=Kind.QUOTE,
                time_in_force=tif,
                post_only=False,
                skew="FLAT",
            ),
        )
        return name

    def amend(self, ticker: str, name: str, price: int, contracts: int) -> None:
        size = Size(contracts * 100)
        reason = CancelReason.EXIT
        self.submit(ticker, AmendOrder(client_order_id=name, price=Price(price * 100), size=size, reason=reason))

    def cancel(self, ticker: str, name: str) -> None:
        self.submit(ticker, CancelOrder(client_order_id=name, reason=CancelReason.EXIT))

    def known(self, ticker: str, name: str) -> Order:
        order = self.desks[ticker].knows(name)
        assert order is not None
        return order

    async def settled(self, ticker: str, name: str) -> OrderState:
        """Wait until nothing about the order is under way or unknown; where it stands then."""
        desk = self.desks[ticker]
        await self.until(lambda: desk.is_idle() and not self.known(ticker, name).state.is_in_flight)
        return self.known(ticker, name).state


def tickers(number: int) -> list[str]:
    return [f"KXNHLGAME-26NOV22VGKMIN-T{n}" for n in range(number)]


def flow_of(names: list[str]) -> FlowScript:
    script = FlowScript()
    for name in names:
        script.opened_market(name)
    return script.lasting(names[0])


@asynccontextmanager
async def live_house(
    markets: int, *, speed: float = 20.0, log: Path | None = None, **options: Any
) -> AsyncIterator[tuple[Served, LiveHouse]]:
    """A house with loaded desks in so many markets, ready for entries."""
    names = tickers(markets)
    async with serving(flow_of(names).flow(), speed=speed, request_log=log) as served:
        house = LiveHouse(served, **options)
        for name in names:
            house.open_desk(name)
        house.gateway.start()
        try:
            await house.until(lambda: house.readiness[-1:] == [True] and house.gateway.takes_entries)
            await house.until(lambda: all(desk.is_loaded for desk in house.desks.values()))
            yield served, house
        finally:
            await asyncio.to_thread(house.gateway.stop)
