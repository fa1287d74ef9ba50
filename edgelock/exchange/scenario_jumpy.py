"""The course of a jumpy game: prices flutter by several cents within seconds, and the lead changes by legs.

In each leg one team's market is worth about 56 ¢ and flutters. When a leg ends that market falls to the edge of the
NHL buying gate (48 ¢), where in most legs makers flicker: the ask jumps between 48 and 53 ¢ over a standing bid, so
that the mid is inside the gate for a second or two and outside it for the next. Nobody sells into the flicker.
Whoever quotes by that gate must place and withdraw again and again; it is what trips a breaker that counts cancels.
"""

import random
from dataclasses import dataclass

from edgelock.core.units import CENT, CONTRACT, MILLISECOND, MINUTE, SECOND, Price, Size, Timestamp
from edgelock.exchange.flow import BookSide
from edgelock.exchange.scenario_course import (
    AWAY,
    HOME,
    MarketsClosed,
    Moment,
    Mood,
    QuotesFreed,
    QuotesPinned,
    TouchTaken,
    WinnerKnown,
)

LEADER_WORTH = 0.56
FLUTTER = 0.042
FLUTTER_HOLDS_S = (1.5, 4.0)
LEG_LASTS_S = (360.0, 540.0)
FALL_LASTS = 10 * SECOND
DECISION_LASTS = 8 * MINUTE
DECIDED_WORTH = 0.985
MOOD = Mood(takes_per_s=1.1, quotes_per_s=1.2, resizes_per_s=0.2, half_spread=0.011)
MOOD_AFTER_FINAL = Mood(takes_per_s=0.1, quotes_per_s=0.1, resizes_per_s=0.1, half_spread=0.005)

STANDING_BID = Price(44 * CENT)
SETTLING_ASK, INSIDE_ASK, OUTSIDE_ASK = Price(47 * CENT), Price(48 * CENT), Price(53 * CENT)
SETTLING_TRADES = 12
SETTLING_TRADE_SIZE = Size(4 * CONTRACT)
FLICKER_LASTS_S = (55.0, 75.0)
FLICKER_SHARE = 0.6
FLICKER_SLOWNESS = (0.8, 1.2)
INSIDE_HOLDS_S, OUTSIDE_HOLDS_S = (1.2, 1.8), (0.8, 1.1)


@dataclass(frozen=True, slots=True)
class Leg:
    """From this instant the away team's market is worth `away_worth`, give or take the flutter."""

    starts_at: Timestamp
    away_worth: float


class JumpyCourse:
    """A game that is decided, closed and settled around `final_at`."""

    def __init__(self, chance: random.Random, *, starts_at: Timestamp, final_at: Timestamp) -> None:
        self._chance = chance
        self._legs = _draw_legs(chance, starts_at, Timestamp(final_at - DECISION_LASTS))
        self._final_at = final_at
        self._away_wins = chance.random() < 0.5
        self._leg = 0
        self._flutter = 0.0
        self._flutters_until = starts_at
        closes_at = Timestamp(final_at + int(chance.uniform(90, 210) * SECOND))
        settles_at = Timestamp(closes_at + int(chance.uniform(180, 420) * SECOND))
        flickers = [
            moment
            for before, leg in zip(self._legs, self._legs[1:], strict=False)
            if chance.random() < FLICKER_SHARE
            for moment in _flicker(chance, leg.starts_at, AWAY if leg.away_worth < before.away_worth else HOME)
        ]
        self.moments: tuple[Moment, ...] = (
            *flickers,
            Moment(closes_at, MarketsClosed()),
            Moment(settles_at, WinnerKnown(self._away_wins)),
        )

    def fair_value(self, now: Timestamp) -> float:
        """The leg's worth, a slide into it, the flutter on top; near the end a slide to the result."""
        while self._leg + 1 < len(self._legs) and now >= self._legs[self._leg + 1].starts_at:
            self._leg += 1
        leg = self._legs[self._leg]
        worth = leg.away_worth
        if self._leg:
            slid = min((now - leg.starts_at) / FALL_LASTS, 1.0)
            worth = self._legs[self._leg - 1].away_worth * (1 - slid) + worth * slid
        decided = min(max(1 - (self._final_at - now) / DECISION_LASTS, 0.0), 1.0)
        result = DECIDED_WORTH if self._away_wins else 1 - DECIDED_WORTH
        return (worth + self._flutter_at(now)) * (1 - decided) + result * decided

    def mood(self, now: Timestamp) -> Mood:
        """The same haste until the final, hardly a trade after it."""
        return MOOD if now < self._final_at else MOOD_AFTER_FINAL

    def _flutter_at(self, now: Timestamp) -> float:
        if now >= self._flutters_until:
            self._flutter = self._chance.uniform(-FLUTTER, FLUTTER)
            self._flutters_until = Timestamp(now + int(self._chance.uniform(*FLUTTER_HOLDS_S) * SECOND))
        return self._flutter


def _draw_legs(chance: random.Random, starts_at: Timestamp, until: Timestamp) -> tuple[Leg, ...]:
    legs = []
    away_leads = False
    while starts_at < until:
        legs.append(Leg(starts_at, LEADER_WORTH if away_leads else 1 - LEADER_WORTH))
        starts_at = Timestamp(starts_at + int(chance.uniform(*LEG_LASTS_S) * SECOND))
        away_leads = not away_leads
    return tuple(legs)


def _flicker(chance: random.Random, falls_at: Timestamp, market: int) -> list[Moment]:
    """Trades settle at 47 ¢, then the ask flickers over the standing bid until makers calm down."""
    now = Timestamp(falls_at + FALL_LASTS)
    moments = [Moment(now, QuotesPinned(market, STANDING_BID, SETTLING_ASK))]
    for _ in range(SETTLING_TRADES):
        now = Timestamp(now + 500 * MILLISECOND)
        moments.append(Moment(now, TouchTaken(market, BookSide.BID, SETTLING_TRADE_SIZE)))
    slowness = chance.uniform(*FLICKER_SLOWNESS)
    calms_at = now + int(chance.uniform(*FLICKER_LASTS_S) * SECOND)
    while now < calms_at:
        now = _after(chance, now, OUTSIDE_HOLDS_S, slowness)
        moments.append(Moment(now, QuotesPinned(market, STANDING_BID, INSIDE_ASK)))
        now = _after(chance, now, INSIDE_HOLDS_S, slowness)
        moments.append(Moment(now, QuotesPinned(market, STANDING_BID, OUTSIDE_ASK)))
    moments.append(Moment(_after(chance, now, OUTSIDE_HOLDS_S, slowness), QuotesFreed(market)))
    return moments


def _after(chance: random.Random, now: Timestamp, bounds_s: tuple[float, float], slowness: float) -> Timestamp:
    return Timestamp(now + int(chance.uniform(*bounds_s) * slowness * SECOND))
