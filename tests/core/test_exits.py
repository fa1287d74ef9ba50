"""Leaving by age, by trim and at the take-profit: priorities, sizes and prices (§5-§7), rule by rule."""

from dataclasses import replace
from fractions import Fraction

import pytest

from edgelock.core.exits import due_exit, due_trim, exit_alerts, exit_quotes, improving_ticks, price_through_touch
from edgelock.core.facts import FeedStatus
from edgelock.core.market import MarketStatus
from edgelock.core.market_state import Episode
from edgelock.core.order import Kind
from edgelock.core.telemetry import ExitBlocked, HardCapExit, MaeTrim, SweetSpotExit, TimeAtRisk
from edgelock.core.units import Timestamp
from tests.core.builders import (
    ASK,
    BID,
    NOON,
    a_book,
    a_deep_book,
    a_market,
    a_position,
    a_state,
    after,
    an_exit,
    cents,
    contracts,
    in_cents,
)

SWEET_SPOT, HARD_CAP, TRIM, TAKE_PROFIT = Kind.SWEET_SPOT, Kind.HARD_CAP, Kind.MAE_TRIM, Kind.TAKE_PROFIT


def held(net=10, age=0, book=None, **changes):
    """A position at 0.48 (long) or 0.65 (short), so many seconds old, in a narrow book around it."""
    price = 48 if net > 0 else 65
    view = a_book(price - 1, price + 1) if book is None else book
    return a_state(position=a_position(net, price), now=after(age), view=view, **changes)


def kinds(state):
    return [quote.kind for quote in exit_quotes(state)]


def test_a_flat_market_has_no_exits():
    assert exit_quotes(a_state()) == ()
    assert due_exit(a_state()) is None
    assert due_trim(a_state()) is None
    assert exit_alerts(a_state(), None) == ()


@pytest.mark.parametrize(
    ("age", "due"),
    [(0, None), (479, None), (480, SWEET_SPOT), (719, SWEET_SPOT), (720, None), (2399, None), (2400, HARD_CAP)],
)
def test_the_age_decides_between_take_profit_sweet_spot_and_hard_cap(age, due):
    state = held(age=age)

    assert due_exit(state) is due
    assert kinds(state) == [TAKE_PROFIT if due is None else due]


def test_the_age_is_that_of_the_oldest_open_lot():
    older, newer = a_position(5, opened_at=NOON), a_position(5, opened_at=after(100))
    both = replace(older, lots=(*older.lots, *newer.lots))

    assert due_exit(a_state(position=both, now=after(480))) is SWEET_SPOT


def test_the_hard_cap_comes_before_the_trim_and_the_trim_before_the_take_profit():
    deep_loss = a_book(33, 35)

    assert kinds(held(age=2400, book=deep_loss)) == [HARD_CAP]
    assert kinds(held(age=479, book=deep_loss)) == [TRIM, TAKE_PROFIT]
    assert kinds(held(age=480, book=deep_loss)) == [SWEET_SPOT]


# --- take-profit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("net", "side", "price"), [(10, ASK, 55), (-10, BID, 58)])
def test_the_take_profit_rests_seven_cents_beyond_the_vwap_for_the_whole_position(net, side, price):
    (quote,) = exit_quotes(held(net))

    assert (quote.side, quote.price, quote.size) == (side, cents(price), contracts(10))
    assert quote.post_only
    assert not quote.crosses


@pytest.mark.parametrize(("net", "book"), [(10, a_book(55, 57)), (-10, a_book(56, 58)), (10, a_book(70, 72))])
def test_a_market_already_through_the_take_profit_gets_it_anyway_and_not_post_only(net, book):
    (quote,) = exit_quotes(held(net, book=book))

    assert quote.kind is TAKE_PROFIT
    assert quote.price == cents(55 if net > 0 else 58)
    assert not quote.post_only


def test_a_take_profit_without_a_book_to_rely_on_may_take():
    (quote,) = exit_quotes(held(feed=FeedStatus.STALE))

    assert not quote.post_only


def test_a_market_that_is_over_gets_no_take_profit():
    assert exit_quotes(held(market=a_market(status=MarketStatus.CLOSED))) == ()


# --- sweet spot -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spread", "depth", "ticks"),
    [(3, 50, 2), (5, 50, 2), (3, 49, 1), (3, 19, 0), (2, 500, 1), (2, 20, 1), (2, 19, 0), (1, 500, 0)],
)
def test_it_improves_two_ticks_one_tick_or_none_by_spread_and_depth(spread, depth, ticks):
    state = held(age=480, book=a_book(47, 47 + spread, bid_size=depth))

    assert improving_ticks(state, contracts(10)) == ticks


@pytest.mark.parametrize(("qty", "depth", "ticks"), [(20, 80, 2), (20, 79, 1), (20, 39, 0), (15, 60, 2), (15, 59, 1)])
def test_the_depth_it_asks_for_grows_with_its_own_size(qty, depth, ticks):
    state = held(qty, age=480, book=a_book(47, 50, bid_size=depth))

    assert improving_ticks(state, contracts(qty)) == ticks


def test_the_depth_of_a_short_is_that_of_the_best_ask():
    state = held(-10, age=480, book=a_book(64, 67, bid_size=1, ask_size=50))

    assert improving_ticks(state, contracts(10)) == 2


def test_an_empty_side_is_never_improved():
    assert improving_ticks(held(age=480, book=a_book(47, None)), contracts(10)) == 0


@pytest.mark.parametrize(("net", "book", "price"), [(10, a_book(47, 50), 49), (-10, a_book(64, 67), 65)])
def test_an_improving_exit_rests_post_only_two_ticks_better_than_the_touch(net, book, price):
    (quote,) = exit_quotes(held(net, age=480, book=book))

    assert (quote.price, quote.post_only, quote.crosses) == (cents(price), True, False)
    assert quote.size == contracts(10)


@pytest.mark.parametrize(("net", "book", "price"), [(10, a_book(47, 48), 47), (-10, a_book(64, 65), 65)])
def test_a_one_tick_spread_is_crossed_at_the_touch(net, book, price):
    (quote,) = exit_quotes(held(net, age=480, book=book))

    assert (quote.price, quote.crosses, quote.post_only) == (cents(price), True, False)


def test_the_first_exit_of_the_window_is_announced_with_its_age_spread_and_depth():
    (quote,) = exit_quotes(held(age=500, book=a_book(47, 50, bid_size=200)))

    announcement = quote.announcement
    assert isinstance(announcement, SweetSpotExit)
    assert announcement.age_s == after(500) - NOON
    assert (announcement.spread_ticks, announcement.depth) == (3, contracts(200))
    assert (announcement.qty, announcement.exit_price) == (contracts(10), cents(49))


def test_a_later_exit_of_the_same_window_is_not_announced_again():
    told = Episode(sweet_spot_announced=True)

    (resting,) = exit_quotes(held(age=500, book=a_book(47, 50), episode=told))
    (crossing,) = exit_quotes(held(age=500, book=a_book(47, 48), episode=told))

    assert resting.announcement is None
    assert crossing.announcement is None


def test_an_improving_exit_keeps_its_price_while_it_dwells_although_the_market_moves():
    episode = Episode(sweet_spot_announced=True, improved_at=after(480))
    resting = an_exit(price=49, size=10, filled=contracts(4), kind=SWEET_SPOT)
    state = held(6, age=484, book=a_book(44, 46), episode=episode, orders=(resting,))

    (quote,) = exit_quotes(state)

    assert (quote.price, quote.size, quote.crosses) == (cents(49), contracts(6), False)


def test_after_five_seconds_what_is_left_crosses_at_the_touch():
    episode = Episode(sweet_spot_announced=True, improved_at=after(480))
    resting = an_exit(price=49, size=10, kind=SWEET_SPOT)

    (quote,) = exit_quotes(held(age=485, book=a_book(44, 46), episode=episode, orders=(resting,)))

    assert (quote.price, quote.crosses) == (cents(44), True)


def test_a_crossing_exit_is_retried_after_one_second_and_not_before():
    book, episode = a_book(47, 48), Episode(sweet_spot_announced=True, crossed_at=after(490))

    assert exit_quotes(held(age=490, book=book, episode=episode)) == ()
    assert kinds(held(age=491, book=book, episode=episode)) == [SWEET_SPOT]


# --- hard cap ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempts", "long_price", "short_price"), [(0, 47, 66), (1, 46, 67), (5, 42, 71), (10, 37, 76), (30, 37, 76)]
)
def test_the_hard_cap_crosses_with_one_tick_more_tolerance_each_time_up_to_ten(attempts, long_price, short_price):
    episode = Episode(hard_cap_announced=attempts > 0, hard_cap_attempts=attempts)

    for net, price in ((10, long_price), (-10, short_price)):
        (quote,) = exit_quotes(held(net, age=2400, episode=episode))
        assert (quote.kind, quote.price, quote.size) == (HARD_CAP, cents(price), contracts(10))
        assert quote.crosses


def test_the_hard_cap_is_announced_once_and_repeated_each_second():
    (first,) = exit_quotes(held(age=2400))
    told = Episode(hard_cap_announced=True, hard_cap_attempts=1, crossed_at=after(2400))

    assert isinstance(first.announcement, HardCapExit)
    assert exit_quotes(held(age=2400, episode=told)) == ()
    (second,) = exit_quotes(held(age=2401, episode=told))
    assert second.announcement is None


def test_a_tolerance_stops_at_the_last_valid_price():
    assert price_through_touch(held(book=a_book(3, 5)), 10) == cents(1)
    assert price_through_touch(held(-10, book=a_book(95, 97)), 10) == cents(99)


# --- MAE trim ---------------------------------------------------------------------------------------------------


def test_a_trim_is_due_at_ten_cents_while_younger_than_eight_minutes():
    at_ten, above_ten = a_book(37, 39), a_book(38, 39)

    assert due_trim(held(book=at_ten)) is not None
    assert due_trim(held(book=above_ten)) is None
    assert due_trim(held(age=479, book=at_ten)) is not None
    assert due_trim(held(age=480, book=at_ten)) is None


def test_a_trim_waits_sixty_seconds_after_the_last_one():
    book = a_book(36, 38)

    assert due_trim(held(age=159, book=book, last_trim_at=after(100))) is None
    assert due_trim(held(age=160, book=book, last_trim_at=after(100))) is not None


@pytest.mark.parametrize(
    "changes",
    [{"feed": FeedStatus.STALE}, {"market": a_market(status=MarketStatus.INACTIVE)}],
)
def test_a_trim_needs_a_market_that_trades_and_a_usable_book(changes):
    assert due_trim(held(book=a_book(36, 38), **changes)) is None


def test_a_trim_tells_its_excursion_severity_and_share():
    trim, take_profit = exit_quotes(held(32, age=60, book=a_book(36, 38)))

    announcement = trim.announcement
    assert isinstance(announcement, MaeTrim)
    assert announcement.mae_c == in_cents("11")
    assert (announcement.severity, announcement.trim_pct) == (Fraction(1, 8), Fraction(9, 32))
    assert (announcement.trim_qty, trim.size) == (contracts(9), contracts(9))
    assert (take_profit.kind, take_profit.size) == (TAKE_PROFIT, contracts(23))


def test_a_trim_of_everything_leaves_no_take_profit():
    assert kinds(held(1, book=a_book(36, 38))) == [TRIM]


@pytest.mark.parametrize(("net", "book", "price"), [(10, a_book(36, 38), 36), (-10, a_book(75, 77), 77)])
def test_a_trim_crosses_at_the_touch_when_the_touch_is_deep_enough(net, book, price):
    trim, _ = exit_quotes(held(net, book=book))

    assert (trim.price, trim.crosses) == (cents(price), True)


def test_a_trim_walks_only_as_deep_as_the_displayed_book_needs():
    book = a_deep_book(((36, 3), (34, 4), (33, 50)), ((38, 50),))

    trim, _ = exit_quotes(held(20, book=book))

    assert (trim.size, trim.price) == (contracts(6), cents(34))


@pytest.mark.parametrize(
    ("net", "book", "price"),
    [
        (40, a_deep_book(((36, 1), (26, 1), (25, 90)), ((38, 50),)), 26),
        (-40, a_deep_book(((75, 50),), ((77, 1), (87, 1), (88, 90))), 87),
    ],
)
def test_a_trim_never_goes_further_than_ten_ticks_through_the_touch(net, book, price):
    trim, _ = exit_quotes(held(net, book=book))

    assert trim.price == cents(price)


# --- alerts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"feed": FeedStatus.STALE}, "no usable book (feed stale)"),
        ({"book": a_book(47, None)}, "no usable book (feed live)"),
        ({"market": a_market(status=MarketStatus.INACTIVE)}, "market is not active"),
    ],
)
def test_an_exit_that_cannot_be_sent_is_told_with_its_reason_and_the_take_profit_stays(changes, reason):
    state = held(age=480, **changes)

    (alert,) = exit_alerts(state, due_exit(state))

    assert isinstance(alert, ExitBlocked)
    assert (alert.exit_kind, alert.reason, alert.age_s) == ("sweet_spot", reason, after(480) - NOON)
    assert kinds(state) == [TAKE_PROFIT]


def test_a_blocked_exit_is_told_every_thirty_seconds():
    told = Episode(blocked_alert_at=after(480))

    def alerts_at(age):
        return exit_alerts(held(age=age, feed=FeedStatus.STALE, episode=told), SWEET_SPOT)

    assert alerts_at(509) == ()
    assert len(alerts_at(510)) == 1


def test_an_exit_that_can_be_sent_is_not_told_as_blocked():
    assert exit_alerts(held(age=480), SWEET_SPOT) == ()


def test_more_than_an_hour_at_risk_is_told_once():
    late = held(age=3600)

    assert exit_alerts(late, HARD_CAP) == ()
    (alert,) = exit_alerts(replace(late, now=Timestamp(after(3600) + 1)), HARD_CAP)
    assert isinstance(alert, TimeAtRisk)
    assert exit_alerts(held(age=3700, episode=Episode(time_at_risk_told=True)), HARD_CAP) == ()
