"""A generated game: its clock, its scores and the win probability that follows from them.

The win probability is the usual one for games whose margin does a random walk: with a share τ of the game left,
P(win) = Φ((margin + strength·τ) / (margin_sd·√τ)), where `margin_sd` is the standard deviation of final margins of
that sport. It is an assumption good enough to make prices jump by the right size at the right time, not a forecast.
"""

import math
import random
from bisect import bisect_right
from dataclasses import dataclass
from statistics import NormalDist

from edgelock.core.units import MINUTE, SECOND, Timestamp

NORMAL = NormalDist()
LEAST_SHARE_LEFT = 1e-4


@dataclass(frozen=True, slots=True)
class Sport:
    """The rules that matter to a price. `pace` is how many seconds pass on the wall for one on the game's clock."""

    periods: int
    period_s: int
    pace: float
    breaks_s: tuple[int, ...]
    scores_per_game: float
    points: tuple[tuple[int, float], ...]
    margin_sd: float
    overtime_s: int

    @property
    def game_s(self) -> int:
        """Regulation time on the game's clock."""
        return self.periods * self.period_s

    @property
    def points_per_game(self) -> float:
        """Mean points of both teams together."""
        weights = sum(weight for _, weight in self.points)
        return self.scores_per_game * sum(points * weight for points, weight in self.points) / weights


HOCKEY = Sport(
    periods=3,
    period_s=1200,
    pace=1.85,
    breaks_s=(1080, 1080),
    scores_per_game=6.0,
    points=((1, 1.0),),
    margin_sd=2.45,
    overtime_s=300,
)
PRO_FOOTBALL = Sport(
    periods=4,
    period_s=900,
    pace=2.8,
    breaks_s=(120, 780, 120),
    scores_per_game=8.5,
    points=((7, 0.58), (3, 0.38), (8, 0.02), (2, 0.02)),
    margin_sd=13.5,
    overtime_s=600,
)
COLLEGE_FOOTBALL = Sport(
    periods=4,
    period_s=900,
    pace=2.9,
    breaks_s=(120, 1200, 120),
    scores_per_game=10.0,
    points=((7, 0.68), (3, 0.27), (8, 0.03), (2, 0.02)),
    margin_sd=16.0,
    overtime_s=600,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of play without a break, on the wall and on the game's clock."""

    starts_at: Timestamp
    ends_at: Timestamp
    from_game_s: float
    to_game_s: float


@dataclass(frozen=True, slots=True)
class Scored:
    """The margin (away minus home) from this instant on."""

    at: Timestamp
    margin: int


@dataclass(frozen=True)
class GameScript:
    """All that happens in one game, drawn before it starts."""

    sport: Sport
    strength: float
    stretches: tuple[Stretch, ...]
    scores: tuple[Scored, ...]
    opening_margin: int
    final_at: Timestamp

    @property
    def away_won(self) -> bool:
        """The winner; a script never ends level."""
        return self.margin(self.final_at) > 0

    def margin(self, now: Timestamp) -> int:
        """Away minus home score."""
        index = bisect_right(self.scores, now, key=lambda scored: scored.at)
        return self.scores[index - 1].margin if index else self.opening_margin

    def last_score_at(self, now: Timestamp) -> Timestamp | None:
        """When a team scored last, or None."""
        index = bisect_right(self.scores, now, key=lambda scored: scored.at)
        return self.scores[index - 1].at if index else None

    def is_playing(self, now: Timestamp) -> bool:
        """Whether the game's clock may run; false before, between and after the periods."""
        return any(stretch.starts_at <= now < stretch.ends_at for stretch in self.stretches)

    def win_probability(self, now: Timestamp) -> float:
        """The away team's, strictly between 0 and 1 until the final, then 0 or 1."""
        if now >= self.final_at:
            return 1.0 if self.away_won else 0.0
        left = max(1 - self._game_s(now) / self.sport.game_s, LEAST_SHARE_LEFT)
        ahead = self.margin(now) + self.strength * left
        return 0.5 * (1 + math.erf(ahead / (self.sport.margin_sd * math.sqrt(2 * left))))

    def _game_s(self, now: Timestamp) -> float:
        played = self.stretches[0].from_game_s
        for stretch in self.stretches:
            if now <= stretch.starts_at:
                break
            share = min((now - stretch.starts_at) / (stretch.ends_at - stretch.starts_at), 1.0)
            played = stretch.from_game_s + share * (stretch.to_game_s - stretch.from_game_s)
        return played


def draw_script(
    sport: Sport,
    chance: random.Random,
    *,
    away_wins: float,
    begins_at: Timestamp,
    from_game_s: int = 0,
    margin: int = 0,
) -> GameScript:
    """A game whose play begins (or is joined, at `from_game_s` and with `margin`) at `begins_at`.

    `away_wins` is the away team's probability from a level start, strictly between 0 and 1. A level game goes to
    an overtime that the next score, or at its end a shoot-out, decides.
    """
    strength = sport.margin_sd * NORMAL.inv_cdf(away_wins)
    stretches = _draw_stretches(sport, chance, begins_at, from_game_s)
    scores = _draw_scores(sport, chance, stretches, strength=strength, margin=margin)
    final_at = stretches[-1].ends_at
    if (scores[-1].margin if scores else margin) == 0:
        overtime_s = min(chance.expovariate(1 / 240), sport.overtime_s) * sport.pace
        final_at = Timestamp(final_at + MINUTE + int(overtime_s * SECOND))
        scores = (*scores, Scored(final_at, 1 if chance.random() < away_wins else -1))
    return GameScript(sport, strength, stretches, scores, margin, final_at)


def _draw_stretches(sport: Sport, chance: random.Random, begins_at: Timestamp, from_game_s: int) -> tuple[Stretch, ...]:
    stretches = []
    starts_at = begins_at
    for period in range(from_game_s // sport.period_s, sport.periods):
        opens_s = max(from_game_s, period * sport.period_s)
        closes_s = (period + 1) * sport.period_s
        wall_s = (closes_s - opens_s) * sport.pace * chance.uniform(0.95, 1.05)
        ends_at = Timestamp(starts_at + int(wall_s * SECOND))
        stretches.append(Stretch(starts_at, ends_at, opens_s, closes_s))
        if period < len(sport.breaks_s):
            starts_at = Timestamp(ends_at + sport.breaks_s[period] * SECOND)
    return tuple(stretches)


def _draw_scores(
    sport: Sport, chance: random.Random, stretches: tuple[Stretch, ...], *, strength: float, margin: int
) -> tuple[Scored, ...]:
    away_share = min(max(0.5 + strength / (2 * sport.points_per_game), 0.05), 0.95)
    kinds = [points for points, _ in sport.points]
    weights = [weight for _, weight in sport.points]
    scores = []
    for stretch in stretches:
        game_s = stretch.from_game_s
        wall_per_game_s = (stretch.ends_at - stretch.starts_at) / (stretch.to_game_s - stretch.from_game_s)
        while True:
            game_s += chance.expovariate(sport.scores_per_game / sport.game_s)
            if game_s >= stretch.to_game_s:
                break
            points = chance.choices(kinds, weights)[0]
            margin += points if chance.random() < away_share else -points
            at = stretch.starts_at + int((game_s - stretch.from_game_s) * wall_per_game_s)
            scores.append(Scored(Timestamp(at), margin))
    return tuple(scores)
