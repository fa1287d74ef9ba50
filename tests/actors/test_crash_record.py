"""What is remembered of crashes: the window, the row of equal ones, the healthy spell, and the back-off's bounds."""

from hypothesis import given
from hypothesis import strategies as st

from edgelock.actors.crash_record import CrashRecord
from edgelock.actors.restart_events import SECOND_NS, RestartBudget

BUDGET = RestartBudget(max_restarts=2, window_ns=300 * SECOND_NS)
moments = st.lists(st.integers(0, 2_000), min_size=1, max_size=20).map(sorted)


def after_crashes(*seconds: float, signature: str | None = None) -> CrashRecord:
    record = CrashRecord(budget=BUDGET)
    for number, second in enumerate(seconds):
        record = record.crashed(signature or str(number), int(second * SECOND_NS))
    return record


def test_one_more_than_the_budget_inside_the_window_is_too_many():
    assert after_crashes(0, 299).beyond_budget() is None
    assert after_crashes(0, 1, 299).beyond_budget() == "more than 2 crashes in 300 s"
    assert after_crashes(0, 1, 300).beyond_budget() is None


def test_the_same_defect_three_times_without_a_healthy_spell_is_too_many_at_any_distance():
    assert "3 equal crashes" in str(after_crashes(0, 400, 800, signature="same").beyond_budget())

    record = after_crashes(0, 400, signature="same").ready(401 * SECOND_NS)
    assert record.crashed("same", 461 * SECOND_NS).beyond_budget() is None


@given(moments)
def test_the_count_is_that_of_the_crashes_inside_the_window(seconds):
    record = after_crashes(*seconds)

    assert record.in_window(seconds[-1] * SECOND_NS) == sum(seconds[-1] - at < 300 for at in seconds)


@given(st.integers(1, 200), st.floats(0, 1))
def test_the_backoff_doubles_up_to_its_cap_and_the_jitter_only_adds(crashes, jitter):
    record = CrashRecord(budget=BUDGET, streak=crashes)
    bare = min(BUDGET.backoff_cap_ns, BUDGET.backoff_base_ns * 2 ** (crashes - 1))

    assert record.backoff_ns(0.0) == bare
    assert bare <= record.backoff_ns(jitter) <= bare * 120 // 100


def test_only_a_healthy_life_makes_the_crashes_before_it_another_story():
    short = after_crashes(0).ready(0).ended(59 * SECOND_NS)
    healthy = after_crashes(0).ready(0).ended(60 * SECOND_NS)

    assert (short.streak, healthy.streak) == (1, 0)
    assert short.ready_ns is healthy.ready_ns is None
