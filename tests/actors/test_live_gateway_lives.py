"""The live gateway at the borders of a life, on a real exchange: what is left behind, and what the next makes of it."""

import asyncio
import threading
import time

from edgelock.actors.live_gateway import STOP_WITHIN_S
from edgelock.core.intents import CancelOrder, PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import CancelReason, OrderState, Role
from edgelock.core.recovery import Recorded
from edgelock.core.units import SECOND, Duration
from tests.actors.live_house import LiveHouse, flow_of, live_house, tickers
from tests.actors.past_doubles import WrittenPast, an_intent
from tests.exchange.served import Served, serving

(T,) = tickers(1)
SPEED = 20.0
LONG_S = 60


def rests(served: Served) -> list[str]:
    return [order.client_order_id for order in served.engine.venue.live_orders.values() if not order.is_house]


async def ended(house: LiveHouse) -> float:
    """Stop its gateway; how long that took."""
    began = time.monotonic()
    await asyncio.to_thread(house.gateway.stop)
    return time.monotonic() - began


def test_a_gateway_that_was_stopped_sends_nothing_more_whoever_asks_and_says_nothing_more():
    async def scenario() -> None:
        async with live_house(1) as (served, house):
            resting = house.order(T, Side.BID, 44, 1)
            await house.settled(T, resting)
            await ended(house)
            said = len(house.said)

            house.order(T, Side.BID, 43, 1)
            house.gateway.cancel(T, CancelOrder(client_order_id=resting, reason=CancelReason.EXIT))
            house.gateway.look()
            await served.bob.place(T, "ask", "0.4400", "1.00", time_in_force="immediate_or_cancel")

            assert [name for name in rests(served) if name != resting] == []
            assert len(house.said) == said
            assert not house._news

    asyncio.run(scenario())


def test_it_stops_in_time_while_a_request_hangs_and_what_waited_behind_it_never_leaves():
    async def scenario() -> None:
        async with live_house(1, workers=1) as (served, house):
            await served.ann.faults(
                "POST", {"faults": [{"on": "create", "do": "hang", "hang_s": 60, "when": "before"}]}
            )
            house.order(T, Side.BID, 44, 1)
            name = house.order(T, Side.BID, 43, 1, role=Role.EXIT)
            waits = house.desks[T].queue[-1]
            assert isinstance(waits, PlaceOrder)
            house.gateway.place(T, waits)  # a second command, behind the one that hangs
            await asyncio.to_thread(_until_busy, house)

            assert await ended(house) < STOP_WITHIN_S + 2
            await served.ann.faults("DELETE")
            await asyncio.to_thread(house.gateway._workers.join, time.monotonic() + LONG_S)
            assert name not in rests(served)

    asyncio.run(scenario())


def test_after_everything_was_withdrawn_a_late_command_does_not_leave():
    async def scenario() -> None:
        async with live_house(1) as (served, house):
            await house.settled(T, house.order(T, Side.BID, 44, 1, role=Role.EXIT))

            left = await asyncio.to_thread(house.gateway.withdraw_everything)
            house.order(T, Side.BID, 43, 1, role=Role.EXIT)
            house.gateway._workers.end()
            await asyncio.to_thread(house.gateway._workers.join, time.monotonic() + LONG_S)

            assert (left, rests(served)) == ((), [])

    asyncio.run(scenario())


def test_a_market_waits_while_an_order_of_an_earlier_life_may_still_arrive():
    async def scenario() -> None:
        async with serving(flow_of([T]).flow(), speed=SPEED) as served:
            past = WrittenPast(left=(an_intent("earlier-1", T, at=served.exchange.clock.now()),))
            house = LiveHouse(served, past=past)
            began = house.clock.now()
            house.open_desk(T)
            house.gateway.start()
            try:
                await house.until(lambda: house.desks[T].is_loaded)
                assert house.clock.now() - began > 10 * SECOND
                await house.until(lambda: house.over == {"earlier-1"})
            finally:
                await ended(house)

    asyncio.run(scenario())


def test_an_order_that_arrives_late_is_withdrawn_and_its_fills_are_known_before_the_market_is_loaded():
    async def scenario() -> None:
        async with serving(flow_of([T]).flow(), speed=SPEED) as served:
            past = WrittenPast(left=(an_intent("earlier-1", T, at=served.exchange.clock.now()),))
            house = LiveHouse(served, past=past)
            house.open_desk(T)
            house.gateway.start()
            try:
                await house.until(lambda: house.gateway.takes_entries)
                assert not house.desks[T].is_loaded
                await served.ann.place(T, "bid", "0.4600", "5.00", client_order_id="earlier-1")
                await served.bob.place(T, "ask", "0.4600", "2.00", time_in_force="immediate_or_cancel")
                await house.until(lambda: house.desks[T].is_loaded)

                assert (house.desks[T].ledger.position.net, rests(served)) == (200, [])
                (fill,) = house.pasts[T].missed
                assert fill.order_id == "earlier-1"
                assert house.pasts[T].finished == (("earlier-1", OrderState.CANCELED),)
            finally:
                await ended(house)

    asyncio.run(scenario())


def test_fills_of_a_market_that_nobody_trades_any_more_are_found():
    async def scenario() -> None:
        async with serving(flow_of([T]).flow(), speed=SPEED) as served:
            await served.ann.place(T, "bid", "0.4600", "5.00", client_order_id="earlier-1")
            await served.bob.place(T, "ask", "0.4600", "5.00", time_in_force="immediate_or_cancel")
            house = LiveHouse(served, past=WrittenPast(left=(an_intent("earlier-1", T),)))
            house.gateway.start()
            try:
                await house.until(lambda: T in house.pasts)

                assert [fill.order_id for fill in house.pasts[T].missed] == ["earlier-1"]
                assert house.pasts[T].finished == (("earlier-1", OrderState.FILLED),)
            finally:
                await ended(house)

    asyncio.run(scenario())


def test_a_journal_that_cannot_be_read_does_not_keep_a_position_from_its_exits():
    async def scenario() -> None:
        async with serving(flow_of([T]).flow(), speed=SPEED) as served:
            await served.ann.place(T, "bid", "0.4600", "5.00", client_order_id="liverun-0")
            await served.bob.place(T, "ask", "0.4600", "2.00", time_in_force="immediate_or_cancel")
            house = LiveHouse(served, past=WrittenPast(is_readable=False))
            house.open_desk(T)
            house.gateway.start()
            try:
                await house.until(lambda: house.desks[T].is_loaded)

                assert (house.desks[T].ledger.position.net, house.pasts[T].missed) == (200, ())
                assert rests(served) == []  # by its name the order is of this process
                assert any("the disk is gone" in line for line in house.said)
            finally:
                await ended(house)

    asyncio.run(scenario())


def test_orders_of_a_run_that_only_its_name_is_known_of_are_withdrawn_before_the_market_is_loaded():
    """The journal was lost. Another program's order is left alone, though its name begins alike."""

    async def scenario() -> None:
        async with serving(flow_of([T]).flow(), speed=SPEED) as served:
            for name in ("lost-1", "lostandfound-1", "lost"):
                await served.ann.place(T, "bid", "0.0200", "1.00", client_order_id=name)
            house = LiveHouse(served, past=WrittenPast(earlier_runs=("lost",)))
            house.open_desk(T)
            house.gateway.start()
            try:
                await house.until(lambda: house.desks[T].is_loaded)

                assert rests(served) == ["lostandfound-1", "lost"]
            finally:
                await ended(house)

    asyncio.run(scenario())


def test_fills_that_the_journal_has_are_not_missed_and_the_position_is_the_same():
    async def scenario() -> None:
        async with serving(flow_of([T]).flow(), speed=SPEED) as served:
            await served.ann.place(T, "bid", "0.4600", "5.00", client_order_id="earlier-1")
            await served.bob.place(T, "ask", "0.4600", "2.00", time_in_force="immediate_or_cancel")
            first = LiveHouse(served, past=WrittenPast(left=(an_intent("earlier-1", T),)))
            first.open_desk(T)
            first.gateway.start()
            await first.until(lambda: first.desks[T].is_loaded)
            await ended(first)

            second = LiveHouse(served, past=WrittenPast(records={T: Recorded(fills=first.pasts[T].missed)}))
            second.open_desk(T)
            second.gateway.start()
            await second.until(lambda: second.desks[T].is_loaded)
            await ended(second)

            assert second.pasts[T].missed == ()
            assert second.desks[T].ledger.position == first.desks[T].ledger.position

    asyncio.run(scenario())


def test_a_request_that_outlives_every_deadline_breaks_the_gateway():
    async def scenario() -> None:
        async with live_house(1, stuck_after=Duration(SECOND // 5)) as (served, house):
            await served.ann.faults("POST", {"faults": [{"on": "create", "do": "hang", "hang_s": 60}]})
            house.order(T, Side.BID, 44, 1)

            await house.until(lambda: bool(house.broken))

            assert house.broken[0].startswith("an order worker hangs in a request for")

    asyncio.run(scenario())


def _until_busy(house: LiveHouse) -> None:
    pause, deadline = threading.Event(), time.monotonic() + LONG_S
    while not house.gateway._workers.longest_s():
        assert time.monotonic() < deadline
        pause.wait(0.01)
