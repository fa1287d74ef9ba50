"""What a market can say of itself: its age, its mark, its spread, its take-profit and the line everyone reads."""

from fractions import Fraction

import pytest

from edgelock.core.facts import FeedStatus
from edgelock.core.market import MarketStatus
from edgelock.core.market_state import RunMode
from edgelock.core.order import OrderState, Role
from edgelock.core.units import Price
from tests.core.builders import (
    ASK,
    BID,
    FINE_ENDS,
    NOON,
    a_book,
    a_market,
    a_position,
    a_state,
    after,
    an_exit,
    an_order,
    cents,
    contracts,
    seconds,
)


@pytest.mark.parametrize(
    ("changes", "is_usable"),
    [
        ({}, True),
        ({"feed": FeedStatus.STALE}, False),
        ({"feed": FeedStatus.GAP}, False),
        ({"feed": FeedStatus.DOWN}, False),
        ({"view": a_book(None, 48)}, False),
        ({"view": a_book(46, None)}, False),
        ({"view": a_book(48, 48)}, False),
        ({"view": a_book(49, 48)}, False),
    ],
)
def test_a_book_is_usable_when_it_is_live_two_sided_and_not_crossed(changes, is_usable):
    assert a_state(**changes).has_usable_book is is_usable


@pytest.mark.parametrize("status", list(MarketStatus))
def test_orders_are_taken_only_by_an_active_market(status):
    assert a_state(market=a_market(status=status)).is_active is (status is MarketStatus.ACTIVE)


def test_the_mark_is_the_mid_else_the_last_trade_else_unknown():
    assert a_state(view=a_book(46, 49), last_trade=cents(40)).mark == 4750
    assert a_state(feed=FeedStatus.STALE, last_trade=cents(40)).mark == 4000
    assert a_state(feed=FeedStatus.STALE).mark is None


def test_the_age_is_that_of_the_oldest_lot_and_never_negative():
    assert a_state().age is None
    assert a_state(position=a_position(10), now=after(90)).age == seconds(90)
    assert a_state(position=a_position(10, opened_at=after(5)), now=NOON).age == 0


def test_the_spread_is_counted_in_ticks_of_the_market():
    assert a_state(view=a_book(46, 49)).spread_ticks == 3
    assert a_state(view=a_book(4, 5), market=a_market(grid=FINE_ENDS)).spread_ticks == 10
    assert a_state(view=a_book(46, None)).spread_ticks is None


@pytest.mark.parametrize(("net", "target"), [(10, 5500), (-10, 4100), (0, None)])
def test_the_take_profit_is_the_exact_vwap_plus_or_minus_seven_cents(net, target):
    assert a_state(position=a_position(net, 48)).tp_target == target


def test_the_offset_follows_the_tick_where_the_position_was_entered():
    fine = a_market(grid=FINE_ENDS)

    assert a_state(market=fine, position=a_position(10, 5)).tp_offset == Price(560)
    assert a_state(market=fine, position=a_position(10, 48)).tp_offset == cents(7)
    assert a_state(market=fine).tp_offset == cents(7)


def test_the_side_that_shrinks_a_long_is_the_ask_and_that_of_a_short_the_bid():
    assert a_state(position=a_position(10)).exit_side is ASK
    assert a_state(position=a_position(-10)).exit_side is BID


def test_live_orders_are_told_apart_by_role_and_side():
    orders = (an_order("a", BID, size=5), an_order("b", ASK, 66, 7), an_exit("c", size=9, filled=contracts(2)))
    state = a_state(orders=orders)

    assert [o.client_order_id for o in state.live_orders(Role.ENTRY)] == ["a", "b"]
    assert [o.client_order_id for o in state.live_orders(Role.ENTRY, ASK)] == ["b"]
    assert state.live_size(Role.ENTRY) == contracts(12)
    assert state.live_size(Role.EXIT, ASK) == contracts(7)
    assert state.live_size(Role.EXIT, BID) == 0


def test_an_unanswered_amendment_counts_with_the_larger_of_both_sizes():
    growing = an_exit(size=5, state=OrderState.AMENDING, amending=(cents(55), contracts(9)))
    shrinking = an_exit(size=5, state=OrderState.AMENDING, amending=(cents(55), contracts(2)))

    assert a_state(orders=(growing,)).live_size(Role.EXIT) == contracts(9)
    assert a_state(orders=(shrinking,)).live_size(Role.EXIT) == contracts(5)


def test_each_side_knows_when_it_was_last_quoted():
    state = a_state(bid_placed_at=after(1), ask_placed_at=after(2))

    assert (state.placed_at(BID), state.placed_at(ASK)) == (after(1), after(2))


@pytest.mark.parametrize(("mode", "expected"), [(RunMode.LIVE, True), (RunMode.PAPER, False), (RunMode.SHADOW, False)])
def test_only_the_book_of_a_live_run_contains_our_orders(mode, expected):
    assert a_state(run_mode=mode).orders_in_book is expected


def test_every_line_carries_state_net_vwap_take_profit_touch_and_reference():
    context = a_state(position=a_position(-3, 65), view=a_book(63, 66)).context()

    assert (context.state, context.net) == ("SKEW_SHORT", contracts(-3))
    assert (context.vwap, context.tp) == (6500, 5800)
    assert (context.best_bid, context.best_ask, context.mid_ema) == (cents(63), cents(66), Fraction(6450))


def test_the_line_of_a_flat_market_without_a_book_has_nothing_to_say():
    context = a_state(view=a_book(None, None)).context()

    assert (context.state, context.net) == ("FLAT", 0)
    assert context.vwap is context.tp is context.best_bid is context.best_ask is context.mid_ema is None
