"""A verdict is dated while it holds, and only then."""

import pytest

from edgelock.core.explain_check import Look, Row
from edgelock.core.strategy import EDGE_LOCKED
from tests.core.builders import BID, NOON, a_state, after


@pytest.mark.parametrize("is_holding", [True, False])
def test_a_row_says_since_and_until_when_only_while_it_holds(is_holding):
    row = Row(
        name="test",
        holds=lambda _look, _side: is_holding,
        words=lambda _look, _side: ("found", "allowed"),
        since=lambda look, _side: look.state.now,
        until=lambda _look, _side: after(3),
    )

    check = row.check(Look(a_state(), EDGE_LOCKED), BID)

    assert (check.since, check.until) == ((NOON, after(3)) if is_holding else (None, None))
    assert (check.where, check.name, check.found, check.allowed) == ("market", "test", "found", "allowed")


def test_a_market_that_has_not_recovered_wants_nothing():
    assert Look(a_state(is_recovered=False), EDGE_LOCKED).plan is None
