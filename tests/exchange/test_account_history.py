"""Private reads may lag: what they show is what was true a while ago, all lists of one instant."""

import asyncio
import copy
import random
from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.units import MILLISECOND, ONE_DOLLAR, SECOND, Duration, Timestamp
from edgelock.exchange.accounts import Account
from edgelock.exchange.engine import Engine
from edgelock.exchange.orders import OrderStatus
from tests.exchange.engine_builders import ASK, BID, NOON, TICKER, Desk, FlowScript, at
from tests.exchange.served import Served, serving
from tests.exchange.test_engine import RandomMembers

ORDERS = "/portfolio/events/orders"
HOUR = Duration(3600 * SECOND)


def truth(account: Account) -> Any:
    """What a read without lag would show, copied."""
    orders = {order_id: order.view() for order_id, order in account.orders.items()}
    fills, settlements = list(account.fills), list(account.settlements)
    return orders, fills, settlements, copy.deepcopy(account.positions), account.available


def shown(engine: Engine, account: Account) -> Any:
    seen = engine.seen(account)
    resting = {order_id: order for order_id, order in seen.orders.items() if order.status is OrderStatus.RESTING}
    assert seen.resting == resting
    return seen.orders, list(seen.fills), list(seen.settlements), dict(seen.positions), seen.available


@given(seed=st.integers(0, 10_000), lag_ms=st.sampled_from([0, 1, 300, 2000]))
def test_a_read_shows_exactly_what_was_true_the_lag_ago(seed: int, lag_ms: int) -> None:
    desk = Desk()
    desk.house(BID, 45, 30)
    desk.house(ASK, 47, 30)
    engine, chance = desk.engine, random.Random(seed)
    engine.read_lag = Duration(lag_ms * MILLISECOND)
    members = RandomMembers(engine, seed)
    now = NOON
    was = {account.account_id: [(Timestamp(0), truth(account))] for account in members.accounts}
    for _ in range(40):
        now = engine.advance(Timestamp(now + chance.choice([0, 1, 250, 300, 5000]) * MILLISECOND))
        members.act(now)
        for account in members.accounts:
            told = was[account.account_id]
            told.append((now, truth(account)))
            if lag_ms or chance.random() < 0.5:
                due = [picture for told_at, picture in told if told_at <= now - engine.read_lag]
                assert shown(engine, account) == due[-1]


def test_what_a_read_has_shown_stays_shown_when_the_lag_grows() -> None:
    desk = Desk()
    order = desk.placed(BID, 40, 1)
    assert order.order_id in desk.engine.seen(desk.member()).orders
    desk.engine.read_lag = HOUR
    desk.placed(BID, 41, 1, now=at(1))
    desk.engine.cancel(desk.member(), order.order_id, at(2))
    seen = desk.engine.seen(desk.member())
    assert list(seen.orders) == [order.order_id] == list(seen.resting)


def run(scenario: Callable[[Served], Awaitable[None]]) -> None:
    """An exchange whose private reads are an hour behind."""

    async def served() -> None:
        async with serving(FlowScript().opened_market().lasting().flow()) as exchange:
            exchange.engine.read_lag = HOUR
            await scenario(exchange)

    asyncio.run(served())


def test_a_new_order_is_not_found_until_the_reads_have_caught_up() -> None:
    async def scenario(served: Served) -> None:
        _, created = await served.ann.place(TICKER, "bid", "0.40", "1")
        path = f"/portfolio/orders/{created['order_id']}"
        assert (await served.ann.request("GET", path))[0] == 404
        assert (await served.ann.request("GET", f"{path}/queue_position"))[0] == 404
        for listed in ("orders", "orders/queue_positions", "fills"):
            body = await served.ann.get(f"/portfolio/{listed}")
            assert [found for found in body.values() if found] == [], listed
        served.engine.advance(at(2 * 3600))
        assert (await served.ann.get(path))["order"]["status"] == "resting"
        (row,) = (await served.ann.get("/portfolio/orders/queue_positions"))["queue_positions"]
        assert row["order_id"] == created["order_id"]

    run(scenario)


def test_a_canceled_order_still_rests_in_the_reads_while_a_second_cancel_finds_nothing() -> None:
    async def scenario(served: Served) -> None:
        _, created = await served.ann.place(TICKER, "bid", "0.40", "1")
        served.engine.advance(at(2 * 3600))
        path = f"{ORDERS}/{created['order_id']}"
        assert (await served.ann.request("DELETE", path))[0] == 200
        read = await served.ann.get(f"/portfolio/orders/{created['order_id']}")
        assert (read["order"]["status"], read["order"]["remaining_count_fp"]) == ("resting", "1.00")
        assert [order["status"] for order in (await served.ann.get("/portfolio/orders", status="resting"))["orders"]]
        assert (await served.ann.request("DELETE", path))[0] == 404
        served.engine.advance(at(4 * 3600))
        assert (await served.ann.get("/portfolio/orders", status="resting"))["orders"] == []

    run(scenario)


def test_fills_positions_and_balance_lag_together_and_the_timestamp_says_how_far() -> None:
    async def scenario(served: Served) -> None:
        await served.ann.place(TICKER, "bid", "0.47", "10")
        assert (await served.ann.get("/portfolio/fills"))["fills"] == []
        assert (await served.ann.get("/portfolio/positions"))["market_positions"] == []
        assert (await served.ann.get("/portfolio/balance"))["balance"] == 100_000
        served.engine.advance(at(2 * 3600))
        assert (await served.ann.get("/portfolio/fills"))["fills"][0]["count_fp"] == "10.00"
        assert (await served.ann.get("/portfolio/positions"))["market_positions"][0]["position_fp"] == "10.00"
        assert (await served.ann.get("/portfolio/balance"))["balance"] < 100_000
        stamp = (await served.ann.get("/exchange/user_data_timestamp"))["as_of_time"]
        assert stamp.startswith("2026-11-22T13:00:0")

    run(scenario)


def test_a_settlement_is_seen_late_with_its_position_still_unsettled() -> None:
    async def scenario(served: Served) -> None:
        await served.ann.place(TICKER, "bid", "0.47", "10")
        served.engine.advance(at(2 * 3600))
        served.engine.determine(TICKER, ONE_DOLLAR, served.engine.now)
        served.engine.advance(at(2 * 3600 + 120))
        assert (await served.ann.get("/portfolio/settlements"))["settlements"] == []
        assert (await served.ann.get("/portfolio/positions"))["market_positions"][0]["position_fp"] == "10.00"
        served.engine.advance(at(4 * 3600))
        assert (await served.ann.get("/portfolio/settlements"))["settlements"][0]["revenue"] == 1000
        assert (await served.ann.get("/portfolio/positions"))["market_positions"] == []

    run(scenario)
