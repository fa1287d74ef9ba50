"""What the risk side knows, and the verdict it makes of it for each market (strategy §8).

A value: facts about cancels, fills, rejects and the operator's latch go in, permits come out. Verdicts combine by
`min`, so the strictest one holds; every verdict names its reason and, where time ends it, when.
"""

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from edgelock.core import venue_trust
from edgelock.core.breakers import Breaker, Conditions, Trip, after_cancel, after_time
from edgelock.core.permit import KILL_REASON, Brake, Mode, Permit
from edgelock.core.settings import RiskSettings
from edgelock.core.telemetry import (
    BreakerClear,
    BreakerHard,
    BreakerSoft,
    ClockSkew,
    KillOff,
    KillOn,
    LossLimit,
    Record,
    RejectPause,
)
from edgelock.core.units import MILLISECOND, SECOND, Duration, Money, Timestamp
from edgelock.core.venue_trust import TrustStep, VenueTrust

DAY = Duration(86_400 * SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRisk:
    """One market's breaker, and its rejects in a row."""

    breaker: Breaker = Breaker()
    rejects_in_row: int = 0
    pauses_in_row: int = 0
    paused_until: Timestamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskState:
    """All markets, the portfolio's breaker, the latch and the day's result.

    realized_today  net of fees, of the UTC day `day` (days since the epoch) of the engine's clock
    loss_limit_until  the end of the day on which the limit was reached; None while it is not
    """

    settings: RiskSettings
    markets: MappingProxyType[str, MarketRisk] = field(default_factory=lambda: MappingProxyType({}))
    portfolio: Breaker = Breaker()
    venue: VenueTrust = VenueTrust()
    is_killed: bool = False
    is_clock_off: bool = False
    is_stopping: bool = False
    day: int = 0
    realized_today: Money = Money(0)
    loss_limit_until: Timestamp | None = None

    def market(self, ticker: str) -> MarketRisk:
        """What is known of one market; nothing yet is a clean record."""
        return self.markets.get(ticker, MarketRisk())

    def with_market(self, ticker: str, market: MarketRisk) -> "RiskState":
        """The state with one market's record replaced."""
        return replace(self, markets=MappingProxyType({**self.markets, ticker: market}))


@dataclass(frozen=True, slots=True)
class RiskStep:
    """The state after one fact, and what is told about it."""

    state: RiskState
    records: tuple[Record, ...] = ()


def cancel_sent(state: RiskState, ticker: str, now: Timestamp, conditions: Conditions) -> RiskStep:
    """A cancel or replace caused by quoting: it counts for the market and for the portfolio.

    What had ended by then is told first, so that no tier trips again before its end was told.
    """
    ended = time_passed(state, now)
    state = ended.state
    market = state.market(ticker)
    breaker, trip = after_cancel(market.breaker, now, state.settings, conditions)
    wide = replace(conditions, multiplier=state.settings.portfolio_breaker_multiplier)
    portfolio, portfolio_trip = after_cancel(state.portfolio, now, state.settings, wide)
    state = replace(state.with_market(ticker, replace(market, breaker=breaker)), portfolio=portfolio)
    records = list(ended.records)
    if trip is not None:
        records.append(_trip_record(trip, now, ticker, "market"))
    if portfolio_trip is not None:
        records.append(_trip_record(portfolio_trip, now, None, "portfolio"))
    return RiskStep(state, tuple(records))


def order_rejected(state: RiskState, ticker: str, now: Timestamp) -> RiskStep:
    """Five rejects in a row turn entries off for this market for 60 s, then for twice as long, and so on."""
    market = state.market(ticker)
    settings = state.settings
    in_row = market.rejects_in_row + 1
    if in_row < settings.reject_streak:
        return RiskStep(state.with_market(ticker, replace(market, rejects_in_row=in_row)))
    until = Timestamp(now + settings.reject_pause * 2 ** min(market.pauses_in_row, 10))
    paused = replace(market, rejects_in_row=0, pauses_in_row=market.pauses_in_row + 1, paused_until=until)
    record = RejectPause(at=now, market=ticker, rejects_in_row=in_row, until=until)
    return RiskStep(state.with_market(ticker, paused), (record,))


def order_accepted(state: RiskState, ticker: str) -> RiskStep:
    """An accepted order ends the row of rejects."""
    market = state.market(ticker)
    if not market.rejects_in_row and not market.pauses_in_row:
        return RiskStep(state)
    return RiskStep(state.with_market(ticker, replace(market, rejects_in_row=0, pauses_in_row=0)))


def realized(state: RiskState, pnl: Money, now: Timestamp) -> RiskStep:
    """A closed quantity's result; at the daily limit entries stop until the next UTC day or a resume."""
    state = _of_today(state, now)
    total = Money(state.realized_today + pnl)
    state = replace(state, realized_today=total)
    if total > -state.settings.max_daily_loss or state.loss_limit_until is not None:
        return RiskStep(state)
    until = Timestamp((state.day + 1) * DAY)
    record = LossLimit(at=now, realized_today=total, allowed=state.settings.max_daily_loss, until=until)
    return RiskStep(replace(state, loss_limit_until=until), (record,))


def kill_switched(state: RiskState, now: Timestamp, *, on: bool, who: str) -> RiskStep:
    """The operator's latch.

    Off is a resume: it also forgives order groups that fired, ends the loss limit and starts the day's count anew.
    """
    if on:
        return RiskStep(replace(state, is_killed=True), (KillOn(at=now, who=who),))
    trust = venue_trust.resumed(state.venue, now)
    forgiven = replace(_of_today(state, now), is_killed=False, venue=trust.trust)
    if forgiven.loss_limit_until is not None:
        forgiven = replace(forgiven, loss_limit_until=None, realized_today=Money(0))
    return RiskStep(forgiven, (KillOff(at=now, who=who), *trust.records))


def venue_told(state: RiskState, step: TrustStep) -> RiskStep:
    """What the venue's side told changed."""
    return RiskStep(replace(state, venue=step.trust), step.records)


def clock_compared(state: RiskState, now: Timestamp, *, least_ms: int, most_ms: int) -> RiskStep:
    """Our clock is ahead of the venue's by between these two; entries stop while it is certainly off by too much."""
    allowed_ms = state.settings.max_clock_skew // MILLISECOND
    is_off = least_ms > allowed_ms or most_ms < -allowed_ms
    if is_off == state.is_clock_off:
        return RiskStep(state)
    record = ClockSkew(at=now, is_beyond=is_off, ahead_least_ms=least_ms, ahead_most_ms=most_ms, allowed_ms=allowed_ms)
    return RiskStep(replace(state, is_clock_off=is_off), (record,))


def time_passed(state: RiskState, now: Timestamp) -> RiskStep:
    """Tiers, pauses and the loss limit end by time; the end of a tier is told."""
    records: list[Record] = []
    state = _of_today(state, now)
    for ticker, market in state.markets.items():
        breaker, is_cleared = after_time(market.breaker, now)
        if is_cleared:
            records.append(BreakerClear(at=now, market=ticker, scope="market"))
        paused_until = market.paused_until if (market.paused_until or 0) > now else None
        if is_cleared or paused_until != market.paused_until:
            state = state.with_market(ticker, replace(market, breaker=breaker, paused_until=paused_until))
    portfolio, is_cleared = after_time(state.portfolio, now)
    if is_cleared:
        records.append(BreakerClear(at=now, market=None, scope="portfolio"))
    return RiskStep(replace(state, portfolio=portfolio), tuple(records))


def permit_for(state: RiskState, ticker: str, now: Timestamp) -> Permit:
    """The strictest verdict for one market now."""
    market = state.market(ticker)
    brake = max(_tier(market.breaker, now), _tier(state.portfolio, now))
    cancels_30, _ = market.breaker.counts(now)
    reason, until = _strictest(state, market, now)
    is_paused = state.venue.standing(ticker).standing.is_paused
    reason, until = (reason, until) if reason else state.venue.reason(ticker)
    if reason:
        # While the venue refuses every order an exit would only collect rejects; it goes out when the pause ends.
        mode = Mode.HALTED if state.is_stopping or is_paused else Mode.REDUCE_ONLY
        return Permit(mode=mode, brake=brake, reason=reason, until=until, cancels_30=cancels_30)
    until = _tier_until(market.breaker, state.portfolio, now)
    reason = "cb_soft" if brake is Brake.SOFT else ""
    return Permit(mode=Mode.OPEN, brake=brake, reason=reason, until=until, cancels_30=cancels_30)


def next_change(state: RiskState, now: Timestamp) -> Timestamp | None:
    """When the next tier, pause or limit ends by time."""
    ends: list[Timestamp | None] = [state.portfolio.until, state.loss_limit_until]
    for market in state.markets.values():
        ends += [market.breaker.until, market.paused_until]
    ahead = [end for end in ends if end is not None and end > now]
    return min(ahead) if ahead else None


def _strictest(state: RiskState, market: MarketRisk, now: Timestamp) -> tuple[str, Timestamp | None]:
    if state.is_stopping:
        return "stopping", None
    if state.is_killed:
        return KILL_REASON, None
    if state.loss_limit_until is not None and now < state.loss_limit_until:
        return "loss_limit", state.loss_limit_until
    if state.is_clock_off:
        return "clock_skew", None
    for breaker in (state.portfolio, market.breaker):
        if _tier(breaker, now) is Brake.HARD:
            return "cb_hard", breaker.until
    if market.paused_until is not None and now < market.paused_until:
        return "rejects", market.paused_until
    return "", None


def _tier(breaker: Breaker, now: Timestamp) -> Brake:
    return Brake.NONE if breaker.until is None or now >= breaker.until else breaker.tier


def _tier_until(market: Breaker, portfolio: Breaker, now: Timestamp) -> Timestamp | None:
    ends = [breaker.until for breaker in (market, portfolio) if breaker.until is not None and breaker.until > now]
    return max(ends) if ends else None


def _of_today(state: RiskState, now: Timestamp) -> RiskState:
    day = now // DAY
    if day == state.day:
        return state
    return replace(state, day=day, realized_today=Money(0), loss_limit_until=None)


def _trip_record(
    trip: Trip, now: Timestamp, ticker: str | None, scope: Literal["market", "portfolio"]
) -> BreakerSoft | BreakerHard:
    record = BreakerHard if trip.tier is Brake.HARD else BreakerSoft
    return record(
        at=now,
        market=ticker,
        scope=scope,
        cb_tier="hard" if trip.tier is Brake.HARD else "soft",
        cancels_30=trip.cancels_30,
        cancels_60=trip.cancels_60,
        threshold_30=trip.thresholds.in_30s,
        threshold_60=trip.thresholds.in_60s,
        until=trip.until,
    )
