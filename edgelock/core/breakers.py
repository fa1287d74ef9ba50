"""The circuit breaker on cancels and replaces caused by quoting: two tiers over two sliding windows (strategy §8).

One value per market and one for the whole portfolio; time comes in as an argument, and what happened comes out.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from edgelock.core.permit import Brake
from edgelock.core.settings import BreakerTier, RiskSettings
from edgelock.core.units import SECOND, Timestamp

SHORT_WINDOW = 30 * SECOND
LONG_WINDOW = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How many cancels within 30 s and within 60 s trip a tier."""

    in_30s: int
    in_60s: int


@dataclass(frozen=True, slots=True)
class Conditions:
    """What makes the thresholds adapt: a position is held; the spread is one tick; the scope's multiplier."""

    is_skewed: bool = False
    is_one_tick_spread: bool = False
    multiplier: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A tier that was tripped just now, with the counts and the thresholds in force."""

    tier: Brake
    cancels_30: int
    cancels_60: int
    thresholds: Thresholds
    until: Timestamp


@dataclass(frozen=True, slots=True)
class Breaker:
    """Cancel times of the last 60 s, oldest first, and the tier in force since `since` until `until`."""

    cancels: tuple[Timestamp, ...] = ()
    tier: Brake = Brake.NONE
    until: Timestamp | None = None
    since: Timestamp | None = None

    def counts(self, now: Timestamp) -> tuple[int, int]:
        """Cancels within the last 30 s and the last 60 s."""
        in_30s = sum(1 for at in self.cancels if now - at < SHORT_WINDOW)
        in_60s = sum(1 for at in self.cancels if now - at < LONG_WINDOW)
        return in_30s, in_60s


def thresholds(tier: BreakerTier, settings: RiskSettings, conditions: Conditions) -> Thresholds:
    """The tier's thresholds under these conditions: ×1.25 skewed, ×0.8 at a one-tick spread, rounded down, at least 1.

    Soft, 30 s: 12 → 15 skewed; 9 at a one-tick spread.
    """
    factor = conditions.multiplier
    if conditions.is_skewed:
        factor *= settings.breaker_skewed_multiplier
    if conditions.is_one_tick_spread:
        factor *= settings.breaker_one_tick_multiplier
    return Thresholds(
        in_30s=max(1, math.floor(tier.cancels_30s * factor)), in_60s=max(1, math.floor(tier.cancels_60s * factor))
    )


def after_cancel(
    breaker: Breaker, now: Timestamp, settings: RiskSettings, conditions: Conditions
) -> tuple[Breaker, Trip | None]:
    """The breaker after one more cancel caused by quoting, and the tier it tripped, if it did.

    A tier that already holds is not tripped again; a higher one is.
    """
    breaker, _ = after_time(breaker, now)
    breaker = replace(breaker, cancels=tuple(sorted((*without_old(breaker, now).cancels, now))))
    for tier, values in ((Brake.HARD, settings.breaker_hard), (Brake.SOFT, settings.breaker_soft)):
        limit = thresholds(values, settings, conditions)
        in_30s, in_60s = breaker.counts(now)
        if tier > breaker.tier and (in_30s >= limit.in_30s or in_60s >= limit.in_60s):
            until = Timestamp(now + values.lasts)
            trip = Trip(tier=tier, cancels_30=in_30s, cancels_60=in_60s, thresholds=limit, until=until)
            return replace(breaker, tier=tier, until=until, since=now), trip
    return breaker, None


def after_time(breaker: Breaker, now: Timestamp) -> tuple[Breaker, bool]:
    """The breaker as of now, and whether a tier has just ended."""
    if breaker.until is not None and now >= breaker.until:
        return replace(breaker, tier=Brake.NONE, until=None, since=None), True
    return breaker, False


def without_old(breaker: Breaker, now: Timestamp) -> Breaker:
    """The breaker without the cancels that no window holds any more; itself when there are none."""
    if not breaker.cancels or now - breaker.cancels[0] < LONG_WINDOW:
        return breaker
    return replace(breaker, cancels=tuple(at for at in breaker.cancels if now - at < LONG_WINDOW))
