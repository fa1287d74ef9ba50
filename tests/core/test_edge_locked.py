"""The edge-locked strategy puts its stages together: entries while flat, exits while not, alerts when stuck."""

from edgelock.core.facts import FeedStatus
from edgelock.core.order import CancelReason, Kind
from edgelock.core.strategy import EDGE_LOCKED
from tests.core.builders import a_book, a_position, a_state, after, cents


def test_a_flat_market_plans_entries_and_no_exits():
    plan = EDGE_LOCKED.plan(a_state(view=a_book(46, 48)))

    assert plan.bid.quote is not None
    assert plan.bid.quote.price == cents(46)
    assert plan.ask.quote is None
    assert (plan.exits, plan.alerts) == ((), ())


def test_a_skewed_market_plans_exits_and_no_entries():
    plan = EDGE_LOCKED.plan(a_state(view=a_book(46, 48), position=a_position(10)))

    assert plan.bid.quote is plan.ask.quote is None
    assert plan.bid.withdraw_for is plan.ask.withdraw_for is CancelReason.STATE_CHANGE
    assert [quote.kind for quote in plan.exits] == [Kind.TAKE_PROFIT]


def test_a_stuck_market_raises_an_alert():
    plan = EDGE_LOCKED.plan(a_state(position=a_position(10), now=after(2400), feed=FeedStatus.DOWN))

    assert [alert.action for alert in plan.alerts] == ["exit_blocked"]
