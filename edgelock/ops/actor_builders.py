"""How every life of every actor is built. The supervisor calls this in its own thread, so nothing is opened here.

A life that begins in the middle of a run finds in its mailbox what those before it were told: the markets, and how
things stand. The door to the venue gets a gateway of its own with each life, so that whatever its predecessor's still
has to say can be told apart and refused.
"""

from collections.abc import Callable
from dataclasses import dataclass

from edgelock.actors.address import Address
from edgelock.actors.base import SupervisedActor
from edgelock.actors.clock import EngineClock
from edgelock.actors.exchange_actor import ExchangeActor
from edgelock.actors.gate_board import GateBoard
from edgelock.actors.journal import Journal
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.market_actor import MarketActor
from edgelock.actors.market_board import MarketBoard
from edgelock.actors.messages import AddMarket, GuardMarket
from edgelock.actors.order_gateway import OrderGateway
from edgelock.actors.risk_actor import RiskActor
from edgelock.actors.risk_board import RiskBoard
from edgelock.actors.risk_memory_store import JournaledRiskMemory
from edgelock.actors.timer import Timer
from edgelock.core.guardian import OnQuarantine
from edgelock.core.market import Market
from edgelock.core.market_state import MarketState, RunMode
from edgelock.core.rate_limit import TokenBucket
from edgelock.core.strategy import EDGE_LOCKED, LEGACY
from edgelock.ops.settings import Settings
from edgelock.ops.standing_news import StandingNews


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everybody is told things."""

    telemetry: Address
    exchange: Address
    risk: Address
    feed: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Boards:
    """What may be looked at without asking anybody."""

    markets: MarketBoard
    risk: RiskBoard
    gate: GateBoard


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTerms:
    """What stays the same for the whole run.

    scope  which account and world the run's records belong to
    """

    run: str
    scope: str
    clock: EngineClock
    journal: Journal
    bucket: TokenBucket
    timer: Timer
    addresses: Addresses
    boards: Boards


class ActorBuilders:
    """Holds what actors are built from, and the present gateway.

    settings   the settings in force
    markets    the markets traded now, with their addresses
    quarantined  those of them that have no actor until a person says otherwise
    """

    def __init__(
        self,
        terms: RunTerms,
        *,
        settings: Callable[[], Settings],
        markets: Callable[[], tuple[tuple[Market, Address], ...]],
        quarantined: Callable[[], tuple[str, ...]],
        build_gateway: Callable[[int], OrderGateway],
        build_feed: Callable[[Incarnation], SupervisedActor],
        standing: StandingNews,
        on_recovered: Callable[[str, int, MarketState], None],
    ) -> None:
        self._terms = terms
        self._settings = settings
        self._markets = markets
        self._quarantined = quarantined
        self._build_gateway = build_gateway
        self._build_feed = build_feed
        self._standing = standing
        self._on_recovered = on_recovered
        self._run_mode = RunMode(settings().mode)
        self._strategy = LEGACY if settings().strategy_name == "legacy" else EDGE_LOCKED
        self.is_kill_setting_overruled = False
        self.gateway = build_gateway(1)

    def exchange(self, life: Incarnation) -> ExchangeActor:
        """The door, with a gateway of its own."""
        predecessor = None
        if life.number > 1:
            predecessor = self.gateway
            self.gateway = self._build_gateway(life.number)
            self._standing.forget_orders()
        self._introduce(life)
        for ticker in self._quarantined():
            life.address.tell(GuardMarket(ticker, OnQuarantine(self._settings().supervision.on_quarantine)))
        terms = self._terms
        return ExchangeActor(
            life,
            run=terms.run,
            settings=self._settings(),
            enforce_gates=self._strategy is EDGE_LOCKED,
            gateway=self.gateway,
            bucket=terms.bucket,
            journal=terms.journal,
            risk=terms.addresses.risk,
            telemetry=terms.addresses.telemetry,
            board=terms.boards.gate,
            timer=terms.timer,
            clock=terms.clock,
            generation=life.number,
            predecessor=predecessor,
            markets=terms.boards.markets,
            run_mode=self._run_mode,
        )

    def risk(self, life: Incarnation) -> RiskActor:
        """The risk side."""
        terms, settings = self._terms, self._settings()
        self._introduce(life)
        if life.number > 1:
            self._standing.retell()
        is_killed = settings.trading.disable_new_quotes and not self.is_kill_setting_overruled
        return RiskActor(
            life,
            settings=settings.risk,
            starts_killed_by="setting" if is_killed else None,
            journal=terms.journal,
            memory=JournaledRiskMemory(terms.journal, terms.scope, terms.clock),
            exchange=terms.addresses.exchange,
            telemetry=terms.addresses.telemetry,
            board=terms.boards.risk,
            timer=terms.timer,
            clock=terms.clock,
            needs_private_feed=self._run_mode is RunMode.LIVE,
        )

    def feed(self, life: Incarnation) -> SupervisedActor:
        """Market data."""
        self._introduce(life)
        return self._build_feed(life)

    def market(self, life: Incarnation, market: Market) -> MarketActor:
        """A new life remembers nothing but who it is; prefix and number keep its order ids apart from all others."""
        terms = self._terms
        ticker = market.ticker.replace(".", "_")
        state = MarketState(
            market=self._as_known(market),
            settings=self._settings().strategy_for(market.ticker),
            run_mode=self._run_mode,
            order_prefix=f"{terms.run}-{ticker}-{life.number}",
        )
        return MarketActor(
            life,
            state=state,
            strategy=self._strategy,
            exchange=terms.addresses.exchange,
            feed=terms.addresses.feed,
            telemetry=terms.addresses.telemetry,
            board=terms.boards.markets,
            timer=terms.timer,
            clock=terms.clock,
            on_recovered=self._on_recovered,
        )

    def _introduce(self, life: Incarnation) -> None:
        """The first life hears of every market as it comes; a later one finds those of its predecessor."""
        if life.number > 1:
            for market, address in self._markets():
                life.address.tell(AddMarket(self._as_known(market), address))

    def _as_known(self, market: Market) -> Market:
        """With the status, the close and the ticks that were heard last."""
        known = self._terms.boards.markets.state(market.ticker)
        return market if known is None else known.market
