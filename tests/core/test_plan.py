"""The three shapes of an order that a plan can ask for."""

from edgelock.core.order import Kind, Role
from edgelock.core.plan import Entry, Plan, crossing_exit, resting_entry, resting_exit
from tests.core.builders import ASK, BID, cents, contracts


def test_an_entry_always_waits_and_never_takes():
    quote = resting_entry(BID, cents(46), contracts(10))

    assert (quote.role, quote.kind, quote.post_only, quote.crosses) == (Role.ENTRY, Kind.QUOTE, True, False)


def test_a_resting_exit_waits_and_may_be_allowed_to_take():
    quote = resting_exit(Kind.TAKE_PROFIT, ASK, cents(55), contracts(10), post_only=False)

    assert (quote.role, quote.post_only, quote.crosses) == (Role.EXIT, False, False)


def test_a_crossing_exit_takes_and_does_not_wait():
    quote = crossing_exit(Kind.HARD_CAP, ASK, cents(40), contracts(10))

    assert (quote.role, quote.post_only, quote.crosses) == (Role.EXIT, False, True)


def test_a_plan_answers_by_side():
    bid, ask = Entry(quote=resting_entry(BID, cents(46), contracts(1))), Entry(quote=None)
    plan = Plan(bid=bid, ask=ask)

    assert (plan.entry(BID), plan.entry(ASK)) == (bid, ask)
