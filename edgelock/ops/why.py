"""`why TICKER`: gathers what can say no to one market and has it explained; called on the control server's thread.

Everything is looked at where it is published; nobody is asked, so a hung actor cannot keep the answer. What the door
goes by is put together from the same sources as the door's own knowledge: permits, fills and orders as they were told.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from edgelock.actors.cell import ChildState
from edgelock.actors.supervision_status import ChildStatus, SupervisionStatus
from edgelock.core.explain import Explanation, PartAnswer, explain
from edgelock.core.explain_check import Check
from edgelock.core.explain_risk import risk_checks
from edgelock.core.facts import FeedStatus
from edgelock.core.limits import Exposure, Gate, worst_case_of
from edgelock.core.market_state import MarketState
from edgelock.core.permit import Mode
from edgelock.core.risk_verdicts import permit_for
from edgelock.core.strategy import strategy_named
from edgelock.core.units import MILLISECOND, SECOND, Timestamp
from edgelock.ops.gate_history import GateHistory
from edgelock.ops.restart_log import MARKET_PREFIX
from edgelock.ops.trading_system import TradingSystem
from edgelock.ops.user_error import UserError
from edgelock.ops.why_text import CheckAnswer, WhyAnswer, WhyPart

NEAR_MAX = 5


def why(system: TradingSystem, ticker: str, history: GateHistory) -> Mapping[str, object]:
    """The answer for one market; for a ticker that is not traded, those that are near it.

    Raises UserError when the market is traded and its actor has not said anything yet.
    """
    if ticker not in system.tickers():
        return {"unknown": ticker, "near": near(ticker, system.tickers())}
    state = system.boards.markets.state(ticker)
    if state is None:
        raise UserError(f"{ticker} is traded, and its actor has not spoken yet", exit_code=1)
    return dict(_answer(explanation(system, state, history), state, system.clock.now(), system.clock.speed))


def explanation(system: TradingSystem, state: MarketState, history: GateHistory) -> Explanation:
    """Why this market quotes, or does not."""
    ticker, now = state.market.ticker, system.clock.now()
    risk = system.boards.risk.state()
    return explain(
        state,
        strategy_named(system.settings.strategy_name),
        gate=_gate(system, state, Mode.REDUCE_ONLY if risk is None else permit_for(risk, ticker, now).mode),
        actors=tuple(_actors(system, ticker)),
        risk=() if risk is None else risk_checks(risk, state, now),
        since=history.since(ticker),
    )


def near(ticker: str, known: tuple[str, ...]) -> list[str]:
    """The tickers that were probably meant: those that contain the text, else those that look like it."""
    wanted = ticker.upper()
    containing = sorted(name for name in known if wanted and wanted in name)
    return (containing or difflib.get_close_matches(wanted, known, NEAR_MAX, 0.3))[:NEAR_MAX]


def _gate(system: TradingSystem, state: MarketState, mode: Mode) -> Gate:
    others = (
        Exposure(net=other.position.net, orders=other.orders)
        for other in system.boards.markets.states()
        if other.market.ticker != state.market.ticker
    )
    settings = system.settings
    return Gate(
        mode=mode,
        is_feed_live=state.feed is FeedStatus.LIVE,
        is_active=state.is_active,
        is_fuse_whole=system.gateway.takes_entries,
        exposure=Exposure(net=state.position.net, orders=state.orders),
        others_worst=worst_case_of(others),
        strategy=settings.strategy_for(state.market.ticker),
        risk=settings.risk,
        enforce_gates=settings.strategy_name != "legacy",
        unarmed=system.boards.gate.unarmed(),
    )


# --- the actors that a market needs -----------------------------------------------------------------------------


def _actors(system: TradingSystem, ticker: str) -> Iterator[Check]:
    status = system.supervisor.supervision_status()
    now, now_ns = system.clock.now(), system.clock.monotonic_ns()

    def engine_time(real_ns: int) -> Timestamp:
        return Timestamp(now - int((now_ns - real_ns) * system.clock.speed))

    yield from _tree(status)
    for child in status.children:
        if child.name == f"{MARKET_PREFIX}{ticker}" or not child.name.startswith(MARKET_PREFIX):
            yield _actor(child, engine_time, now_ns)


def _tree(status: SupervisionStatus) -> Iterator[Check]:
    yield Check(
        where="actors",
        name="supervisor",
        is_holding=status.escalated is not None,
        found=status.escalated or "supervising",
        allowed="supervising",
    )
    yield Check(
        where="actors",
        name="restart_storm",
        is_holding=status.is_storm,
        found="restarts are held" if status.is_storm else "none",
        allowed="none",
    )


def _actor(child: ChildStatus, engine_time: Callable[[int], Timestamp], now_ns: int) -> Check:
    is_market = child.name.startswith(MARKET_PREFIX)
    back = engine_time(now_ns + child.backoff_left_ns) if child.backoff_left_ns else None
    why_down = "" if child.state is ChildState.RUNNING or child.last_crash is None else f": {child.last_crash}"
    return Check(
        where="actors",
        name="market actor" if is_market else f"{child.name} actor",
        is_holding=child.state is not ChildState.RUNNING,
        found=f"{child.state.value}, life {child.incarnation}{why_down}",
        allowed=ChildState.RUNNING.value,
        since=engine_time(child.state_since_ns),
        until=back,
    )


# --- the answer -------------------------------------------------------------------------------------------------


def _answer(told: Explanation, state: MarketState, now: Timestamp, speed: Fraction) -> WhyAnswer:
    context = state.context()
    return WhyAnswer(
        ticker=told.ticker,
        state=context.state,
        at=now // SECOND,
        looked_ms_ago=max(int((now - told.at) / speed) // MILLISECOND, 0),
        parts=[_part(part) for part in told.parts],
    )


def _part(part: PartAnswer) -> WhyPart:
    return WhyPart(
        part=part.part,
        answer=part.answer,
        may_trade=part.may_trade,
        checks=[_check(check) for check in part.checks],
    )


def _check(check: Check) -> CheckAnswer:
    return CheckAnswer(
        where=check.where,
        name=check.name,
        is_holding=check.is_holding,
        found=check.found,
        allowed=check.allowed,
        since=None if check.since is None else check.since // SECOND,
        until=None if check.until is None else -(-check.until // SECOND),
    )
