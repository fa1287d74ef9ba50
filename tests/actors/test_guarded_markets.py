"""A quarantined market: whatever becomes of its orders, its position has a way out, by the policy."""

import pytest

from edgelock.actors.messages import FeedNews, GuardMarket
from edgelock.core.book import Book, Level
from edgelock.core.guardian import OnQuarantine
from edgelock.core.intents import PlaceOrder
from edgelock.core.order import Kind, Role, TimeInForce
from edgelock.core.permit import Mode, Permit
from edgelock.core.units import SECOND
from tests.actors.door import A, Door, an_entry, an_exit, doors
from tests.core.builders import ASK, cents, contracts


@pytest.fixture
def build(tmp_path):
    yield from doors(tmp_path)


def guarded(door: Door, policy=OnQuarantine.KEEP) -> Door:
    door.tell(GuardMarket(A, policy))
    return door


def placed(door: Door) -> list[PlaceOrder]:
    """What the door has placed on its own."""
    return [
        wish for _, wish in door.gateway.requests if isinstance(wish, PlaceOrder) and "-q1-" in wish.client_order_id
    ]


def actions(door: Door) -> list[str]:
    return [record.action for record in door.telemetry.records()]


def show(door: Door, bid: int, ask: int) -> None:
    size = contracts(100)
    door.board.note_book(A, Book([Level(cents(bid), size)], [Level(cents(ask), size)]))


def test_a_position_without_an_exit_gets_its_take_profit(build):
    door = build()
    door.hold(10)

    guarded(door)

    (order,) = placed(door)
    assert (order.side, order.price, order.size) == (ASK, cents(53), contracts(10))
    assert (order.role, order.kind) == (Role.EXIT, Kind.TAKE_PROFIT)


def test_an_entry_that_fills_after_the_quarantine_gets_a_take_profit_and_its_lines(build):
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    guarded(door)
    assert placed(door) == []

    door.venue.fill("a", 10, trade="t1")
    door.venue.canceled("a")
    door.wait(SECOND)

    assert [order.size for order in placed(door)] == [contracts(10)]
    told = actions(door)
    assert told.count("FILL") == told.count("state_change") == 1
    assert told.index("FILL") < told.index("quote_place")


def test_a_take_profit_that_rests_is_left_where_it_is(build):
    door = build()
    door.hold(10)
    door.submit(an_exit("x", price=53))
    door.venue.ack("x")
    already = door.gateway.sent()

    guarded(door)
    door.wait(5 * SECOND)

    assert door.gateway.sent() == already


def test_a_halted_market_places_nothing(build):
    door = build()
    door.hold(10)
    door.permit(Permit(mode=Mode.HALTED, reason="stopping"))

    guarded(door)
    door.wait(2 * SECOND)

    assert placed(door) == []


def test_a_new_life_takes_over_and_the_door_wishes_nothing_more(build):
    door = guarded(build())
    door.claim(incarnation=2)
    door.submit(an_entry("b"), incarnation=2)
    door.venue.ack("b")
    door.venue.fill("b", 10, trade="t2")
    door.wait(3 * SECOND)

    assert placed(door) == []


def test_what_the_quarantined_life_still_wishes_is_refused(build):
    door = guarded(build())

    door.submit(an_entry("late"))

    assert (door.gateway.sent(), door.board.fenced(A)) == ([], 1)


def test_flattening_takes_what_the_book_shows_and_tries_again_with_what_is_left(build):
    door = build()
    door.hold(10)
    guarded(door, OnQuarantine.FLATTEN)
    (resting,) = placed(door)
    assert resting.kind is Kind.TAKE_PROFIT
    door.venue.ack(resting.client_order_id)

    show(door, 45, 47)
    door.wait(2 * SECOND)
    door.venue.canceled(resting.client_order_id)
    door.wait(2 * SECOND)

    order = placed(door)[-1]
    assert (order.kind, order.time_in_force, order.side) == (Kind.FLATTEN, TimeInForce.IMMEDIATE_OR_CANCEL, ASK)
    assert (order.price, order.size) == (cents(35), contracts(10))
    door.venue.ack(order.client_order_id)
    door.venue.fill(order.client_order_id, 4, trade="t9", price=45)
    door.venue.canceled(order.client_order_id)
    door.wait(2 * SECOND)
    assert placed(door)[-1].size == contracts(6)


def test_without_a_live_book_it_is_not_flattened(build):
    door = build()
    door.hold(10)
    door.tell(FeedNews(A, is_live=False))
    guarded(door, OnQuarantine.FLATTEN)
    show(door, 45, 47)
    door.wait(2 * SECOND)

    assert [order.kind for order in placed(door)] == [Kind.TAKE_PROFIT]


def test_cancelling_leaves_the_position_alone(build):
    door = build()
    door.hold(10)
    guarded(door, OnQuarantine.CANCEL)
    door.wait(2 * SECOND)

    assert placed(door) == []
