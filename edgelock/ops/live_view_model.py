"""What the live view shows, as one frozen value, read off the states that the actors publish.

Everything that a person sees is text or a number by then; the view only arranges it. Times are the engine's: ages and
the way to the next exit run on between two facts of a market, also when its feed is silent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from edgelock.actors.cell import ChildState
from edgelock.actors.supervision_status import ChildStatus
from edgelock.core.facts import FeedStatus
from edgelock.core.legacy import contract_minutes_due_at
from edgelock.core.market import MarketStatus, Side
from edgelock.core.market_state import MarketState
from edgelock.core.permit import CLOSED_AT_START, Brake, Permit
from edgelock.core.risk import RiskState, permit_for
from edgelock.core.telemetry import Record, ShutdownDone
from edgelock.core.units import Duration, Money, Timestamp
from edgelock.ops.live_view_text import (
    average_cents,
    cents,
    contracts,
    date_and_time,
    dollars,
    event_line,
    farewell,
    stopwatch,
    time_of_day,
)
from edgelock.ops.restart_log import MARKET_PREFIX, ticker_of

DOWN = {ChildState.BACKOFF: "backoff", ChildState.QUARANTINED: "quarantine", ChildState.WAITING: "waiting"}
"""What is said of an actor that is not at work and should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What a run is, from its first moment to its last. `speed` is that of the engine's clock."""

    mode: str
    venue: str
    strategy: str
    speed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRow:
    """One market. Texts are empty where there is nothing to say; open_pnl is before its exit fee, in dollars."""

    ticker: str
    state: str
    net: str
    vwap: str
    tp: str
    bid: str
    ask: str
    our_bid: str
    our_ask: str
    age: str
    next_exit: str
    realized: str
    open_pnl: str
    cancels_30: int
    restarts: int
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewModel:
    """The whole picture.

    alerts    states a person must notice: kill, breakers, loss limit, actors that are down
    farewell  how the run ended, empty until it has
    """

    run: RunFacts
    clock: str
    uptime: str
    realized: str
    open_pnl: str
    alerts: tuple[str, ...]
    rows: tuple[MarketRow, ...]
    events: tuple[str, ...]
    farewell: str


def view_model(
    states: tuple[MarketState, ...],
    risk: RiskState | None,
    children: tuple[ChildStatus, ...],
    recent: Sequence[Record],
    *,
    run: RunFacts,
    killed_by: str | None,
    realized: Money,
    now: Timestamp,
    uptime: Duration,
) -> ViewModel:
    """The picture of a run at engine time `now`.

    risk       None before the risk side has spoken
    killed_by  who moved the latch last, when that was told of already
    realized   of the whole run, markets that were dropped included
    uptime     in real time
    """
    by_name = {child.name: child for child in children}
    permits = tuple(_permit(state, risk, now) for state in states)
    rows = tuple(
        _row(state, permit, by_name.get(f"{MARKET_PREFIX}{state.market.ticker}"), run.strategy, now)
        for state, permit in zip(states, permits, strict=True)
    )
    return ViewModel(
        run=run,
        clock=date_and_time(now),
        uptime=stopwatch(uptime),
        realized=dollars(realized),
        open_pnl=dollars(sum((_open_pnl(state) or Fraction(0) for state in states), Fraction(0))),
        alerts=(*_risk_alerts(risk, killed_by, permits, now), *_actor_alerts(children)),
        rows=rows,
        events=tuple(event_line(record) for record in recent),
        farewell=next((farewell(record) for record in reversed(recent) if isinstance(record, ShutdownDone)), ""),
    )


def _permit(state: MarketState, risk: RiskState | None, now: Timestamp) -> Permit:
    """The risk side's verdict at this very moment; what the market was last told may be on its way still."""
    if risk is None or state.permit == CLOSED_AT_START:
        return state.permit
    return permit_for(risk, state.market.ticker, now)


def _risk_alerts(
    risk: RiskState | None, killed_by: str | None, permits: tuple[Permit, ...], now: Timestamp
) -> tuple[str, ...]:
    if risk is None:
        return ()
    alerts = []
    if risk.is_killed:
        alerts.append(f"KILLED by {killed_by or 'operator'}")
    if risk.loss_limit_until is not None and now < risk.loss_limit_until:
        alerts.append(f"LOSS LIMIT: {dollars(risk.realized_today)} today")
    portfolio = risk.portfolio
    if portfolio.tier is not Brake.NONE and portfolio.until is not None and now < portfolio.until:
        alerts.append(f"portfolio brake {portfolio.tier.name.lower()} until {time_of_day(portfolio.until)}")
    braked = sum(1 for permit in permits if permit.brake is not Brake.NONE)
    return (*alerts, f"{braked} braked") if braked else tuple(alerts)


def _actor_alerts(children: tuple[ChildStatus, ...]) -> tuple[str, ...]:
    down = [child for child in children if child.state in DOWN]
    alerts = [f"{child.name} {DOWN[child.state]}" for child in down if ticker_of(child.name) is None]
    for state, word in DOWN.items():
        count = sum(1 for child in down if child.state is state and ticker_of(child.name) is not None)
        if count:
            alerts.append(f"{count} in {word}")
    return tuple(alerts)


def _row(state: MarketState, permit: Permit, child: ChildStatus | None, strategy: str, now: Timestamp) -> MarketRow:
    position = state.position
    opened_at, open_pnl = position.opened_at, _open_pnl(state)
    age = None if opened_at is None else Duration(max(now - opened_at, 0))
    return MarketRow(
        ticker=state.market.ticker,
        state=position.skew,
        net=contracts(position.net),
        vwap=average_cents(position.vwap),
        tp=average_cents(state.tp_target),
        bid=cents(state.view.best_bid),
        ask=cents(state.view.best_ask),
        our_bid=_own_quote(state, Side.BID),
        our_ask=_own_quote(state, Side.ASK),
        age="" if age is None else stopwatch(age),
        next_exit="" if age is None else _next_exit(state, age, strategy, now),
        realized=dollars(position.realized),
        open_pnl="" if open_pnl is None else dollars(open_pnl),
        cancels_30=permit.cancels_30,
        restarts=0 if child is None else child.restarts,
        condition=_condition(state, permit, child),
    )


def _condition(state: MarketState, permit: Permit, child: ChildStatus | None) -> str:
    """Why this market does not trade as it would like to: the most basic reason; empty when it does."""
    if child is not None and child.state in DOWN:
        return DOWN[child.state]
    if not state.is_active:
        return "paused" if state.market.status is MarketStatus.INACTIVE else state.market.status.value
    if permit.reason:
        return permit.reason
    return "" if state.feed is FeedStatus.LIVE else f"feed {state.feed.value}"


def _own_quote(state: MarketState, side: Side) -> str:
    """The best of our live orders on one side; what is left of it."""
    live = [order for order in state.orders if order.side is side]
    if not live:
        return ""
    best = max(live, key=lambda order: side.sign * order.price)
    return f"{contracts(best.remaining)}@{cents(best.price)}"


def _next_exit(state: MarketState, age: Duration, strategy: str, now: Timestamp) -> str:
    """The next exit by age and when it is due: "SS3:20" sweet spot, "HC28:00" hard cap, "FL1:00" legacy's flatten."""
    settings = state.settings
    if strategy == "legacy":
        left = contract_minutes_due_at(state) - now
        return f"FL{stopwatch(Duration(left))}" if left > 0 else "FL now"
    if age < settings.sweet_spot_from:
        return f"SS{stopwatch(Duration(settings.sweet_spot_from - age))}"
    if age < settings.sweet_spot_to:
        return "SS now"
    if age < settings.hard_cap:
        return f"HC{stopwatch(Duration(settings.hard_cap - age))}"
    return "HC now"


def _open_pnl(state: MarketState) -> Fraction | None:
    mark = state.mark
    return None if mark is None or state.position.sign == 0 else state.position.open_pnl(mark)
