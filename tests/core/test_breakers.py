"""The circuit breaker: two tiers over two sliding windows, with thresholds that adapt."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.breakers import (
    Breaker,
    Conditions,
    Thresholds,
    after_cancel,
    after_time,
    thresholds,
    without_old,
)
from edgelock.core.permit import Brake
from edgelock.core.settings import RiskSettings
from edgelock.core.units import MILLISECOND, Timestamp
from tests.core.builders import NOON, after, seconds

RISK = RiskSettings()
CALM = Conditions()


def after_cancels(times, conditions=CALM, settings=RISK):
    breaker, trips = Breaker(), []
    for at in times:
        breaker, trip = after_cancel(breaker, Timestamp(at), settings, conditions)
        if trip is not None:
            trips.append(trip)
    return breaker, trips


@pytest.mark.parametrize(
    ("conditions", "in_30s", "in_60s"),
    [
        (Conditions(), 12, 18),
        (Conditions(is_skewed=True), 15, 22),
        (Conditions(is_one_tick_spread=True), 9, 14),
        (Conditions(is_skewed=True, is_one_tick_spread=True), 12, 18),
        (Conditions(multiplier=Fraction(3)), 36, 54),
        (Conditions(multiplier=Fraction(1, 100)), 1, 1),
    ],
)
def test_the_soft_tier_adapts_to_inventory_spread_and_scope_rounded_down_and_at_least_one(conditions, in_30s, in_60s):
    assert Thresholds(in_30s, in_60s) == thresholds(RISK.breaker_soft, RISK, conditions)


def test_the_twelfth_cancel_within_thirty_seconds_trips_the_soft_tier_for_twelve_seconds():
    breaker, trips = after_cancels(after(n) for n in range(12))

    (trip,) = trips
    assert (Brake.SOFT, 12, 12, Thresholds(12, 18)) == (trip.tier, trip.cancels_30, trip.cancels_60, trip.thresholds)
    assert after(11) + seconds(12) == trip.until == breaker.until


def test_eleven_cancels_trip_nothing():
    assert after_cancels(after(n) for n in range(11))[1] == []


def test_eighteen_cancels_within_sixty_seconds_trip_the_soft_tier_where_thirty_seconds_hold_too_few():
    _, trips = after_cancels(after(3 * n) for n in range(18))

    (trip,) = trips
    assert (trip.tier, trip.cancels_60) == (Brake.SOFT, 18)
    assert trip.cancels_30 < 12


def test_the_sixteenth_cancel_trips_the_hard_tier_over_the_soft_one_for_thirty_seconds():
    breaker, trips = after_cancels(after(0) + n * MILLISECOND for n in range(16))

    assert [trip.tier for trip in trips] == [Brake.SOFT, Brake.HARD]
    assert breaker.until == after(0) + 15 * MILLISECOND + seconds(30)


def test_a_tier_that_holds_is_not_tripped_again():
    _, trips = after_cancels(after(0) + n * MILLISECOND for n in range(30))

    assert len(trips) == 2


def test_a_tier_ends_at_its_time_and_says_so_once():
    breaker, _ = after_cancels(after(0) + n * MILLISECOND for n in range(12))
    assert breaker.until is not None

    held, is_over_early = after_time(breaker, Timestamp(breaker.until - 1))
    ended, is_over = after_time(held, breaker.until)

    assert (held.tier, is_over_early) == (Brake.SOFT, False)
    assert (ended.tier, is_over) == (Brake.NONE, True)
    assert (ended, False) == after_time(ended, after(9999))


def test_after_its_end_a_tier_trips_again_when_cancels_go_on():
    breaker, _ = after_cancels(after(n) for n in range(12))

    _, trip = after_cancel(breaker, after(24), RISK, CALM)

    assert trip is not None
    assert Brake.SOFT is trip.tier


def test_a_cancel_leaves_the_short_window_after_exactly_thirty_seconds():
    breaker = Breaker(cancels=(NOON,))

    assert breaker.counts(Timestamp(after(30) - 1)) == (1, 1)
    assert breaker.counts(after(30)) == (0, 1)
    assert breaker.counts(after(60)) == (0, 0)


@given(st.lists(st.integers(0, 4_000), min_size=1, max_size=60))
def test_the_windows_count_what_a_plain_count_over_the_whole_history_counts(gaps_ms):
    at, history, breaker = int(NOON), [], Breaker()
    for gap in gaps_ms:
        at += gap * MILLISECOND
        history.append(at)
        breaker, trip = after_cancel(breaker, Timestamp(at), RISK, CALM)
        counted = tuple(sum(1 for then in history if at - seconds(window) < then) for window in (30, 60))

        assert counted == breaker.counts(Timestamp(at))
        is_soft = counted[0] >= 12 or counted[1] >= 18
        is_hard = counted[0] >= 16 or counted[1] >= 24
        assert (breaker.tier >= Brake.SOFT) or not is_soft
        assert (breaker.tier is Brake.HARD) or not is_hard
        if trip is not None:
            assert is_hard if trip.tier is Brake.HARD else is_soft
            assert (trip.cancels_30, trip.cancels_60) == counted


@given(st.lists(st.integers(0, 10), min_size=1, max_size=200))
def test_the_memory_of_a_breaker_is_bounded_by_its_long_window(gaps_s):
    at, breaker = NOON, Breaker()
    for gap in gaps_s:
        at = Timestamp(at + seconds(gap))
        breaker, _ = after_cancel(breaker, at, RISK, CALM)

    assert all(at - then < seconds(60) for then in breaker.cancels)


def test_a_cancel_that_no_window_holds_any_more_is_forgotten():
    breaker = Breaker(cancels=(NOON, after(30)))

    assert without_old(breaker, Timestamp(after(60) - 1)) is breaker
    assert without_old(breaker, after(60)).cancels == (after(30),)
    assert after_cancel(breaker, after(60), RISK, CALM)[0].cancels == (after(30), after(60))
    assert without_old(breaker, after(90)).cancels == ()


def test_a_tier_knows_since_when_it_holds_and_a_higher_one_begins_anew():
    soft, _ = after_cancels(after(n) for n in range(13))
    hard, _ = after_cancels(after(n) for n in range(16))

    assert (soft.since, hard.since) == (after(11), after(15))
    assert after_time(hard, after(45))[0].since is None
