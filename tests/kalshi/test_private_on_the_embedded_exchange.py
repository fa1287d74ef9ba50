"""Our private side against the embedded exchange, over real sockets: what is done is told, as the lists tell it."""

from dataclasses import replace

import pytest

from edgelock.core.market import Side
from edgelock.core.order import Kind, Role, TimeInForce
from edgelock.core.units import MILLISECOND, SECOND, Price, Size
from edgelock.kalshi.account import VenueOrderStatus
from edgelock.kalshi.exchange_schedule import next_pause
from edgelock.kalshi.private_events import FillSeen, GroupSeen, OrderSeen, PositionSeen
from edgelock.kalshi.wire_groups import GroupCreated, GroupDone
from edgelock.kalshi.wire_orders import AlreadyExists, Amended, Canceled, OrderTerms, Placed, Refused
from tests.exchange.engine_builders import NOON, TICKER
from tests.kalshi.embedded_member import an_order, run

RESTING, CANCELED, EXECUTED = VenueOrderStatus.RESTING, VenueOrderStatus.CANCELED, VenueOrderStatus.EXECUTED


def test_an_orders_life_is_told_as_the_lists_tell_it():
    expires = NOON // SECOND + 3600

    async def scenario(ann, served):
        group = await ann.do("create_group", Size(10_000), 0)
        assert isinstance(group, GroupCreated)
        terms = OrderTerms(expiration_s=expires, group_id=group.group_id)
        placed = await ann.do("create_order", TICKER, an_order(1), terms)
        assert isinstance(placed, Placed)
        await ann.until(lambda ann: ann.orders())
        (told,) = ann.of(OrderSeen)
        listed = await ann.do("order", placed.order_id)
        assert told.order == listed
        assert (listed.expiration_s, listed.group_id) == (expires, group.group_id)

        await served.bob.place(TICKER, "ask", "0.46", "1")
        await ann.until(lambda ann: ann.of(FillSeen) and ann.of(PositionSeen))
        (fill,), (position,) = ann.of(FillSeen), ann.of(PositionSeen)
        assert (fill.client_order_id, fill.post_position) == ("c-1", 100)
        (on_the_list,) = await ann.do("fills", order_id=placed.order_id)
        assert fill.fill == replace(on_the_list, at=on_the_list.at // MILLISECOND * MILLISECOND)
        assert (position.position,) == await ann.do("positions")

        amended = await ann.do("amend_order", placed.order_id, TICKER, Side.BID, Price(4500), Size(500), "c-1")
        assert amended == Amended(Size(400))
        renewed = await ann.do(
            "amend_order", placed.order_id, TICKER, Side.BID, Price(4500), Size(500), "c-1", expires + 60
        )
        assert isinstance(renewed, Amended)
        assert await ann.do("cancel_order", placed.order_id, TICKER) == Canceled(Size(400))
        await ann.until(lambda ann: ann.orders()[-1][0] is CANCELED)

        assert ann.of(OrderSeen)[-2].order.expiration_s == expires + 60
        assert [told for told in ann.orders() if told[1:3] != (100, 200)] == [
            (RESTING, 0, 300, ann.orders()[0][3]),
            (RESTING, 100, 400, "Amend"),
            (RESTING, 100, 400, "Amend"),
            (CANCELED, 100, 0, ann.orders()[-1][3]),
        ]
        assert ann.of(OrderSeen)[-1].order == await ann.do("order", placed.order_id)
        assert not ann.talk.needs_sweep

    run(scenario)


def test_an_immediate_exit_is_filled_and_told_and_what_is_not_there_to_reduce_is_not_sold():
    async def scenario(ann, served):
        taking = {"time_in_force": TimeInForce.IMMEDIATE_OR_CANCEL, "post_only": False}
        bought = await ann.do("create_order", TICKER, an_order(1, price=Price(4700), **taking))
        assert (bought.filled, bought.remaining) == (300, 0)
        exiting = an_order(
            2, side=Side.ASK, price=Price(4500), size=Size(500), role=Role.EXIT, kind=Kind.HARD_CAP, **taking
        )
        sold = await ann.do("create_order", TICKER, exiting, OrderTerms(expiration_s=1))
        assert (sold.filled, sold.remaining) == (300, 0)
        await ann.until(lambda ann: len(ann.of(FillSeen)) == 2)

        assert [seen.post_position for seen in ann.of(FillSeen)] == [300, 0]
        assert await ann.do("create_order", TICKER, exiting) == AlreadyExists()

    run(scenario)


def test_a_batch_of_cancels_has_an_outcome_for_each_order():
    async def scenario(ann, served):
        placed = [await ann.do("create_order", TICKER, an_order(number)) for number in range(3)]
        ids = [outcome.order_id for outcome in placed]
        assert await ann.do("cancel_order", ids[1], TICKER) == Canceled(Size(300))
        queued = await ann.do("queue_positions", [TICKER])
        assert [(place.order_id, place.ahead) for place in queued] == [(ids[0], 0), (ids[2], 300)]

        outcomes = await ann.do("cancel_orders", [(order_id, TICKER) for order_id in ids])

        assert outcomes == (Canceled(Size(300)), Refused(404, "not_found", "not found"), Canceled(Size(300)))
        assert await ann.do("orders", status="resting") == ()

    run(scenario)


def test_a_group_that_trips_withdraws_its_orders_and_says_so():
    async def scenario(ann, served):
        group = await ann.do("create_group", Size(200), 0)
        terms = OrderTerms(group_id=group.group_id)
        for number in range(2):
            await ann.do("create_order", TICKER, an_order(number), terms)
        await served.bob.place(TICKER, "ask", "0.46", "2")
        await ann.until(lambda ann: GroupSeen(group.group_id, "triggered") in ann.told)
        await ann.until(lambda ann: [told[0] for told in ann.orders()].count(CANCELED) == 2)

        refused = await ann.do("create_order", TICKER, an_order(9), terms)
        assert isinstance(refused, Refused)
        assert await ann.do("reset_group", group.group_id) == GroupDone()
        assert isinstance(await ann.do("create_order", TICKER, an_order(10), terms), Placed)
        assert await ann.do("limit_group", group.group_id, Size(900)) == GroupDone()
        (listed,) = await ann.do("order_groups")
        assert (listed.group_id, listed.limit, listed.exchange_index) == (group.group_id, 900, 0)
        assert await ann.do("trigger_group", group.group_id) == GroupDone()
        assert await ann.do("delete_group", group.group_id, 0) == GroupDone()
        words = ["created", "triggered", "reset", "limit_updated", "triggered", "deleted"]
        await ann.until(lambda ann: len(ann.of(GroupSeen)) == len(words))
        assert [seen.event for seen in ann.of(GroupSeen)] == words
        assert isinstance(await ann.do("trigger_group", group.group_id), Refused)

    run(scenario)


def test_what_happens_without_a_connection_is_not_told_and_is_asked_for():
    async def scenario(ann, served):
        await ann.do("create_order", TICKER, an_order(1))
        await ann.until(lambda ann: ann.orders())
        await ann.disconnect()
        await served.bob.place(TICKER, "ask", "0.46", "3")
        await ann.connect()
        await ann.do("create_order", TICKER, an_order(2))
        await ann.until(lambda ann: len(ann.orders()) > 1)

        assert ann.of(FillSeen) == []
        (fill,) = await ann.do("fills", since_s=NOON // SECOND)
        assert fill.size == 300

    run(scenario)


def test_the_other_reads_of_the_exchange_are_understood():
    async def scenario(ann, served):
        assert await ann.do("user_data_timestamp") >= NOON
        assert await ann.do("settlements") == ()
        costs = await ann.do("endpoint_costs")
        assert costs.default == 10
        assert costs.others["DELETE", "/trade-api/v2/portfolio/events/orders/:order_id"] == 2
        next_pause(await ann.do("exchange_schedule"), NOON)
        books = await ann.do("order_books", [TICKER])
        assert books[TICKER].levels(Side.BID) == ((4500, 10_000),)

    run(scenario)


@pytest.mark.parametrize("since", [-3600, 3600])
def test_lists_since_a_time_hold_only_what_is_younger(since):
    async def scenario(ann, served):
        await ann.do("create_order", TICKER, an_order(1))
        found = await ann.do("orders", since_s=NOON // SECOND + since)
        assert len(found) == (1 if since < 0 else 0)

    run(scenario)
