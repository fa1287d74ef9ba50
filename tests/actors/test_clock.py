"""Engine time runs at an exact ratio of real time."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.actors.clock import EngineClock, monotonic_ns, wall_clock_ns
from edgelock.core.units import Timestamp
from tests.actors.runtime_doubles import SECOND, ManualClock

SPEEDS = st.one_of(st.integers(1, 10_000), st.fractions(Fraction(1, 1000), 1000))


def test_an_hour_of_market_passes_in_a_minute_at_speed_60():
    real = ManualClock(0)
    clock = EngineClock(10 * SECOND, 0, 60, real)

    real.advance(60 * SECOND)

    assert clock.now() == 3_610 * SECOND
    assert clock.monotonic_ns() == 60 * SECOND


@given(SPEEDS, st.integers(0, 10**18), st.lists(st.integers(0, 10**12), max_size=20))
def test_engine_time_never_drifts_or_goes_backwards(speed, origin, steps):
    real = ManualClock(5)
    clock = EngineClock(origin, 5, speed, real)
    before = clock.now()
    for step in steps:
        real.advance(step)
        assert clock.now() >= before
        before = clock.now()

    assert origin + int(sum(steps) * Fraction(speed)) == clock.now()


@given(SPEEDS, st.integers(0, 10**18), st.integers(0, 10**13), st.integers(-(10**13), 10**13))
def test_the_real_delay_is_the_shortest_that_reaches_the_moment(speed, origin, elapsed, ahead):
    real = ManualClock(0)
    clock = EngineClock(origin, 0, speed, real)
    real.advance(elapsed)
    until = Timestamp(clock.now() + ahead)

    delay = clock.real_delay_ns(until)

    if delay > 0:
        real.advance(delay - 1)
        assert clock.now() < until
        real.advance(1)
    assert clock.now() >= until


@pytest.mark.parametrize("speed", [0, -1, 1.5, Fraction(-1, 2)])
def test_a_speed_that_is_not_an_exact_ratio_above_zero_is_an_error(speed):
    with pytest.raises(ValueError, match="speed must be"):
        EngineClock(0, 0, speed)


def test_a_clock_started_now_shows_its_origin_and_moves_on():
    origin = wall_clock_ns()
    before = monotonic_ns()

    clock = EngineClock.starting_at(origin, Fraction(1, 2))

    assert origin <= clock.now() <= origin + (monotonic_ns() - before)
    assert Fraction(1, 2) == clock.speed
