"""Tests of a game's course: prices jump with the score, haste and spreads rise and heal, the end is in order."""

import random

import pytest

from edgelock.core.units import SECOND, Timestamp
from edgelock.exchange.scenario_course import (
    BidsReturned,
    BidsWithdrawn,
    MarketsClosed,
    Score,
    TradingPaused,
    TradingResumed,
    WinnerKnown,
)
from edgelock.exchange.scenario_game import HOCKEY, GameScript, draw_script
from edgelock.exchange.scenario_game_course import GameCourse, Spell
from edgelock.exchange.scenarios import LIVELY

BEGINS_AT = Timestamp(1_795_392_000 * SECOND)


def a_script(seed: int = 1) -> GameScript:
    return draw_script(HOCKEY, random.Random(seed), away_wins=0.37, begins_at=BEGINS_AT)


def after(at: Timestamp, seconds: float) -> Timestamp:
    return Timestamp(at + int(seconds * SECOND))


def test_a_score_widens_spreads_and_brings_haste_and_both_heal_within_two_minutes() -> None:
    script = a_script()
    course = GameCourse(script, LIVELY, random.Random(1))
    scored = script.scores[0]
    before, burst, healed = (course.mood(after(scored.at, seconds)) for seconds in (-1, 0, 120))
    assert burst.half_spread > 3 * before.half_spread
    assert burst.takes_per_s > 20 * before.takes_per_s
    assert healed.half_spread == pytest.approx(before.half_spread, rel=0.1)
    assert healed.takes_per_s == pytest.approx(before.takes_per_s, rel=0.1)


def test_the_price_jumps_with_a_score_towards_the_team_that_scored() -> None:
    script = a_script()
    course = GameCourse(script, LIVELY, random.Random(1))
    scored = script.scores[0]
    jump = course.fair_value(scored.at) - course.fair_value(after(scored.at, -0.1))
    assert abs(jump) > 0.08
    assert (jump > 0) == (scored.margin > script.opening_margin)


def test_sentiment_wanders_by_several_cents_and_comes_back() -> None:
    script = a_script()
    course = GameCourse(script, LIVELY, random.Random(2))
    before_the_game = [after(BEGINS_AT, seconds - 20_000) for seconds in range(0, 20_000, 5)]
    deviations = [course.fair_value(at) - 0.37 for at in before_the_game]
    assert max(deviations) > 0.08
    assert min(deviations) < -0.08
    assert abs(sum(deviations) / len(deviations)) < 0.03


def test_without_bids_the_weaker_teams_price_is_low_and_steady_until_well_after_they_return() -> None:
    spell = Spell(after(BEGINS_AT, -7_000), after(BEGINS_AT, -6_000))
    course = GameCourse(a_script(), LIVELY, random.Random(3), bidless=spell)
    course.fair_value(after(spell.starts_at, -1))
    times = [after(spell.starts_at, seconds) for seconds in range(600, 2_400, 10)]
    assert max(course.fair_value(at) for at in times) < 0.37 + 0.02


def test_moments_come_in_order_and_end_with_close_and_result() -> None:
    script = a_script()
    bidless = Spell(after(BEGINS_AT, 600), after(BEGINS_AT, 1_600))
    pause = Spell(after(BEGINS_AT, 4_000), after(BEGINS_AT, 4_200))
    moments = GameCourse(script, LIVELY, random.Random(1), bidless=bidless, pause=pause).moments
    assert [moment.at for moment in moments] == sorted(moment.at for moment in moments)
    assert moments[-2].happening == MarketsClosed()
    assert moments[-1].happening == WinnerKnown(script.away_won)
    happenings = [moment.happening for moment in moments if not isinstance(moment.happening, Score)]
    assert happenings[:4] == [BidsWithdrawn(), BidsReturned(), TradingPaused(), TradingResumed()]
    assert script.final_at < moments[-2].at < moments[-1].at
