"""Readers share one bucket: nobody is sent before the venue has room, and nobody waits longer than it may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.kalshi.read_budget import READ_COST, ReadBudget


class HandTime:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def a_budget(speed=1) -> tuple[ReadBudget, HandTime]:
    time = HandTime()
    return ReadBudget(speed=speed, monotonic=time, sleep=time.sleep), time


def test_a_burst_goes_at_once_and_the_next_read_waits_for_its_tokens():
    budget, time = a_budget()

    assert all(budget.take(READ_COST, deadline=200) for _ in range(18))
    assert time.now == 100.0
    assert budget.take(READ_COST, deadline=200)
    assert time.now == pytest.approx(100 + 10 / 180)


def test_a_read_that_would_come_too_late_is_not_sent_and_takes_nothing():
    budget, time = a_budget()
    budget.take(180, deadline=200)

    assert not budget.take(READ_COST, deadline=time.now + 0.01)
    assert budget.take(READ_COST, deadline=time.now + 0.06)


def test_a_faster_venue_fills_faster():
    budget, time = a_budget(speed=60)
    budget.take(180, deadline=200)

    assert budget.take(180, deadline=200)
    assert time.now == pytest.approx(100 + 1 / 60)


def test_the_accounts_own_limits_are_taken_over():
    budget, time = a_budget()
    budget.resize(1000, 2000)
    time.now += 10

    assert budget.take(1800, deadline=time.now)


@given(st.lists(st.tuples(st.sampled_from([2, 10]), st.floats(0, 0.5)), max_size=60))
def test_over_any_time_no_more_leaves_than_the_bucket_and_what_came_back(reads):
    budget, time = a_budget()
    began, sent = time.now, 0
    for cost, pause in reads:
        time.now += pause
        assert budget.take(cost, deadline=time.now + 60)
        sent += cost
        assert sent <= 180 + (time.now - began) * 180 + 1e-6
