"""The actors of one run and how they are wired: the one place that knows everyone.

Infrastructure starts in the order telemetry, exchange, risk, feed and stops in the reverse; markets come and go in
between. Every actor is reached through its address, whoever lives there at the moment.
"""

import queue
import random
from collections.abc import Callable, Iterable, Mapping

from edgelock.actors.address import Address
from edgelock.actors.base import SupervisedActor
from edgelock.actors.child_spec import ChildKind, ChildSpec
from edgelock.actors.clock import EngineClock, monotonic_ns
from edgelock.actors.gate_board import GateBoard
from edgelock.actors.journal import Journal, JournalError
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.market_board import MarketBoard
from edgelock.actors.messages import (
    AddMarket,
    CancelEverything,
    ClockCompared,
    CrashOnPurpose,
    DropMarket,
    ExchangeStatusNews,
    GatewayNews,
    GroupNews,
    GuardMarket,
    HangOnPurpose,
    KillSwitch,
    MarketNews,
    OpenOrdersLeft,
    PositionsToCome,
    PrivateFeedNews,
    Records,
    SettingsNews,
    SettlementNews,
    StopTrading,
    StormNews,
    Unsubscribe,
    UrgentFact,
)
from edgelock.actors.notices import (
    ChildCrashed,
    ChildHung,
    ChildQuarantined,
    InfrastructureRestarting,
    Notice,
    StormHeld,
    StormOver,
)
from edgelock.actors.order_gateway import GatewayAnswer, GatewayNotice, OrderGateway
from edgelock.actors.restart_events import RestartBudget
from edgelock.actors.risk_board import RiskBoard
from edgelock.actors.supervisor import Supervisor
from edgelock.actors.supervisor_messages import AddChild, RemoveChild, RestartChild, StartChildren
from edgelock.actors.telemetry import TelemetryActor
from edgelock.actors.timer import TimerThread
from edgelock.core.exchange_standing import ShardStanding
from edgelock.core.facts import Fact, MarketStatusChanged, PermitChanged, SettingsChanged
from edgelock.core.guardian import OnQuarantine
from edgelock.core.market import Market
from edgelock.core.market_state import RunMode
from edgelock.core.permit import Mode, Permit
from edgelock.core.rate_limit import TokenBucket
from edgelock.core.telemetry import LibraryLog, Record
from edgelock.core.units import SECOND, Duration, Money, Price, Timestamp
from edgelock.kalshi.rest_call import ClockOffset
from edgelock.ops.actor_builders import ActorBuilders, Addresses, Boards, RunTerms
from edgelock.ops.life_notes import LifeNotes
from edgelock.ops.restart_log import MARKET_PREFIX, RestartLog, ticker_of
from edgelock.ops.settings import Settings
from edgelock.ops.standing_news import StandingNews

STOP_TIMEOUT_S = 4.0
CLOSE_TIMEOUT_S = 2.5
LIVE_CLOSE_TIMEOUT_S = 10.0
"""How long the venue may take to confirm that nothing of ours rests; then the run ends with what may still be open."""
ANSWER_TIMEOUT_S = 1.0
NOTES_TIMEOUT_S = 1.0


class TradingSystem:
    """All actors of one run. `start`, add markets, and in the end `close_orders` and `stop`.

    scope  which account and world the run's records belong to
    began  engine time from which on results are this run's
    """

    def __init__(
        self,
        *,
        run: str,
        settings: Settings,
        clock: EngineClock,
        journal: Journal,
        bucket: TokenBucket,
        scope: str,
        began: Timestamp,
        build_gateway: Callable[["TradingSystem", int], OrderGateway],
        build_telemetry: Callable[[Incarnation], TelemetryActor],
        build_feed: Callable[[Incarnation, "TradingSystem"], SupervisedActor],
        escalated: Callable[[Notice], None],
        rng: random.Random,
        redact: Callable[[str], str],
        boards: Boards | None = None,
    ) -> None:
        self.run = run
        self.scope = scope
        self.began = began
        self.clock = clock
        self.settings = settings
        self.addresses = Addresses(*(Address(name) for name in ("telemetry", "exchange", "risk", "feed")))
        self.boards = boards or Boards(markets=MarketBoard(), risk=RiskBoard(), gate=GateBoard())
        self.timer = TimerThread()
        self.life_notes = LifeNotes(journal, failed=self._notes_failed, redact=redact)
        self.restart_log = RestartLog(now=clock.now, record=self.record, run=run, notes=self.life_notes)
        self._journal = journal
        self._standing = StandingNews(self.addresses.risk)
        self._escalated = escalated
        self._run_mode = RunMode(settings.mode)
        self._is_closing = False
        self._markets: dict[str, tuple[Market, Address]] = {}
        self._quarantined: dict[str, None] = {}
        self._build = ActorBuilders(
            RunTerms(
                run=run,
                scope=scope,
                clock=clock,
                journal=journal,
                bucket=bucket,
                timer=self.timer,
                addresses=self.addresses,
                boards=self.boards,
            ),
            settings=lambda: self.settings,
            markets=lambda: tuple(self._markets.values()),
            quarantined=lambda: tuple(self._quarantined),
            build_gateway=lambda generation: build_gateway(self, generation),
            build_feed=lambda life: build_feed(life, self),
            standing=self._standing,
            on_recovered=self.restart_log.recovered,
        )
        self.supervisor = Supervisor(
            infrastructure=(
                self._infrastructure(self.addresses.telemetry, build_telemetry),
                self._infrastructure(self.addresses.exchange, self._build.exchange),
                self._infrastructure(self.addresses.risk, self._build.risk),
                self._infrastructure(self.addresses.feed, self._build.feed),
            ),
            timer=self.timer,
            notices=self._notice,
            monotonic_ns=monotonic_ns,
            jitter=rng.random,
        )

    @property
    def gateway(self) -> OrderGateway:
        """The present one: each life of the door has its own."""
        return self._build.gateway

    # --- what the program does with it ---

    def start(self) -> None:
        """Start the timer, the supervisor and the infrastructure."""
        self.timer.start()
        self.life_notes.start()
        self.supervisor.launch()
        self.supervisor.address.tell(StartChildren())

    def record(self, *records: Record) -> None:
        """Write lines that are not a market's own."""
        self.addresses.telemetry.tell(Records(records))

    def add_market(self, market: Market) -> None:
        """Begin to trade a market, unless the end has begun: the door and the risk side know it before its actor."""
        if self._is_closing:
            return
        address = Address(f"{MARKET_PREFIX}{market.ticker}")
        self._markets[market.ticker] = market, address
        self.addresses.feed.tell(AddMarket(market, address))
        self.addresses.exchange.tell(AddMarket(market, address))
        self.addresses.risk.tell(AddMarket(market, address))
        supervision = self.settings.supervision
        spec = ChildSpec(
            address=address,
            factory=lambda life: self._build.market(life, market),
            kind=ChildKind.ONE_FOR_ONE,
            first_incarnation=self._last_incarnation(market.ticker) + 1,
            hung_after_ns=supervision.hung_after,
            budget=RestartBudget(
                max_restarts=supervision.max_restarts,
                window_ns=supervision.window,
                backoff_base_ns=supervision.backoff_base,
                backoff_cap_ns=supervision.backoff_cap,
                equal_signatures_max=supervision.equal_failures,
            ),
        )
        self.supervisor.address.tell(AddChild(spec))

    def expect_positions(self, tickers: Iterable[str]) -> None:
        """Markets of positions from before that are still to be added; none once all are."""
        self.addresses.exchange.tell(PositionsToCome(frozenset(tickers)))

    def drop_market(self, ticker: str) -> None:
        """Forget a market that is flat and has no orders."""
        self.supervisor.address.tell(RemoveChild(f"{MARKET_PREFIX}{ticker}"))
        self.addresses.feed.tell(Unsubscribe(ticker))
        self.addresses.exchange.tell(DropMarket(ticker))
        self.addresses.risk.tell(DropMarket(ticker))
        self.boards.markets.forget(ticker)
        self._markets.pop(ticker, None)
        self._quarantined.pop(ticker, None)

    def tell_status(self, ticker: str, fact: MarketStatusChanged) -> None:
        """Tell the feed what was learned of a market's status elsewhere; it tells everyone else."""
        self.addresses.feed.tell(MarketNews(ticker, fact))

    def tell_settlement(self, ticker: str, value: Price) -> None:
        """Tell the door that YES was worth `value`."""
        self.addresses.exchange.tell(SettlementNews(ticker, value, self.clock.now()))

    def tell_clock_offset(self, offset: ClockOffset) -> None:
        """Tell the risk side how our clock stands to the venue's."""
        self._standing.tell(ClockCompared(offset.least_ms, offset.most_ms))

    def tickers(self) -> tuple[str, ...]:
        """The markets traded now."""
        return tuple(self._markets)

    def tell_market(self, ticker: str, fact: Fact) -> None:
        """Tell one market a fact that overtakes market data."""
        if ticker in self._markets:
            self._markets[ticker][1].tell(UrgentFact(fact))

    def switch_kill(self, *, on: bool, who: str) -> None:
        """Move the operator's latch."""
        self._build.is_kill_setting_overruled = not on
        self.addresses.risk.tell(KillSwitch(on, who))

    def restart_market(self, ticker: str) -> bool:
        """An operator's wish; False when no such market is traded."""
        if ticker not in self._markets:
            return False
        self._quarantined.pop(ticker, None)
        self.supervisor.address.tell(RestartChild(f"{MARKET_PREFIX}{ticker}"))
        return True

    def crash_market(self, ticker: str, reason: str) -> bool:
        """A fault switch of an embedded run; False when no such market is traded."""
        return ticker in self._markets and self._markets[ticker][1].tell(CrashOnPurpose(reason))

    def hang_market(self, ticker: str, lasts: Duration) -> bool:
        """A fault switch of an embedded run; False when no such market is traded."""
        return ticker in self._markets and self._markets[ticker][1].tell(HangOnPurpose(lasts / SECOND))

    def crash_actor(self, name: str, reason: str) -> None:
        """A fault switch of an embedded run: nobody of the infrastructure knows this message, and so it dies of it."""
        getattr(self.addresses, name).tell(CrashOnPurpose(reason))

    def apply_settings(self, settings: Settings) -> None:
        """Hand the changed numbers to everyone who uses them."""
        self.settings = settings
        self.addresses.exchange.tell(SettingsNews(settings))
        self.addresses.risk.tell(SettingsNews(settings))
        now = self.clock.now()
        for ticker in self.tickers():
            self.tell_market(ticker, SettingsChanged(at=now, settings=settings.strategy_for(ticker)))

    def close_orders(self) -> OpenOrdersLeft | None:
        """Stop deciding, cancel everything, and report what the venue still shows; None when no answer came."""
        self._is_closing = True
        self.addresses.risk.tell(StopTrading())
        stopped = PermitChanged(at=self.clock.now(), permit=Permit(mode=Mode.HALTED, reason="stopping"))
        for ticker in self.tickers():
            # Told here as well, so that no market hears of a cancelled order before it hears of the stop.
            self.tell_market(ticker, stopped)
        patience_s = LIVE_CLOSE_TIMEOUT_S if self._run_mode is RunMode.LIVE else CLOSE_TIMEOUT_S
        give_up_ns = monotonic_ns() + int(patience_s * SECOND)
        answers: queue.SimpleQueue[OpenOrdersLeft] = queue.SimpleQueue()
        if not self.addresses.exchange.tell(CancelEverything(answers.put, give_up_ns)):
            return self._close_without_the_door()
        try:
            return answers.get(timeout=patience_s + ANSWER_TIMEOUT_S)
        except queue.Empty:
            return self._close_without_the_door()

    def _close_without_the_door(self) -> OpenOrdersLeft | None:
        """Positions and results are those that the markets knew last."""
        left = self.gateway.withdraw_everything()
        if left is None:
            return None
        states = self.boards.markets.states()
        return OpenOrdersLeft(
            open_orders=left,
            positions=tuple((s.market.ticker, s.position.net) for s in states if s.position.sign),
            realized=Money(sum(state.position.realized for state in states)),
            is_confirmed=not left,
        )

    def stop(self) -> bool:
        """Stop every actor in reverse start order; False when some did not end in time."""
        ended = self.supervisor.shut_down(STOP_TIMEOUT_S)
        ended = self.life_notes.stop(NOTES_TIMEOUT_S) and ended
        self.gateway.stop()
        return self.timer.stop() and ended

    # --- how the actors are built ---

    def _infrastructure(self, address: Address, factory: Callable[[Incarnation], SupervisedActor]) -> ChildSpec:
        return ChildSpec(address=address, factory=factory, kind=ChildKind.INFRASTRUCTURE)

    def tell_exchange(self, answer: GatewayAnswer | GatewayNotice, generation: int = 1) -> None:
        """What the gateway of one life of the door has to say, for that life."""
        self.addresses.exchange.tell(GatewayNews(answer, generation))

    def tell_readiness(self, is_ready: bool) -> None:
        """Whether the venue's side tells us everything about our orders."""
        self._standing.tell(PrivateFeedNews(is_ready))

    def tell_fuse(self, shard: int, is_out: bool) -> None:
        """Whether the venue itself withdraws and refuses entries."""
        self._standing.tell(GroupNews(shard, is_out))

    def tell_exchange_status(self, shards: Mapping[int, ShardStanding]) -> None:
        """How the venue's shards stand."""
        self._standing.tell(ExchangeStatusNews(shards))

    def _last_incarnation(self, ticker: str) -> int:
        """The number of a market's last life in any process; the run in an order id keeps ids apart without it."""
        try:
            return self._journal.last_incarnation(ticker)
        except JournalError as error:
            self._notes_failed(f"{ticker} counts its lives from 1 again: {error}")
            return 0

    def _notes_failed(self, message: str) -> None:
        self.record(LibraryLog(at=self.clock.now(), logger="edgelock.restart_log", severity="ERROR", message=message))

    def _notice(self, news: Notice) -> None:
        if _takes_down(news, self.addresses.exchange.name):
            # Nobody looks after the orders until the next life of the door does: the venue withdraws the entries.
            self.gateway.trip_fuse()
        if isinstance(news, StormHeld | StormOver):
            self._standing.tell(StormNews(isinstance(news, StormHeld)))
        if isinstance(news, ChildQuarantined) and (ticker := ticker_of(news.name)) is not None:
            self._quarantined[ticker] = None
            policy = OnQuarantine(self.settings.supervision.on_quarantine)
            self.addresses.exchange.tell(GuardMarket(ticker, policy))
        self.restart_log.take(news)
        self._escalated(news)


def _takes_down(news: Notice, name: str) -> bool:
    match news:
        case ChildCrashed() | ChildHung():
            return news.name == name
        case InfrastructureRestarting():
            return name in news.stopped
        case _:
            return False
