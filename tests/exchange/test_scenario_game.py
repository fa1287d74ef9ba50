"""Tests of a generated game's script: clock, scores, win probability and result agree with each other."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.units import MINUTE, SECOND, Timestamp
from edgelock.exchange.scenario_game import (
    COLLEGE_FOOTBALL,
    HOCKEY,
    PRO_FOOTBALL,
    GameScript,
    Scored,
    Sport,
    Stretch,
    draw_script,
)

BEGINS_AT = Timestamp(1_795_392_000 * SECOND)


@given(st.integers(0, 10_000), st.sampled_from([HOCKEY, PRO_FOOTBALL, COLLEGE_FOOTBALL]), st.floats(0.1, 0.9))
def test_a_drawn_game_scores_only_while_it_plays_and_never_ends_level(
    seed: int, sport: Sport, away_wins: float
) -> None:
    script = draw_script(sport, random.Random(seed), away_wins=away_wins, begins_at=BEGINS_AT)
    in_regulation = [scored for scored in script.scores if scored.at < script.stretches[-1].ends_at]
    assert all(script.is_playing(scored.at) for scored in in_regulation)
    assert all(before.at <= after.at for before, after in pairwise(script.scores))
    assert script.margin(script.final_at) != 0
    assert script.win_probability(script.final_at) == (1.0 if script.away_won else 0.0)
    assert script.is_playing(BEGINS_AT)
    assert not script.is_playing(script.final_at)


def test_before_the_game_the_win_probability_is_the_drawn_one() -> None:
    script = draw_script(HOCKEY, random.Random(1), away_wins=0.37, begins_at=BEGINS_AT)
    assert script.win_probability(Timestamp(BEGINS_AT - MINUTE)) == pytest.approx(0.37)
    assert script.last_score_at(BEGINS_AT) is None


def test_a_lead_is_worth_more_the_less_time_is_left() -> None:
    first = Stretch(BEGINS_AT, Timestamp(BEGINS_AT + 60 * MINUTE), 0, HOCKEY.game_s)
    script = GameScript(
        sport=HOCKEY,
        strength=0.0,
        stretches=(first,),
        scores=(Scored(Timestamp(BEGINS_AT + MINUTE), 1),),
        opening_margin=0,
        final_at=first.ends_at,
    )
    worth = [script.win_probability(Timestamp(BEGINS_AT + minutes * MINUTE)) for minutes in (0, 1, 30, 50, 59)]
    assert worth[0] == pytest.approx(0.5)
    assert all(before < after for before, after in pairwise(worth))
    assert worth[-1] > 0.99


def test_a_game_joined_late_plays_only_what_is_left() -> None:
    script = draw_script(HOCKEY, random.Random(1), away_wins=0.4, begins_at=BEGINS_AT, from_game_s=2_520, margin=1)
    assert len(script.stretches) == 1
    assert script.margin(BEGINS_AT) == 1
    assert script.stretches[0].ends_at - BEGINS_AT <= 40 * MINUTE
