"""What each fact changes in what the risk side knows (strategy §8).

Facts about cancels, fills, rejects, the journal and the operator's latch go in, a new state and what is told about it
come out. The state is `core/risk_state.py`, the verdicts made of it `core/risk_verdicts.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from edgelock.core import venue_trust
from edgelock.core.breakers import Conditions, Trip, after_cancel, after_time, without_old
from edgelock.core.permit import Brake
from edgelock.core.risk_state import CLEAN, DAY, MarketRisk, RiskState, end_of
from edgelock.core.risk_verdicts import Verdict, permit_for, verdicts
from edgelock.core.settings import RiskSettings
from edgelock.core.telemetry import (
    BreakerClear,
    BreakerHard,
    BreakerSoft,
    ClockSkew,
    JournalOk,
    JournalTrouble,
    KillOff,
    KillOn,
    LossLimit,
    Record,
    RejectPause,
)
from edgelock.core.units import MILLISECOND, Duration, Money, Timestamp
from edgelock.core.venue_trust import TrustStep

__all__ = [
    "DAY",
    "MarketRisk",
    "RiskState",
    "RiskStep",
    "Verdict",
    "cancel_sent",
    "clock_compared",
    "journal_told",
    "kill_switched",
    "memory_unread",
    "next_change",
    "order_accepted",
    "order_rejected",
    "permit_for",
    "realized",
    "results_recovered",
    "settings_changed",
    "stopping",
    "time_passed",
    "venue_told",
    "verdicts",
]

PAUSE_DOUBLINGS_MAX = 10


@dataclass(frozen=True, slots=True)
class RiskStep:
    """The state after one fact, and what is told about it."""

    state: RiskState
    records: tuple[Record, ...] = ()


def cancel_sent(state: RiskState, ticker: str, at: Timestamp, conditions: Conditions) -> RiskStep:
    """A cancel or replace caused by quoting: it counts for the market and for the portfolio.

    What had ended by then is told first, so that no tier trips again before its end was told.
    """
    ended = _tiers_ended(state, at)
    state = ended.state
    market = state.market(ticker)
    breaker, trip = after_cancel(market.breaker, at, state.settings, conditions)
    wide = replace(conditions, multiplier=state.settings.portfolio_breaker_multiplier)
    portfolio, portfolio_trip = after_cancel(state.portfolio, at, state.settings, wide)
    state = replace(state.with_market(ticker, replace(market, breaker=breaker)), portfolio=portfolio)
    records = list(ended.records)
    if trip is not None:
        records.append(_trip_record(trip, at, ticker, "market"))
    if portfolio_trip is not None:
        records.append(_trip_record(portfolio_trip, at, None, "portfolio"))
    return RiskStep(state, tuple(records))


def order_rejected(state: RiskState, ticker: str, now: Timestamp) -> RiskStep:
    """Five rejects in a row turn entries off for this market for 60 s, then for twice as long, and so on."""
    market = state.market(ticker)
    settings = state.settings
    in_row = market.rejects_in_row + 1
    if in_row < settings.reject_streak:
        return RiskStep(state.with_market(ticker, replace(market, rejects_in_row=in_row)))
    in_row_before = market.pauses_in_row
    until = Timestamp(now + pause_after(in_row_before, settings))
    paused = replace(market, rejects_in_row=0, pauses_in_row=in_row_before + 1, paused_since=now, paused_until=until)
    record = RejectPause(at=now, market=ticker, rejects_in_row=in_row, until=until)
    return RiskStep(state.with_market(ticker, paused), (record,))


def pause_after(pauses_in_row: int, settings: RiskSettings) -> Duration:
    """How long the next pause is after so many without an accepted order between them."""
    return Duration(settings.reject_pause * 2 ** min(pauses_in_row, PAUSE_DOUBLINGS_MAX))


def order_accepted(state: RiskState, ticker: str) -> RiskStep:
    """An accepted order ends the row of rejects."""
    market = state.market(ticker)
    if not market.rejects_in_row and not market.pauses_in_row:
        return RiskStep(state)
    return RiskStep(state.with_market(ticker, replace(market, rejects_in_row=0, pauses_in_row=0)))


def realized(state: RiskState, ticker: str, pnl: Money, *, at: Timestamp, now: Timestamp) -> RiskStep:
    """A closed quantity's result; at the daily limit entries stop until the next UTC day or a resume.

    It counts to the UTC day in which it happened, which for a fill that was found late may be over.
    """
    state = state.of_day(now)
    return _counted(state, ticker, pnl, now) if _is_of(state.day, at) else RiskStep(state)


def results_recovered(
    state: RiskState, ticker: str, results: Iterable[tuple[Timestamp, Money]], now: Timestamp
) -> RiskStep:
    """All results of a market by its record, with their times, instead of what was counted of it so far.

    What was told before a death and not counted any more is so counted after it, and nothing twice.
    """
    state = state.of_day(now)
    total = sum(pnl for at, pnl in results if _is_of(state.day, at))
    return _counted(state, ticker, Money(total - state.market(ticker).realized_today), now)


def settings_changed(state: RiskState, settings: RiskSettings, now: Timestamp) -> RiskStep:
    """New limits hold at once, for the day's losses so far too."""
    return _limited(replace(state, settings=settings).of_day(now), now)


def kill_switched(state: RiskState, now: Timestamp, *, on: bool, who: str, since: Timestamp | None = None) -> RiskStep:
    """The operator's latch, moved now or, when it is an earlier run's, at `since`.

    Off is a resume: it also forgives order groups that fired, ends the loss limit and starts the day's count anew, and
    accepts that what was known before could not be read.
    """
    if on:
        killed = replace(state, is_killed=True, killed_by=who, killed_since=now if since is None else since)
        return RiskStep(killed, (KillOn(at=now, who=who),))
    trust = venue_trust.resumed(state.venue, now)
    resumed = replace(state.of_day(now), is_killed=False, killed_by="", killed_since=None, venue=trust.trust)
    if resumed.loss_limit_until is not None:
        resumed = replace(
            resumed,
            loss_limit_since=None,
            loss_limit_until=None,
            realized_today=Money(0),
            count_restarted_at=now,
        )
    journal = _journal_held(resumed, now, trouble=resumed.journal_trouble, unread="")
    return RiskStep(journal.state, (KillOff(at=now, who=who), *trust.records, *journal.records))


def stopping(state: RiskState, now: Timestamp) -> RiskStep:
    """The run is ending; nothing takes that back."""
    return RiskStep(replace(state, is_stopping=True, stopping_since=state.stopping_since or now))


def storm(state: RiskState, now: Timestamp, *, is_on: bool) -> RiskStep:
    """Many markets crashed together, whatever the cause; or they live again."""
    return RiskStep(replace(state, storm_since=(state.storm_since or now) if is_on else None))


def journal_told(state: RiskState, now: Timestamp, trouble: str) -> RiskStep:
    """What keeps the journal from being written, "" when nothing does. Told when it begins and when it is over."""
    return _journal_held(state, now, trouble=trouble, unread=state.memory_unread)


def memory_unread(state: RiskState, now: Timestamp, why: str) -> RiskStep:
    """What was known before this life cannot be read: nobody enters until an operator's resume accepts that."""
    return _journal_held(state, now, trouble=state.journal_trouble, unread=why)


def venue_told(state: RiskState, step: TrustStep) -> RiskStep:
    """What the venue's side told changed."""
    return RiskStep(replace(state, venue=step.trust), step.records)


def clock_compared(state: RiskState, now: Timestamp, *, least_ms: int, most_ms: int) -> RiskStep:
    """Our clock is ahead of the venue's by between these two; entries stop while it is certainly off by too much."""
    allowed_ms = state.settings.max_clock_skew // MILLISECOND
    is_off = least_ms > allowed_ms or most_ms < -allowed_ms
    state = replace(state, clock_ahead_ms=(least_ms, most_ms))
    if is_off == state.is_clock_off:
        return RiskStep(state)
    record = ClockSkew(at=now, is_beyond=is_off, ahead_least_ms=least_ms, ahead_most_ms=most_ms, allowed_ms=allowed_ms)
    return RiskStep(replace(state, is_clock_off=is_off, clock_off_since=now if is_off else None), (record,))


def time_passed(state: RiskState, now: Timestamp) -> RiskStep:
    """Tiers, pauses and the loss limit end by time; the end of a tier is told. What no longer counts is forgotten."""
    step = _tiers_ended(state.of_day(now), now)
    markets = {ticker: market for ticker, market in step.state.markets.items() if market != CLEAN}
    if len(markets) == len(step.state.markets):
        return step
    return RiskStep(replace(step.state, markets=MappingProxyType(markets)), step.records)


def next_change(state: RiskState, now: Timestamp) -> Timestamp | None:
    """When the next tier, pause or limit ends by time."""
    ends: list[Timestamp | None] = [state.portfolio.until, state.loss_limit_until]
    for market in state.markets.values():
        ends += [market.breaker.until, market.paused_until]
    ahead = [end for end in ends if end is not None and end > now]
    return min(ahead) if ahead else None


def _tiers_ended(state: RiskState, now: Timestamp) -> RiskStep:
    records: list[Record] = []
    changed: dict[str, MarketRisk] = {}
    for ticker, market in state.markets.items():
        breaker, is_cleared = after_time(without_old(market.breaker, now), now)
        if is_cleared:
            records.append(BreakerClear(at=now, market=ticker, scope="market"))
        is_pause_over = market.paused_until is not None and now >= market.paused_until
        if is_pause_over:
            changed[ticker] = replace(market, breaker=breaker, paused_since=None, paused_until=None)
        elif breaker is not market.breaker:
            changed[ticker] = replace(market, breaker=breaker)
    portfolio, is_cleared = after_time(without_old(state.portfolio, now), now)
    if is_cleared:
        records.append(BreakerClear(at=now, market=None, scope="portfolio"))
    markets = MappingProxyType({**state.markets, **changed}) if changed else state.markets
    return RiskStep(replace(state, markets=markets, portfolio=portfolio), tuple(records))


def _is_of(day: int, at: Timestamp) -> bool:
    """A time after the day is one by a clock that is ahead of ours."""
    return at // DAY >= day


def _counted(state: RiskState, ticker: str, pnl: Money, now: Timestamp) -> RiskStep:
    if not pnl:
        return RiskStep(state)
    market = state.market(ticker)
    state = state.with_market(ticker, replace(market, realized_today=Money(market.realized_today + pnl)))
    return _limited(replace(state, realized_today=Money(state.realized_today + pnl)), now)


def _limited(state: RiskState, now: Timestamp) -> RiskStep:
    """Entries stop when the day's result is at the limit and they have not stopped for it yet."""
    total, allowed = state.realized_today, state.settings.max_daily_loss
    if total > -allowed or state.loss_limit_until is not None:
        return RiskStep(state)
    until = end_of(state.day)
    record = LossLimit(at=now, realized_today=total, allowed=allowed, until=until)
    return RiskStep(replace(state, loss_limit_since=now, loss_limit_until=until), (record,))


def _journal_held(state: RiskState, now: Timestamp, *, trouble: str, unread: str) -> RiskStep:
    was_since, is_held = state.journal_since, bool(trouble or unread)
    since = (was_since or now) if is_held else None
    state = replace(state, journal_trouble=trouble, memory_unread=unread, journal_since=since)
    if was_since is None and is_held:
        return RiskStep(state, (JournalTrouble(at=now, message=unread or trouble),))
    if was_since is not None and not is_held:
        return RiskStep(state, (JournalOk(at=now, held_s=Duration(now - was_since)),))
    return RiskStep(state)


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
