"""The live gateway on a real exchange that loses answers: what the exchange's own books say is what we say.

The numbers of `make test` are small; a thousand orders of each kind are the campaign's:
`pytest -m campaign tests/actors/test_live_gateway.py`.
"""

import asyncio

import pytest

from edgelock.actors.order_gateway import OpenOrdersSeen
from edgelock.core.market import Side
from edgelock.core.order import OrderState, Role
from tests.actors.live_house import LiveHouse, flow_of, live_house, tickers
from tests.actors.past_doubles import WrittenPast, an_intent
from tests.exchange.served import Served, serving

LOST = [
    {"on": "create", "do": "drop_after"},
    {"on": "amend", "do": "drop_after"},
    {"on": ["cancel", "batch_cancel"], "do": "drop_after"},
    {"on": "writes", "do": "drop_before", "probability": 0.3},
    {"on": "writes", "do": "reset_after", "probability": 0.3},
    {"on": "writes", "do": "status", "status": 503, "probability": 0.3},
    {"on": "writes", "do": "status", "status": 503, "when": "after", "probability": 0.3},
    {"on": "writes", "do": "malformed", "probability": 0.3},
    {"on": "writes", "do": "other_order", "probability": 0.3},
    {"on": "writes", "do": "throttle", "probability": 0.3},
    {"on": "fill", "do": "drop", "probability": 0.5},
    {"on": "user_orders", "do": "drop", "probability": 0.5},
    {"on": "private", "do": "duplicate", "probability": 0.5},
    {"on": ["fill", "user_orders"], "do": "scaled_field", "probability": 0.3},
]
LAGGING = {"on": "exchange", "do": "read_lag", "lag_ms": 300}


def named(fault: dict) -> str:
    return f"{fault['do']}-{fault['on'] if isinstance(fault['on'], str) else '-'.join(fault['on'])}"


def concerning_us(fault: dict) -> dict:
    return fault if fault["on"] == "exchange" else {**fault, "account": "ann"}


async def live_lives(served: Served, house: LiveHouse, ticker: str, number: int, role: Role) -> None:
    """So many orders, one after another: placed, amended, traded with now and then, and withdrawn."""
    for turn in range(number):
        name = house.order(ticker, Side.BID, 44, 5, role=role)
        if await house.settled(ticker, name) is OrderState.RESTING and turn % 3 != 2:
            house.amend(ticker, name, 46, 4)
            await house.settled(ticker, name)
        if turn % 3 == 0:
            await served.bob.request(
                "POST", "/portfolio/events/orders",
                body={
                    "ticker": ticker, "side": "ask", "count": "2.00" if turn % 2 else "4.00", "price": "0.4600",
                    "time_in_force": "immediate_or_cancel", "self_trade_prevention_type": "taker_at_cross",
                },
            )  # fmt: skip
        while house.known(ticker, name).state.is_live:
            house.cancel(ticker, name)
            await house.settled(ticker, name)


def agree(served: Served, house: LiveHouse) -> None:
    """The exchange's books against our record: every order, every fill, every position."""
    account = served.engine.venue.accounts["ann"]
    accepted = [order.client_order_id for order in account.orders.values()]
    assert len(accepted) == len(set(accepted))
    assert not any(account.resting.values())
    filled = {order.client_order_id: order.filled for order in account.orders.values()}
    for ticker, desk in house.desks.items():
        assert desk.ledger.orders == ()
        for name, order in desk.archive.items():
            assert order.filled == filled.get(name, 0)
            assert (order.state is OrderState.REJECTED) == (name not in filled)
        trades = {fill.trade_id for fill in account.fills if fill.ticker == ticker}
        assert desk.ledger.position.trade_ids == trades
        assert desk.ledger.position.net == account.held(ticker)
        fees = sum(fill.fee for fill in account.fills if fill.ticker == ticker)
        assert desk.ledger.position.net == 0 or fees >= 0
    assert {name for desk in house.desks.values() for name in desk.archive} >= set(accepted)


def run(number: int, markets: int, *faults: dict, role: Role = Role.EXIT) -> int:
    """How often the last of the faults struck."""

    async def scenario() -> int:
        async with live_house(markets) as (served, house):
            status, report = await served.ann.faults(
                "POST", {"seed": 7, "faults": [concerning_us(each) for each in faults]}
            )
            assert status == 200, report
            await asyncio.gather(*(one(served, house, ticker) for ticker in tickers(markets)))
            agree(served, house)
            _, report = await served.ann.faults("GET")
            certain = [told for told, fault in zip(report["faults"], faults, strict=True) if "probability" not in fault]
            assert all(told["strikes"] for told in certain)
            return report["faults"][-1]["strikes"]

    async def one(served: Served, house: LiveHouse, ticker: str) -> None:
        await live_lives(served, house, ticker, number // markets, role)

    return asyncio.run(scenario())


@pytest.mark.parametrize("fault", LOST, ids=named)
def test_whatever_is_lost_no_order_is_lost_and_none_is_doubled(fault):
    run(12, 4, fault)


def test_lists_that_cannot_be_read_for_a_while_change_nothing():
    # With nothing told by the channel, the lists alone say what became of an order.
    silence = {"on": "user_orders", "frame": "user_order", "do": "drop", "probability": 0.9}
    run(12, 4, {"on": "reads", "do": "status", "status": 503, "count": 5}, silence, LOST[0])


@pytest.mark.parametrize("fault", LOST[:3], ids=named)
def test_the_same_while_the_lists_lag(fault):
    run(8, 4, LAGGING, fault)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", LOST[:3], ids=named)
def test_a_thousand_answers_lost_after_the_venue_has_acted(fault):
    # Not every order is amended, and one that has filled is not withdrawn: more orders than strikes.
    assert run(1600, 20, LAGGING, fault) >= 1000


def test_entries_wait_until_the_private_channels_are_live_and_a_look_is_newer_than_that():
    async def scenario() -> None:
        async with live_house(1) as (served, house):
            assert house.readiness == [True]
            await served.ann.faults("POST", {"faults": [{"on": "user_orders", "do": "disconnect", "count": 1}]})
            name = house.order(tickers(1)[0], Side.BID, 44, 1, role=Role.EXIT)
            await house.until(lambda: house.readiness == [True, False, True])
            house.cancel(tickers(1)[0], name)
            await house.settled(tickers(1)[0], name)

    asyncio.run(scenario())


def test_entries_wait_while_the_lists_cannot_be_read():
    async def scenario() -> None:
        async with live_house(1) as (served, house):
            await served.ann.faults("POST", {"faults": [{"on": "user_data_timestamp", "do": "status", "status": 503}]})
            await house.until(lambda: house.readiness == [True, False])
            await served.ann.faults("DELETE")
            await house.until(lambda: house.readiness == [True, False, True])

    asyncio.run(scenario())


def test_an_order_of_an_earlier_run_is_withdrawn_and_what_it_filled_is_loaded():
    async def scenario() -> None:
        (ticker,) = tickers(1)
        async with serving(flow_of([ticker]).flow(), speed=20.0) as served:
            await served.ann.place(ticker, "bid", "0.4600", "5.00", client_order_id="earlier-1")
            await served.ann.place(ticker, "bid", "0.4600", "1.00", client_order_id="by-hand")
            await served.bob.place(ticker, "ask", "0.4600", "2.00", time_in_force="immediate_or_cancel")
            house = LiveHouse(served, past=WrittenPast(left=(an_intent("earlier-1", ticker),)))
            house.open_desk(ticker)
            house.gateway.start()
            try:
                await house.until(lambda: house.desks[ticker].is_loaded)
                left = [
                    order.client_order_id for order in served.engine.venue.live_orders.values() if not order.is_house
                ]
                assert left == ["by-hand"]
                assert house.desks[ticker].ledger.position.net == 200
                house.gateway.look()
                await house.until(lambda: any(isinstance(each, OpenOrdersSeen) for each in house.seen))
                assert next(each for each in house.seen if isinstance(each, OpenOrdersSeen)).orders == ()
            finally:
                await asyncio.to_thread(house.gateway.stop)

    asyncio.run(scenario())


def test_it_ends_while_requests_hang():
    async def scenario() -> None:
        async with live_house(2) as (served, house):
            schedule = {"faults": [{"on": "create", "do": "hang", "hang_s": 5, "account": "ann"}]}
            await served.ann.faults("POST", schedule)
            for ticker in tickers(2):
                house.order(ticker, Side.BID, 44, 1, role=Role.EXIT)
            await asyncio.to_thread(house.gateway.stop)
            assert all(desk.in_flight is not None for desk in house.desks.values())

    asyncio.run(scenario())
