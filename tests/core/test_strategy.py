"""Both strategies stand behind one small interface, and a strategy remembers nothing."""

import pytest

from edgelock.core.plan import Plan
from edgelock.core.strategy import EDGE_LOCKED, LEGACY
from tests.core.builders import a_position, a_state


@pytest.mark.parametrize(("strategy", "name"), [(EDGE_LOCKED, "edge_locked"), (LEGACY, "legacy")])
def test_a_strategy_has_the_name_of_the_settings_and_plans_any_state(strategy, name):
    assert strategy.name == name
    assert isinstance(strategy.plan(a_state()), Plan)


@pytest.mark.parametrize("strategy", [EDGE_LOCKED, LEGACY])
def test_a_strategy_plans_the_same_state_the_same_way_again(strategy):
    first, other = a_state(), a_state(position=a_position(10))
    plan = strategy.plan(first)

    strategy.plan(other)

    assert strategy.plan(first) == plan
    assert vars(strategy) == {}
