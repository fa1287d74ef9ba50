"""When a child comes back: the delays, the edges of the windows, quarantine and the storm, without a thread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.actors.restart_events import (
    SECOND_NS,
    Action,
    Added,
    BackoffElapsed,
    Crashed,
    Held,
    HoldElapsed,
    OperatorRestart,
    Quarantine,
    Ready,
    Removed,
    Restart,
    RestartAfter,
    RestartBudget,
    StormBegan,
    StormEnded,
    StormRule,
    TrialElapsed,
    TryProbe,
)
from edgelock.actors.restart_policy import RestartState, after

BUDGET = RestartBudget()
NO_STORM = StormRule(children_min=10_000)


class Policy:
    """Feeds events at a moment that the test moves, and hands back the actions."""

    def __init__(self, *names: str, budget: RestartBudget = BUDGET, rule: StormRule = NO_STORM) -> None:
        self.state = RestartState(rule=rule)
        self.now_ns = 0
        for name in names:
            self.feed(Added(name=name, budget=budget))

    def feed(self, event: object) -> tuple[Action, ...]:
        self.state, actions = after(self.state, event, self.now_ns)
        return actions

    def crash(self, name: str, signature: str = "", jitter: float = 0.0) -> tuple[Action, ...]:
        return self.feed(Crashed(name=name, signature=signature or f"at {self.now_ns}", jitter=jitter))

    def later(self, seconds: float) -> "Policy":
        self.now_ns += int(seconds * SECOND_NS)
        return self


def a_market_storm(children: int = 4, of: int = 4) -> Policy:
    """All `children` have crashed within a second, and their back-off is over."""
    policy = Policy(*[f"m{n:03}" for n in range(of)], rule=StormRule())
    for n in range(children):
        policy.later(0.1).crash(f"m{n:03}")
    for n in range(children):
        policy.feed(BackoffElapsed(name=f"m{n:03}"))
    return policy


def test_the_backoff_doubles_up_to_its_cap():
    policy = Policy("a", budget=RestartBudget(max_restarts=100))

    delays = [policy.later(1).crash("a")[0].delay_ns for _ in range(9)]

    assert [int(s * SECOND_NS) for s in (0.5, 1, 2, 4, 8, 16, 30, 30, 30)] == delays


@given(st.integers(0, 300), st.floats(0, 1), st.integers(0, 100), st.integers(1, 10**12), st.integers(1, 10**12))
def test_the_backoff_lies_between_base_and_cap_plus_jitter(crashes, jitter, percent, base, cap):
    budget = RestartBudget(max_restarts=10_000, backoff_base_ns=base, backoff_cap_ns=cap, jitter_percent=percent)
    policy = Policy("a", budget=budget)
    for _ in range(crashes):
        policy.later(0.001).crash("a")

    plain = Policy("a", budget=budget)
    plain.state, plain.now_ns = policy.state, policy.now_ns
    delay, without = policy.crash("a", jitter=jitter)[0].delay_ns, plain.crash("a")[0].delay_ns

    assert min(base, cap) <= without <= cap
    assert without <= delay <= without + without * percent // 100 + 1


def test_a_healthy_spell_resets_the_backoff_and_a_shorter_one_does_not():
    for spell_s, expected in ((60, 0.5), (59.9, 4)):
        policy = Policy("a")
        for _ in range(3):
            policy.later(1).crash("a")
        policy.feed(Ready(name="a"))

        assert int(expected * SECOND_NS) == policy.later(spell_s).crash("a")[0].delay_ns


def test_five_crashes_in_the_window_are_forgiven_and_the_sixth_is_quarantine():
    policy = Policy("a")
    forgiven = [policy.later(10).crash("a")[0] for _ in range(5)]

    sixth = policy.later(10).crash("a")[0]

    assert [action.restarts_in_window for action in forgiven] == [1, 2, 3, 4, 5]
    assert all(isinstance(action, RestartAfter) for action in forgiven)
    assert Quarantine(name="a", reason="more than 5 crashes in 600 s", restarts_in_window=6) == sixth


def test_a_crash_leaves_the_window_when_it_is_as_old_as_the_window():
    policy = Policy("a")
    for _ in range(5):
        policy.crash("a", signature=f"{policy.now_ns}")
        policy.later(1)
    policy.later(595)

    assert policy.state.restarts_in_window("a", policy.now_ns) == 4
    assert isinstance(policy.crash("a")[0], RestartAfter)


def test_a_budget_of_none_is_quarantine_at_the_first_crash():
    assert isinstance(Policy("a", budget=RestartBudget(max_restarts=0)).crash("a")[0], Quarantine)


@given(st.integers(1, 8), st.lists(st.integers(1, 700), min_size=1, max_size=40))
def test_no_window_ever_holds_more_restarts_than_the_budget(max_restarts, gaps):
    policy = Policy("a", budget=RestartBudget(max_restarts=max_restarts))
    restarts: list[int] = []
    for gap in gaps:
        action = policy.later(gap).crash("a")[0]
        if isinstance(action, Quarantine):
            break
        restarts.append(policy.now_ns)

    for moment in restarts:
        assert max_restarts >= sum(1 for at in restarts if moment - BUDGET.window_ns < at <= moment)


def test_three_equal_crashes_in_a_row_are_quarantine():
    policy = Policy("a")
    policy.later(1).crash("a", "E@f:1")
    policy.later(1).crash("a", "E@f:1")

    assert policy.later(1).crash("a", "E@f:1")[0].reason == "3 equal crashes in a row: E@f:1"


def test_a_different_crash_or_a_healthy_spell_breaks_the_row():
    policy = Policy("a")
    for signature in ("E@f:1", "E@f:1", "E@g:2", "E@f:1"):
        assert isinstance(policy.later(1).crash("a", signature)[0], RestartAfter)

    policy = Policy("a")
    policy.later(1).crash("a", "E@f:1")
    policy.later(1).crash("a", "E@f:1")
    policy.feed(Ready(name="a"))
    assert isinstance(policy.later(60).crash("a", "E@f:1")[0], RestartAfter)


def test_an_operator_brings_a_quarantined_child_back_with_a_clean_record():
    policy = Policy("a", budget=RestartBudget(max_restarts=0))
    policy.crash("a")

    assert (Restart(name="a"),) == policy.feed(OperatorRestart(name="a"))
    assert policy.state.restarts_in_window("a", policy.now_ns) == 0


def test_one_child_flapping_is_no_storm():
    policy = Policy("a", "b", rule=StormRule(), budget=RestartBudget(max_restarts=100))

    assert [a for _ in range(20) for a in policy.later(1).crash("a") if isinstance(a, StormBegan)] == []


@pytest.mark.parametrize(
    ("children", "of", "is_storm"), [(3, 10, False), (4, 10, True), (10, 100, False), (11, 100, True)]
)
def test_a_storm_is_more_than_three_and_more_than_a_tenth_of_the_children(children, of, is_storm):
    assert is_storm is (a_market_storm(children, of).state.storm is not None)


def test_crashes_spread_over_more_than_the_window_are_no_storm():
    policy = Policy("a", "b", "c", "d", rule=StormRule())
    for name in "abcd":
        policy.crash(name)
        policy.later(10)

    assert policy.state.storm is None


def test_a_storm_holds_every_restart():
    policy = a_market_storm()

    assert policy.state.storm.waiting == ("m000", "m001", "m002", "m003")
    assert policy.feed(BackoffElapsed(name="m000")) == ()


def test_after_the_hold_one_probe_goes_first_and_the_rest_follow_staggered():
    policy = a_market_storm()

    assert (Restart(name="m000"),) == policy.feed(HoldElapsed(round=1))
    assert policy.feed(HoldElapsed(round=1)) == ()
    assert (TryProbe(name="m000", trial_ns=5 * SECOND_NS, round=1),) == policy.feed(Ready(name="m000"))
    ended, *rest = policy.feed(TrialElapsed(round=1))

    assert StormEnded(probe="m000") == ended
    assert [action.name for action in rest] == ["m001", "m002", "m003"]
    assert [action.delay_ns for action in rest] == [0, SECOND_NS // 4, SECOND_NS // 2]
    assert (Restart(name="m001"),) == policy.feed(BackoffElapsed(name="m001"))


def test_a_probe_that_dies_renews_the_hold_and_another_is_tried():
    policy = a_market_storm()
    policy.feed(HoldElapsed(round=1))
    policy.feed(Ready(name="m000"))

    backoff, storm = policy.later(1).crash("m000")

    assert isinstance(backoff, RestartAfter)
    assert (storm.round, storm.hold_ns) == (2, 60 * SECOND_NS)
    assert policy.feed(TrialElapsed(round=1)) == ()
    policy.feed(BackoffElapsed(name="m000"))
    assert (Restart(name="m001"),) == policy.feed(HoldElapsed(round=2))


def test_a_probe_that_is_removed_renews_the_hold():
    policy = a_market_storm()
    policy.feed(HoldElapsed(round=1))

    (storm,) = policy.feed(Removed(name="m000"))

    assert (Restart(name="m001"),) == policy.feed(HoldElapsed(round=storm.round))


def test_a_storm_in_which_nobody_waits_just_ends():
    policy = a_market_storm()
    for n in range(4):
        policy.feed(Removed(name=f"m{n:03}"))

    assert (StormEnded(probe=None),) == policy.feed(HoldElapsed(round=1))
    assert policy.state.storm is None


def test_an_operator_need_not_wait_for_the_storm():
    policy = a_market_storm()

    assert (Restart(name="m002"),) == policy.feed(OperatorRestart(name="m002"))
    assert "m002" not in policy.state.storm.waiting


NAMES = st.sampled_from("abcdef")
EVENTS = st.one_of(
    st.builds(Crashed, name=NAMES, signature=st.sampled_from("xyz"), jitter=st.floats(0, 1)),
    st.builds(Ready, name=NAMES),
    st.builds(BackoffElapsed, name=NAMES),
    st.builds(OperatorRestart, name=NAMES),
    st.builds(Removed, name=NAMES),
    st.builds(HoldElapsed, round=st.integers(1, 6)),
    st.builds(TrialElapsed, round=st.integers(1, 6)),
)


@given(st.lists(st.tuples(EVENTS, st.integers(0, 20)), max_size=80))
def test_any_history_is_survived_and_a_hold_lets_only_the_operator_and_the_probe_through(history):
    policy = Policy(*"abcdef", rule=StormRule(children_min=2))
    for event, gap in history:
        policy.later(gap)
        storm_before = policy.state.storm
        actions = policy.feed(event)

        if isinstance(event, Crashed) and event.name in policy.state.children:
            assert sum(isinstance(action, RestartAfter | Quarantine) for action in actions) == 1
        if storm_before is not None:
            allowed = isinstance(event, OperatorRestart | HoldElapsed)
            assert allowed or not any(isinstance(action, Restart) for action in actions)
        if policy.state.storm is not None:
            waiting = policy.state.storm.waiting
            assert len(set(waiting)) == len(waiting)
            assert set(waiting) <= set(policy.state.children)


# Stopped for the infrastructure.


def test_a_probe_that_was_stopped_before_its_trial_was_over_is_tried_anew():
    policy = a_market_storm()
    round_ = policy.state.storm.round
    (started,) = policy.feed(HoldElapsed(round=round_))
    (first,) = policy.feed(Ready(name=started.name))

    assert policy.feed(Held(name=started.name)) == ()
    assert policy.feed(TrialElapsed(round=first.round)) == ()
    (second,) = policy.feed(Ready(name=started.name))

    assert second.round != first.round
    assert StormEnded(probe=started.name) in policy.feed(TrialElapsed(round=second.round))


def test_being_stopped_is_no_crash_and_time_spent_down_is_not_healthy():
    policy = Policy("a")
    policy.crash("a")
    policy.feed(Ready(name="a"))
    policy.later(10).feed(Held(name="a"))

    (again,) = policy.later(60).crash("a")

    assert again.delay_ns == 2 * BUDGET.backoff_base_ns
    assert again.restarts_in_window == 2
