"""The risk side's guards as checks: what lowers a market's permit holds its entries; what only slows them does not."""

from edgelock.core.breakers import Conditions
from edgelock.core.explain_check import Check
from edgelock.core.market_state import MarketState
from edgelock.core.permit import Mode
from edgelock.core.risk_state import RiskState
from edgelock.core.risk_verdicts import Verdict, verdicts
from edgelock.core.units import Timestamp


def risk_checks(risk: RiskState, market: MarketState, now: Timestamp) -> tuple[Check, ...]:
    """Every guard's word on one market, in the order in which a permit names them."""
    conditions = Conditions(is_skewed=market.position.sign != 0, is_one_tick_spread=market.spread_ticks == 1)
    return tuple(_check(verdict) for verdict in verdicts(risk, market.market.ticker, now, conditions))


def _check(verdict: Verdict) -> Check:
    is_slow = verdict.is_holding and verdict.mode is Mode.OPEN
    return Check(
        where="risk",
        name=f"portfolio {verdict.name}" if verdict.scope == "all" and verdict.name.startswith("cb_") else verdict.name,
        is_holding=verdict.is_holding and not is_slow,
        found=f"{verdict.found}, slows entries" if is_slow else verdict.found,
        allowed=verdict.allowed,
        since=verdict.since,
        until=verdict.until,
    )
