"""What the risk side must know again after a death: its counts, tiers, pauses, the day's loss, order groups that fired.

It goes to disk as a value of its own, and comes back into a state at a later moment: what ended meanwhile is over, and
a clock that was set back in between makes nothing last longer than its own maximum from now. The operator's latch is
not among it, since it has a place of its own in the journal; neither is the venue's news, which is told again.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType

from edgelock.core.breakers import Breaker
from edgelock.core.permit import Brake
from edgelock.core.risk import RiskStep, pause_after, settings_changed, time_passed
from edgelock.core.risk_state import MarketRisk, RiskState, end_of
from edgelock.core.settings import RiskSettings
from edgelock.core.units import Duration, Money, Timestamp


class OddMemory(ValueError):
    """What is remembered cannot have been written by the risk side; the message is one line for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedMarket:
    """One market's record, as `MarketRisk` has it."""

    ticker: str
    risk: MarketRisk


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The durable part of a RiskState; its fields mean what they mean there.

    markets are in the order of their tickers; fired_groups holds (shard, since) in the order of the shards.
    """

    markets: tuple[RememberedMarket, ...]
    portfolio: Breaker
    day: int
    realized_today: Money
    loss_limit_since: Timestamp | None
    loss_limit_until: Timestamp | None
    count_restarted_at: Timestamp | None
    fired_groups: tuple[tuple[int, Timestamp], ...]


def remembered(state: RiskState) -> Remembered:
    """The durable part of a state."""
    return Remembered(
        markets=tuple(RememberedMarket(ticker=ticker, risk=risk) for ticker, risk in sorted(state.markets.items())),
        portfolio=state.portfolio,
        day=state.day,
        realized_today=state.realized_today,
        loss_limit_since=state.loss_limit_since,
        loss_limit_until=state.loss_limit_until,
        count_restarted_at=state.count_restarted_at,
        fired_groups=tuple(sorted(state.venue.fired_groups.items())),
    )


def is_remembered_alike(one: RiskState, other: RiskState) -> bool:
    """Whether the durable parts of two states are the same; quick where they share their values."""
    return _durable(one) == _durable(other)


def restored(memory: Remembered, fresh: RiskState, now: Timestamp) -> RiskStep:
    """What was remembered, in a state that knows nothing of it yet, as of now; tiers that ended meanwhile are told.

    The day's result is judged by the limit of today's settings, which may be another than then. Raises OddMemory for
    what no state could have given.
    """
    _demand_sound(memory)
    settings = fresh.settings
    state = replace(
        fresh,
        markets=MappingProxyType({each.ticker: _market(each.risk, settings, now) for each in memory.markets}),
        portfolio=_breaker(memory.portfolio, settings, now),
        venue=replace(fresh.venue, fired_groups=MappingProxyType({s: _by(at, now) for s, at in memory.fired_groups})),
        day=memory.day,
        realized_today=memory.realized_today,
        loss_limit_since=_by_or_never(memory.loss_limit_since, now),
        loss_limit_until=memory.loss_limit_until,
        count_restarted_at=_by_or_never(memory.count_restarted_at, now),
    )
    passed = time_passed(state, now)
    judged = settings_changed(passed.state, settings, now)
    return RiskStep(judged.state, (*passed.records, *judged.records))


def _durable(state: RiskState) -> tuple[object, ...]:
    return (
        state.day,
        state.realized_today,
        state.loss_limit_until,
        state.count_restarted_at,
        state.portfolio,
        state.markets,
        state.venue.fired_groups,
    )


def _market(market: MarketRisk, settings: RiskSettings, now: Timestamp) -> MarketRisk:
    paused_until = market.paused_until
    if paused_until is not None:
        longest = pause_after(max(market.pauses_in_row - 1, 0), settings)
        paused_until = _within(paused_until, longest, now)
    return replace(
        market,
        breaker=_breaker(market.breaker, settings, now),
        paused_since=_by_or_never(market.paused_since, now),
        paused_until=paused_until,
    )


def _breaker(breaker: Breaker, settings: RiskSettings, now: Timestamp) -> Breaker:
    until = breaker.until
    if until is not None:
        tier = settings.breaker_hard if breaker.tier is Brake.HARD else settings.breaker_soft
        until = _within(until, tier.lasts, now)
    return replace(
        breaker,
        cancels=tuple(_by(at, now) for at in breaker.cancels),
        until=until,
        since=_by_or_never(breaker.since, now),
    )


def _within(until: Timestamp, longest: Duration, now: Timestamp) -> Timestamp:
    return min(until, Timestamp(now + longest))


def _by(at: Timestamp, now: Timestamp) -> Timestamp:
    return min(at, now)


def _by_or_never(at: Timestamp | None, now: Timestamp) -> Timestamp | None:
    return None if at is None else _by(at, now)


def _demand_sound(memory: Remembered) -> None:
    tickers, shards = [each.ticker for each in memory.markets], [shard for shard, _ in memory.fired_groups]
    _demand(tickers == sorted(set(tickers)), "its markets are not in order")
    _demand(shards == sorted(set(shards)), "its order groups are not in order")
    for breaker in (memory.portfolio, *(market.risk.breaker for market in memory.markets)):
        _demand(list(breaker.cancels) == sorted(breaker.cancels), "its cancels are not in order")
        ends = {breaker.since is not None, breaker.until is not None, breaker.tier is not Brake.NONE}
        _demand(len(ends) == 1, "a tier has no beginning or no end, or they have no tier")
    for market in memory.markets:
        _demand(market.risk.rejects_in_row >= 0 and market.risk.pauses_in_row >= 0, "it counts less than none")
        ends = {market.risk.paused_since is not None, market.risk.paused_until is not None}
        _demand(len(ends) == 1, "a pause has no beginning or no end")
    _demand(memory.day >= 0, "its day is before the epoch")
    _demand(memory.loss_limit_until in (None, end_of(memory.day)), "its loss limit does not end with its day")
    ends = {memory.loss_limit_since is not None, memory.loss_limit_until is not None}
    _demand(len(ends) == 1, "its loss limit has no beginning or no end")


def _demand(is_so: bool, what_else: str) -> None:
    if not is_so:
        raise OddMemory(what_else)
