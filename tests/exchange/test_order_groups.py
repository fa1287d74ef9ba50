"""The circuit breaker over a set of orders."""

import pytest

from edgelock.core.units import Size
from edgelock.exchange.facts import GroupChange, GroupChanged
from edgelock.exchange.order_groups import OrderGroup
from edgelock.exchange.orders import OrderStatus
from edgelock.exchange.refusals import Reason, Refused
from tests.exchange.engine_builders import ASK, BID, NOON, Desk, a_listing, at, contracts


def with_group(limit: int) -> tuple[Desk, OrderGroup]:
    desk = Desk()
    group = desk.engine.create_group(desk.member(), contracts(limit), NOON)
    assert isinstance(group, OrderGroup)
    return desk, group


def changes(desk: Desk) -> list[GroupChange]:
    return [fact.change for fact in desk.drain() if isinstance(fact, GroupChanged)]


def test_at_the_limit_the_fill_stands_the_group_is_canceled_and_takes_no_order() -> None:
    desk, group = with_group(10)
    hit = desk.placed(BID, 50, 12, group_id=group.group_id)
    other = desk.placed(BID, 40, 5, group_id=group.group_id)
    ungrouped = desk.placed(BID, 41, 5)
    desk.house(ASK, 50, 10)
    assert (hit.filled, hit.status, other.status) == (contracts(10), OrderStatus.CANCELED, OrderStatus.CANCELED)
    assert ungrouped.status is OrderStatus.RESTING
    assert desk.place(BID, 40, 1, group_id=group.group_id) == Refused(Reason.GROUP_TRIPPED)
    assert changes(desk) == [GroupChange.CREATED, GroupChange.TRIGGERED]


def test_below_the_limit_nothing_happens() -> None:
    desk, group = with_group(10)
    hit = desk.placed(BID, 50, 12, group_id=group.group_id)
    desk.house(ASK, 50, 9)
    assert hit.status is OrderStatus.RESTING


def test_matches_older_than_fifteen_seconds_do_not_count() -> None:
    desk, group = with_group(10)
    hit = desk.placed(BID, 50, 20, group_id=group.group_id)
    desk.house(ASK, 50, 9, now=at(1))
    desk.house(ASK, 50, 9, now=at(16))
    assert hit.status is OrderStatus.RESTING
    desk.house(ASK, 50, 1, now=at(17))
    assert hit.status is OrderStatus.CANCELED


def test_a_taker_in_a_group_stops_when_it_trips_it() -> None:
    desk, group = with_group(3)
    desk.house(ASK, 50, 3)
    desk.house(ASK, 51, 3)
    taker = desk.placed(BID, 51, 6, group_id=group.group_id)
    assert (taker.filled, taker.status) == (contracts(3), OrderStatus.CANCELED)


def test_a_reset_group_counts_from_zero_again() -> None:
    desk, group = with_group(10)
    desk.engine.trigger_group(desk.member(), group.group_id, NOON)
    desk.engine.reset_group(desk.member(), group.group_id, NOON)
    again = desk.placed(BID, 50, 12, group_id=group.group_id)
    desk.house(ASK, 50, 9)
    assert again.status is OrderStatus.RESTING


def test_a_limit_below_what_was_matched_trips_at_once() -> None:
    desk, group = with_group(10)
    hit = desk.placed(BID, 50, 12, group_id=group.group_id)
    desk.house(ASK, 50, 5)
    desk.engine.limit_group(desk.member(), group.group_id, contracts(5), NOON)
    assert hit.status is OrderStatus.CANCELED
    assert changes(desk) == [GroupChange.CREATED, GroupChange.LIMIT_UPDATED, GroupChange.TRIGGERED]


def test_a_deleted_group_is_gone_with_its_orders() -> None:
    desk, group = with_group(10)
    order = desk.placed(BID, 50, 12, group_id=group.group_id)
    assert desk.engine.delete_group(desk.member(), group.group_id, NOON) is None
    assert order.status is OrderStatus.CANCELED
    assert desk.engine.delete_group(desk.member(), group.group_id, NOON) == Refused(Reason.GROUP_NOT_FOUND)


@pytest.mark.parametrize("name", ["delete_group", "reset_group", "trigger_group"])
def test_a_group_of_someone_else_is_not_found(name: str) -> None:
    desk, group = with_group(10)
    change = getattr(desk.engine, name)
    assert change(desk.member("bob"), group.group_id, NOON) == Refused(Reason.GROUP_NOT_FOUND)
    limited = desk.engine.limit_group(desk.member("bob"), group.group_id, contracts(1), NOON)
    assert limited == Refused(Reason.GROUP_NOT_FOUND)


def test_a_limit_outside_its_range_is_refused() -> None:
    desk, group = with_group(10)
    for limit in (Size(0), contracts(1_000_001)):
        refused = desk.engine.create_group(desk.member(), limit, NOON)
        assert isinstance(refused, Refused)
        assert isinstance(desk.engine.limit_group(desk.member(), group.group_id, limit, NOON), Refused)


def test_a_group_is_only_for_orders_of_its_shard() -> None:
    desk = Desk(a_listing(exchange_index=3))
    here = desk.engine.create_group(desk.member(), contracts(10), NOON, exchange_index=3)
    elsewhere = desk.engine.create_group(desk.member(), contracts(10), NOON)
    assert isinstance(here, OrderGroup)
    assert isinstance(elsewhere, OrderGroup)
    assert desk.place(BID, 40, 1, group_id=elsewhere.group_id) == Refused(Reason.GROUP_NOT_FOUND)
    assert desk.placed(BID, 40, 1, group_id=here.group_id).status is OrderStatus.RESTING
