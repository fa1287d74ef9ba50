"""The old inventory-skewing maker behind the same interface (§10)."""

import pytest

from edgelock.core.facts import FeedStatus
from edgelock.core.legacy import contract_minutes_due_at, flatten_trigger, is_beyond_stop
from edgelock.core.market_state import Episode
from edgelock.core.order import CancelReason, Kind
from edgelock.core.price_grid import linear_grid
from edgelock.core.strategy import LEGACY
from edgelock.core.telemetry import LegacyExit
from edgelock.core.units import Price
from tests.core.builders import (
    ASK,
    BID,
    KILLED,
    a_book,
    a_market,
    a_position,
    a_reference,
    a_state,
    after,
    an_order,
    cents,
    contracts,
    seconds,
)
from tests.core.obedient_venue import ObedientVenue

MID_BOOK = a_book(54, 58)
"""Between the gates: the legacy strategy does not know them. Reference 0.56."""


def a_plan(net=0, **changes):
    return LEGACY.plan(a_state(**{"view": MID_BOOK, "position": a_position(net, 56)} | changes))


def test_a_flat_market_quotes_both_sides_one_spread_from_the_reference():
    plan = a_plan()

    assert plan.bid.quote is not None
    assert plan.ask.quote is not None
    assert (plan.bid.quote.price, plan.ask.quote.price) == (cents(55), cents(57))


@pytest.mark.parametrize("net", [19, -19])
def test_a_small_position_still_quotes_both_sides_and_the_shrinking_one_is_an_exit(net):
    plan = a_plan(net)
    growing, shrinking = (plan.bid, plan.ask) if net > 0 else (plan.ask, plan.bid)

    assert growing.quote is not None
    assert shrinking.quote is None
    (leaving,) = plan.exits
    assert (leaving.kind, leaving.size, leaving.post_only) == (Kind.LEGACY, contracts(10), True)
    assert leaving.price == (cents(57) if net > 0 else cents(55))


@pytest.mark.parametrize(("net", "side", "price"), [(20, ASK, 58), (-20, BID, 54), (40, ASK, 58), (-40, BID, 54)])
def test_a_skewed_position_quotes_only_the_side_that_shrinks_it_further_away(net, side, price):
    plan = a_plan(net, position=a_position(net, 56))

    assert plan.bid.quote is None
    assert plan.ask.quote is None
    (leaving,) = plan.exits
    assert (leaving.side, leaving.price) == (side, cents(price))


def test_the_distance_grows_by_one_percent_a_contract_once_skewed():
    # Reference 0.5600 + 1 ¢ × (1 + 30/100) = 0.5730, up to the tick of 0.1 ¢.
    (leaving,) = a_plan(30, market=a_market(grid=linear_grid(Price(10)))).exits

    assert leaving.price == Price(5730)


def test_an_exit_is_never_larger_than_the_position():
    (leaving,) = a_plan(4).exits

    assert leaving.size == contracts(4)


def test_the_gates_for_risk_are_the_same():
    plan = a_plan(permit=KILLED)

    assert plan.bid.quote is None
    assert plan.bid.withdraw_for is CancelReason.KILL
    assert a_plan(10, permit=KILLED).exits != ()


def test_without_a_reference_nothing_is_quoted():
    assert a_plan(reference=a_reference(None)).bid.quote is None
    assert a_plan(10, reference=a_reference(None)).exits == ()


def test_without_a_usable_book_no_exit_is_sent():
    assert a_plan(10, feed=FeedStatus.STALE).exits == ()


def test_contracts_times_minutes_of_five_hundred_flatten():
    held = a_state(view=MID_BOOK, position=a_position(25, 56))

    assert contract_minutes_due_at(held) == after(20 * 60)
    assert a_trigger_at(1199) is None
    assert a_trigger_at(1200) == "contract_minutes"


def a_trigger_at(second):
    return flatten_trigger(a_state(view=MID_BOOK, position=a_position(25, 56), now=after(second)))


def test_contract_minutes_are_summed_over_the_open_lots():
    older, newer = a_position(10, 56), a_position(20, 56, opened_at=after(600))
    both = type(older)(sign=1, lots=(*older.lots, *newer.lots))

    # 10 × t + 20 × (t − 10) = 500 minutes at t = 23⅓ minutes.
    due_at = contract_minutes_due_at(a_state(position=both))

    assert due_at == after(1400)


@pytest.mark.parametrize(("bid", "is_beyond"), [(47, True), (48, False)])
def test_the_stop_is_an_excursion_of_eight_cents(bid, is_beyond):
    assert is_beyond_stop(a_state(view=a_book(bid, bid + 2), position=a_position(10, 56))) is is_beyond


def test_a_flat_market_has_no_stop_and_no_trigger():
    assert not is_beyond_stop(a_state())
    assert flatten_trigger(a_state()) is None


def test_the_stop_flattens_only_after_it_has_persisted_for_eight_seconds():
    venue = ObedientVenue(a_state(view=MID_BOOK, position=a_position(10, 56), permit=KILLED), LEGACY)
    venue.wait(0)
    venue.ack("t-1")

    venue.book(a_book(46, 48))
    venue.wait(seconds(5))
    venue.book(a_book(54, 56))
    venue.book(a_book(46, 48))
    assert venue.state.episode.stop_since == after(5)
    assert venue.wake_at == after(13)
    venue.wait_until(after(13))
    assert [c.client_order_id for c in venue.cancels()] == ["t-1"]
    venue.canceled("t-1")

    assert venue.actions() == ["order_gone", "legacy_exit", "quote_place"]
    record = venue.told[1]
    assert isinstance(record, LegacyExit)
    assert (record.trigger, record.age_s, record.qty) == ("stop", seconds(13), contracts(10))
    assert (venue.placed().price, venue.placed().kind) == (cents(46), Kind.LEGACY)


def test_a_flattening_exit_is_retried_each_second_and_announced_once():
    told = Episode(legacy_announced=True, crossed_at=after(1200))

    def exits_at(second):
        return a_plan(25, now=after(second), episode=told).exits

    assert exits_at(1200) == ()
    (again,) = exits_at(1201)
    assert again.announcement is None
    assert again.crosses


def test_a_silent_market_is_woken_for_the_contract_minutes():
    venue = ObedientVenue(a_state(view=MID_BOOK, position=a_position(50, 56), permit=KILLED, now=after(500)), LEGACY)
    venue.wait(0)
    venue.ack("t-1")
    venue.wait(seconds(5))

    assert venue.wake_at == after(600)


def test_an_exit_that_is_due_without_a_usable_book_is_told_as_the_legacy_exit():
    (alert,) = a_plan(25, now=after(1200), feed=FeedStatus.STALE).alerts

    assert (alert.action, alert.exit_kind) == ("exit_blocked", "legacy")
    assert a_plan(25, now=after(1199), feed=FeedStatus.STALE).alerts == ()


def test_a_resting_legacy_exit_is_replaced_by_cancel_and_place_like_a_quote():
    venue = ObedientVenue(a_state(view=MID_BOOK, position=a_position(10, 56), permit=KILLED), LEGACY)
    venue.wait(0)
    venue.ack("t-1")
    venue.wait(seconds(5))

    venue.prints(58)

    assert [(c.client_order_id, c.reason) for c in venue.cancels()] == [("t-1", CancelReason.REPLACE)]
    venue.canceled("t-1")
    assert venue.placed().price == cents(58)


def test_a_legacy_exit_larger_than_the_position_gives_way():
    venue = ObedientVenue(a_state(view=MID_BOOK, position=a_position(10, 56), permit=KILLED), LEGACY)
    venue.wait(0)
    venue.ack("t-1")
    venue.adjust(position=a_position(6, 56))

    venue.wait(seconds(5))

    assert [c.reason for c in venue.cancels()] == [CancelReason.LIMIT]


def test_a_legacy_exit_waits_for_its_cooldown():
    venue = ObedientVenue(a_state(view=MID_BOOK, position=a_position(10, 56), permit=KILLED), LEGACY)
    venue.wait(0)
    venue.canceled("t-1")
    assert venue.fresh == ()

    venue.wait(seconds(3))

    assert venue.placed().kind is Kind.LEGACY


def test_an_entry_beyond_the_room_of_the_inventory_is_withdrawn():
    resting = an_order("t-1", BID, 55, 10)
    venue = ObedientVenue(a_state(view=MID_BOOK, position=a_position(45, 56), orders=(resting,)), LEGACY)

    venue.wait(0)

    assert "t-1" in [c.client_order_id for c in venue.cancels()]
