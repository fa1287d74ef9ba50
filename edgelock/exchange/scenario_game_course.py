"""The course of a game's markets while the game is played: win probability, sentiment, and how busy it gets.

Price = win probability plus a sentiment that wanders and comes back (an Ornstein-Uhlenbeck process, drawn exactly
for any step); it is what makes a price swing by several cents between two scores. After a score spreads are wide
and trades thick; both heal exponentially.
"""

import math
import random
from dataclasses import dataclass

from edgelock.core.units import MINUTE, SECOND, Timestamp
from edgelock.exchange.scenario_course import (
    BidsReturned,
    BidsWithdrawn,
    MarketsClosed,
    Moment,
    Mood,
    Score,
    TradingPaused,
    TradingResumed,
    WinnerKnown,
)
from edgelock.exchange.scenario_game import GameScript

BURST_FADES_S = 4.0
SPREAD_HEALS_S = 18.0
LOWEST_FAIR, HIGHEST_FAIR = 0.004, 0.996
GLOOM = 0.05
GLOOM_LASTS = 25 * MINUTE
GLOOM_STEADIES = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """How a game's markets behave. Rates per second and market, spreads and sentiment in dollars."""

    takes_before: float
    takes_in_play: float
    quotes_before: float
    quotes_in_play: float
    resizes: float
    half_spread: float
    score_spread: float
    score_takes: float
    score_quotes: float
    sentiment_sd: float
    sentiment_returns_s: float


@dataclass(frozen=True, slots=True)
class Spell:
    """A time without bids, or without trading at all."""

    starts_at: Timestamp
    ends_at: Timestamp


class GameCourse:
    """One game's markets, from before the game to settlement."""

    def __init__(
        self,
        script: GameScript,
        temper: Temper,
        chance: random.Random,
        *,
        bidless: Spell | None = None,
        pause: Spell | None = None,
    ) -> None:
        self._script = script
        self._temper = temper
        self._chance = chance
        self._bidless = bidless
        self._sentiment = 0.0
        self._asked_at: Timestamp | None = None
        self._gloom: float | None = None
        self.moments = _moments(script, chance, bidless, pause)

    def fair_value(self, now: Timestamp) -> float:
        """Win probability plus sentiment, the latter fading as the game is decided."""
        self._wander(now)
        probability = self._script.win_probability(now)
        openness = 4 * probability * (1 - probability)
        value = probability + (self._sentiment + self._gloom_at(now, probability)) * openness
        return min(max(value, LOWEST_FAIR), HIGHEST_FAIR)

    def mood(self, now: Timestamp) -> Mood:
        """Busy in play and busiest after a score."""
        temper = self._temper
        in_play = self._script.is_playing(now)
        takes = temper.takes_in_play if in_play else temper.takes_before
        quotes = temper.quotes_in_play if in_play else temper.quotes_before
        half_spread = temper.half_spread
        scored_at = self._script.last_score_at(now)
        if scored_at is not None:
            since_s = (now - scored_at) / SECOND
            burst = math.exp(-since_s / BURST_FADES_S)
            takes += temper.score_takes * burst
            quotes += temper.score_quotes * burst
            half_spread += temper.score_spread * math.exp(-since_s / SPREAD_HEALS_S)
        return Mood(takes, quotes, temper.resizes, half_spread)

    def _wander(self, now: Timestamp) -> None:
        if self._asked_at is None or now <= self._asked_at:
            self._asked_at = now
            return
        elapsed_s = (now - self._asked_at) / SECOND
        self._asked_at = now
        temper = self._temper
        kept = math.exp(-elapsed_s / temper.sentiment_returns_s)
        steadiness = GLOOM_STEADIES if self._is_gloomy(now) else 1.0
        noise = temper.sentiment_sd * steadiness * math.sqrt(1 - kept * kept)
        self._sentiment = self._sentiment * kept + noise * self._chance.gauss(0.0, 1.0)

    def _is_gloomy(self, now: Timestamp) -> bool:
        spell = self._bidless
        return spell is not None and spell.starts_at <= now < spell.ends_at + GLOOM_LASTS

    def _gloom_at(self, now: Timestamp, probability: float) -> float:
        """Bids left because the weaker team got weaker: its price stays low until some time after they return."""
        if not self._is_gloomy(now):
            return 0.0
        if self._gloom is None:
            self._gloom = -GLOOM if probability + self._sentiment < 0.5 else GLOOM
        return self._gloom


def _moments(
    script: GameScript, chance: random.Random, bidless: Spell | None, pause: Spell | None
) -> tuple[Moment, ...]:
    closes_at = Timestamp(script.final_at + int(chance.uniform(90, 210) * SECOND))
    settles_at = Timestamp(closes_at + int(chance.uniform(180, 420) * SECOND))
    moments = [
        *(Moment(scored.at, Score()) for scored in script.scores),
        Moment(closes_at, MarketsClosed()),
        Moment(settles_at, WinnerKnown(script.away_won)),
    ]
    if bidless is not None:
        moments += [Moment(bidless.starts_at, BidsWithdrawn()), Moment(bidless.ends_at, BidsReturned())]
    if pause is not None:
        moments += [Moment(pause.starts_at, TradingPaused()), Moment(pause.ends_at, TradingResumed())]
    return tuple(sorted(moments, key=lambda moment: moment.at))
