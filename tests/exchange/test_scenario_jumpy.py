"""Tests of the jumpy game: its mid keeps crossing the NHL buying gate while nobody sells."""

import random
from itertools import pairwise

from edgelock.core.units import MINUTE, SECOND, Timestamp
from edgelock.exchange.flow import BookSide
from edgelock.exchange.scenario_course import MarketsClosed, QuotesPinned, TouchTaken, WinnerKnown
from edgelock.exchange.scenario_jumpy import JumpyCourse

STARTS_AT = Timestamp(1_795_392_000 * SECOND)
NHL_LOW = 4_800


def a_course(seed: int) -> JumpyCourse:
    return JumpyCourse(random.Random(seed), starts_at=STARTS_AT, final_at=Timestamp(STARTS_AT + 165 * MINUTE))


def test_a_flicker_leaves_the_gate_often_enough_for_twelve_cancels_in_thirty_seconds() -> None:
    course = a_course(1)
    withheld = [
        moment.at
        for moment in course.moments
        if isinstance(moment.happening, QuotesPinned) and (moment.happening.bid + moment.happening.ask) > 2 * NHL_LOW
    ]
    busiest = max(sum(at <= other < at + 30 * SECOND for other in withheld) for at in withheld)
    assert busiest >= 12


def test_nobody_sells_into_a_flicker() -> None:
    taken = [m.happening for m in a_course(1).moments if isinstance(m.happening, TouchTaken)]
    assert taken
    assert all(taking.taker_side is BookSide.BID for taking in taken)


def test_the_price_flutters_by_several_cents_within_seconds() -> None:
    course = a_course(2)
    values = [course.fair_value(Timestamp(STARTS_AT + s * SECOND)) for s in range(300)]
    assert max(abs(after - before) for before, after in pairwise(values)) >= 0.05
    assert all(0.37 <= value <= 0.49 for value in values)


def test_it_ends_decided_closed_and_settled_in_order() -> None:
    course = a_course(3)
    assert list(course.moments) == sorted(course.moments, key=lambda moment: moment.at)
    closed, settled = course.moments[-2:]
    assert isinstance(closed.happening, MarketsClosed)
    assert isinstance(settled.happening, WinnerKnown)
    value = course.fair_value(closed.at)
    assert value > 0.97 if settled.happening.away_won else value < 0.03
