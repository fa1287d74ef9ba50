"""Every guard of the risk side as one table, in the order in which a permit names them; permits are made from it.

A guard looks at what is known (`core/risk_state.py`) and either holds or does not. The verdict that lasts longest or
that only a person ends comes first, so that it is the one named; the strictest of all that hold decides the mode.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from edgelock.core.breakers import Breaker, Conditions, thresholds
from edgelock.core.exchange_standing import ShardStanding
from edgelock.core.permit import GROUP_REASON, KILL_REASON, Brake, Mode, Permit
from edgelock.core.risk_state import MarketRisk, RiskState
from edgelock.core.settings import BreakerTier
from edgelock.core.units import MILLISECOND, Money, Timestamp, money_text

Scope = Literal["all", "market"]
CALM = Conditions()
"""No position, and a spread of more than a tick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one guard says of one market now.

    name     the word a permit carries as its reason; a guard of the whole account and one of the market may share it
    scope    "all" when it is about the account and so the same for every market, "market" when it is about this one
    found    what was measured, in words for people; allowed is what would not hold
    mode     what a market may do while this guard holds; OPEN when it only slows entries
    brake    the tier of a circuit breaker that holds, NONE for every other guard
    since    when it began to hold; None while it does not, or when that is not known
    until    when it ends by itself; None when an operator or an event must end it
    """

    name: str
    scope: Scope
    is_holding: bool
    found: str
    allowed: str
    mode: Mode = Mode.OPEN
    brake: Brake = Brake.NONE
    since: Timestamp | None = None
    until: Timestamp | None = None


def permit_for(state: RiskState, ticker: str, now: Timestamp) -> Permit:
    """The strictest verdict for one market now."""
    case = _case(state, ticker, now)
    mode, brake, reason, until = Mode.OPEN, Brake.NONE, "", None
    for guard in _GUARDS:
        hold = guard.look(case)
        if hold is None:
            continue
        name = hold.name or guard.name
        if not reason:
            reason, until = name, hold.until
        elif name == reason and until is not None:
            until = None if hold.until is None else max(until, hold.until)
        mode, brake = min(mode, hold.mode), max(brake, hold.brake)
    cancels_30, _ = case.market.breaker.counts(now)
    return Permit(mode=mode, brake=brake, reason=reason, until=until, cancels_30=cancels_30)


def verdicts(state: RiskState, ticker: str, now: Timestamp, conditions: Conditions = CALM) -> tuple[Verdict, ...]:
    """Every guard's word on one market, in the order in which a permit names them.

    conditions are the market's at this moment: the breaker's thresholds adapt to them.
    """
    case = replace(_case(state, ticker, now), conditions=conditions)
    return tuple(_verdicts(case))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What guards look at."""

    state: RiskState
    ticker: str
    market: MarketRisk
    standing: ShardStanding
    now: Timestamp
    conditions: Conditions = CALM


class _Hold(NamedTuple):
    """A guard that holds. name when it is not the guard's own."""

    since: Timestamp | None
    until: Timestamp | None = None
    mode: Mode = Mode.REDUCE_ONLY
    brake: Brake = Brake.NONE
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Guard:
    """look finds whether it holds; measure gives what was found and what is allowed, as text."""

    name: str
    scope: Scope
    look: Callable[[_Case], _Hold | None]
    measure: Callable[[_Case], tuple[str, str]]


def _case(state: RiskState, ticker: str, now: Timestamp) -> _Case:
    return _Case(
        state=state, ticker=ticker, market=state.market(ticker), standing=state.venue.standing(ticker), now=now
    )


def _verdicts(case: _Case) -> Iterator[Verdict]:
    for guard in _GUARDS:
        found, allowed = guard.measure(case)
        hold = guard.look(case)
        if hold is None:
            yield Verdict(name=guard.name, scope=guard.scope, is_holding=False, found=found, allowed=allowed)
            continue
        yield Verdict(
            name=hold.name or guard.name,
            scope=guard.scope,
            is_holding=True,
            found=found,
            allowed=allowed,
            mode=hold.mode,
            brake=hold.brake,
            since=hold.since,
            until=hold.until,
        )


def _stopping(case: _Case) -> _Hold | None:
    return _Hold(case.state.stopping_since, mode=Mode.HALTED) if case.state.is_stopping else None


def _stopping_measured(case: _Case) -> tuple[str, str]:
    return "shutting down" if case.state.is_stopping else "running", "running"


def _kill(case: _Case) -> _Hold | None:
    return _Hold(case.state.killed_since) if case.state.is_killed else None


def _kill_measured(case: _Case) -> tuple[str, str]:
    state = case.state
    on = f"on, by {state.killed_by}" if state.killed_by else "on"
    return on if state.is_killed else "off", "off"


def _storm(case: _Case) -> _Hold | None:
    return None if case.state.storm_since is None else _Hold(case.state.storm_since)


def _storm_measured(case: _Case) -> tuple[str, str]:
    return "none" if case.state.storm_since is None else "many markets crashed together", "none"


def _journal(case: _Case) -> _Hold | None:
    state = case.state
    return _Hold(state.journal_since) if state.journal_trouble or state.memory_unread else None


def _journal_measured(case: _Case) -> tuple[str, str]:
    return case.state.memory_unread or case.state.journal_trouble or "written", "written"


def _loss_limit(case: _Case) -> _Hold | None:
    state = case.state
    if state.loss_limit_until is None or case.now >= state.loss_limit_until:
        return None
    return _Hold(state.loss_limit_since, state.loss_limit_until)


def _loss_limit_measured(case: _Case) -> tuple[str, str]:
    state = case.state.of_day(case.now)
    return f"{_dollars(state.realized_today)} today", f"above {_dollars(Money(-state.settings.max_daily_loss))}"


def _clock_skew(case: _Case) -> _Hold | None:
    return _Hold(case.state.clock_off_since) if case.state.is_clock_off else None


def _clock_skew_measured(case: _Case) -> tuple[str, str]:
    ahead, allowed_ms = case.state.clock_ahead_ms, case.state.settings.max_clock_skew // MILLISECOND
    found = "not compared yet" if ahead is None else f"{ahead[0]} to {ahead[1]} ms ahead of the venue"
    return found, f"within {allowed_ms} ms"


def _hard_all(case: _Case) -> _Hold | None:
    return _tier(case.state.portfolio, Brake.HARD, case.now)


def _hard_all_measured(case: _Case) -> tuple[str, str]:
    return _portfolio_measured(case, case.state.settings.breaker_hard)


def _hard(case: _Case) -> _Hold | None:
    return _tier(case.market.breaker, Brake.HARD, case.now)


def _hard_measured(case: _Case) -> tuple[str, str]:
    return _cancels(case, case.market.breaker, case.state.settings.breaker_hard, case.conditions)


def _soft_all(case: _Case) -> _Hold | None:
    return _tier(case.state.portfolio, Brake.SOFT, case.now)


def _soft_all_measured(case: _Case) -> tuple[str, str]:
    return _portfolio_measured(case, case.state.settings.breaker_soft)


def _soft(case: _Case) -> _Hold | None:
    return _tier(case.market.breaker, Brake.SOFT, case.now)


def _soft_measured(case: _Case) -> tuple[str, str]:
    return _cancels(case, case.market.breaker, case.state.settings.breaker_soft, case.conditions)


def _tier(breaker: Breaker, tier: Brake, now: Timestamp) -> _Hold | None:
    if breaker.tier is not tier or breaker.until is None or now >= breaker.until:
        return None
    mode = Mode.REDUCE_ONLY if tier is Brake.HARD else Mode.OPEN
    return _Hold(breaker.since, breaker.until, mode, tier)


def _portfolio_measured(case: _Case, tier: BreakerTier) -> tuple[str, str]:
    wide = replace(case.conditions, multiplier=case.state.settings.portfolio_breaker_multiplier)
    return _cancels(case, case.state.portfolio, tier, wide)


def _cancels(case: _Case, breaker: Breaker, tier: BreakerTier, conditions: Conditions) -> tuple[str, str]:
    in_30s, in_60s = breaker.counts(case.now)
    limit = thresholds(tier, case.state.settings, conditions)
    return f"{in_30s} in 30 s, {in_60s} in 60 s", f"below {limit.in_30s} in 30 s, {limit.in_60s} in 60 s"


def _rejects(case: _Case) -> _Hold | None:
    market = case.market
    if market.paused_until is None or case.now >= market.paused_until:
        return None
    return _Hold(market.paused_since, market.paused_until)


def _rejects_measured(case: _Case) -> tuple[str, str]:
    in_row, streak = case.market.rejects_in_row, case.state.settings.reject_streak
    return "paused" if _rejects(case) is not None else f"{in_row} in a row", f"below {streak} in a row"


def _exchange_status(case: _Case) -> _Hold | None:
    standing = case.standing
    if not standing.reason:
        return None
    # While the venue refuses every order an exit would only collect rejects; it goes out when the pause ends.
    mode = Mode.HALTED if standing.standing.is_paused else Mode.REDUCE_ONLY
    return _Hold(case.state.venue.standing_since(case.ticker), standing.until, mode, name=standing.reason)


def _exchange_status_measured(case: _Case) -> tuple[str, str]:
    return case.standing.standing.value, "open"


def _order_group(case: _Case) -> _Hold | None:
    fired = case.state.venue.fired_groups
    return _Hold(min(fired.values())) if fired else None


def _order_group_measured(case: _Case) -> tuple[str, str]:
    fired = ", ".join(str(shard) for shard in sorted(case.state.venue.fired_groups))
    return f"fired on shard {fired}" if fired else "not fired", "not fired"


def _private_feed(case: _Case) -> _Hold | None:
    venue = case.state.venue
    return None if venue.has_private_feed else _Hold(venue.private_feed_lost_since)


def _private_feed_measured(case: _Case) -> tuple[str, str]:
    return "live" if case.state.venue.has_private_feed else "not live", "live"


def _drift(case: _Case) -> _Hold | None:
    drifting = case.state.venue.drifting
    return _Hold(drifting[case.ticker]) if case.ticker in drifting else None


def _drift_measured(case: _Case) -> tuple[str, str]:
    return "differs from the venue's" if _drift(case) is not None else "as the venue shows it", "as the venue shows it"


def _dollars(amount: Money) -> str:
    return f"{money_text(amount).rstrip('0').rstrip('.')} USD"


_GUARDS = (
    _Guard("stopping", "all", _stopping, _stopping_measured),
    _Guard(KILL_REASON, "all", _kill, _kill_measured),
    _Guard("journal", "all", _journal, _journal_measured),
    _Guard("restart_storm", "all", _storm, _storm_measured),
    _Guard("loss_limit", "all", _loss_limit, _loss_limit_measured),
    _Guard("clock_skew", "all", _clock_skew, _clock_skew_measured),
    _Guard("cb_hard", "all", _hard_all, _hard_all_measured),
    _Guard("cb_hard", "market", _hard, _hard_measured),
    _Guard("rejects", "market", _rejects, _rejects_measured),
    _Guard("exchange_status", "market", _exchange_status, _exchange_status_measured),
    _Guard(GROUP_REASON, "all", _order_group, _order_group_measured),
    _Guard("private_feed", "all", _private_feed, _private_feed_measured),
    _Guard("drift", "market", _drift, _drift_measured),
    _Guard("cb_soft", "all", _soft_all, _soft_all_measured),
    _Guard("cb_soft", "market", _soft, _soft_measured),
)
"""Names of verdicts are the guards' but for `exchange_status`, which is named for how the shard stands while it holds.
"""
