"""The plan meets every label in each phase first, and hands out until enough was reached."""

import random

from tests.crash.chain import Crash, CrashResult
from tests.crash.plan import TRIES_MAX, Plan, points_of
from tests.crash.points import Phase, Point

COUNTS = {
    "recovery": {"sweep.loaded.after": 8, "start.lock.after": 1},
    "trading": {"journal.record_fill.after": 30, "journal.record_fill.before": 30, "rest.orders.sent": 9},
    "shutdown": {"rest.orders.sent": 2},
}


def result(crash: Crash, *, reached: bool = True, reached_again: bool = False) -> CrashResult:
    return CrashResult(
        crash=crash, flavour="quiet", seed=1, reached=reached, reached_again=reached_again and crash.again is not None
    )


def test_each_label_of_each_phase_comes_before_any_comes_again():
    points = points_of(COUNTS, (Phase.TRADING, Phase.SHUTDOWN), 10, random.Random(1))

    assert len(points) == 10
    assert set(points[:4]) == {
        Point(Phase.TRADING, "journal.record_fill.after", 1),
        Point(Phase.TRADING, "journal.record_fill.before", 1),
        Point(Phase.TRADING, "rest.orders.sent", 1),
        Point(Phase.SHUTDOWN, "rest.orders.sent", 1),
    }
    assert all(point.occurrence > 1 for point in points[4:])


def test_a_short_plan_meets_every_group():
    points = points_of(COUNTS, (Phase.TRADING,), 2, random.Random(1))

    assert {point.group for point in points} == {"journal", "rest"}


def test_a_plan_hands_out_until_enough_points_were_reached():
    plan = Plan(COUNTS, wanted=6, wanted_again=2, rng=random.Random(1))

    while (crash := plan.next()) is not None:
        plan.done(result(crash, reached_again=True))

    assert (plan.reached, plan.reached_again) == (6, 2)


def test_a_point_that_is_not_reached_is_tried_again_and_then_replaced():
    plan = Plan(COUNTS, wanted=4, wanted_again=0, rng=random.Random(1))
    lost = Point(Phase.TRADING, "rest.orders.sent", 1)

    tried = []
    while (crash := plan.next()) is not None:
        tried.append(crash.point)
        plan.done(result(crash, reached=crash.point != lost))

    assert tried.count(lost) == TRIES_MAX[Phase.TRADING]
    assert plan.reached == 4


def test_a_point_of_the_recovery_that_is_not_reached_is_replaced_too():
    plan = Plan(COUNTS, wanted=6, wanted_again=2, rng=random.Random(1))

    handed_out = 0
    while (crash := plan.next()) is not None:
        handed_out += crash.again is not None
        plan.done(result(crash, reached_again=crash.again is not None and handed_out > 3))

    assert plan.reached_again == 2
    assert handed_out > 3


def test_a_plan_of_which_nothing_is_reached_comes_to_an_end():
    plan = Plan(COUNTS, wanted=4, wanted_again=1, rng=random.Random(1))

    while (crash := plan.next()) is not None:
        plan.done(result(crash, reached=False))

    assert plan.reached == 0
