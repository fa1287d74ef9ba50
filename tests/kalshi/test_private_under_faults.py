"""What the private channels tell is true, and what they do not tell is asked for, whatever happens to their frames."""

import asyncio

import pytest

from edgelock.core.order import TimeInForce
from edgelock.core.units import Price, Size
from edgelock.kalshi.private_events import FillSeen, GroupSeen, OrderSeen
from tests.exchange.engine_builders import TICKER, FlowScript
from tests.exchange.served import serving
from tests.kalshi.embedded_member import Member, an_order

TRADES = 8
CHANNELS = ["fill", "user_orders", "market_positions"]
FAULTS = [
    {"do": "garble", "how": "truncated"},
    {"do": "garble", "how": "not_json"},
    {"do": "missing_field"},
    {"do": "renamed_field"},
    {"do": "null_field"},
    {"do": "retyped_field"},
    {"do": "duplicate"},
    {"do": "error", "count": 1},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: " ".join(map(str, fault.values())))
def test_what_is_told_is_true_and_what_is_not_told_is_asked_for(fault):
    async def served():
        async with serving(FlowScript().opened_market(TICKER).lasting().flow()) as exchange:
            ann, account = Member(exchange.ann), exchange.engine.venue.accounts["ann"]
            await ann.connect()
            try:
                schedule = {"seed": 3, "faults": [{"probability": 0.3, **fault, "on": CHANNELS}]}
                assert (await exchange.ann.faults("POST", schedule))[0] == 200
                for number in range(TRADES):
                    await ann.do("create_order", TICKER, taking(number))
                assert (await ann.do("create_group", Size(900), 0)).group_id
                await ann.until(lambda ann: ann.of(GroupSeen))
                (told,) = (await exchange.ann.embedded("faults"))["faults"]
                assert told["strikes"] > 0
                await ann.disconnect()
            finally:
                ann.rest.close()

        fills = {(fill.trade_id, fill.size, fill.price, fill.position_after) for fill in account.fills}
        told = {(seen.fill.trade_id, seen.fill.size, seen.fill.price, seen.post_position) for seen in ann.of(FillSeen)}
        assert told <= fills
        assert {seen.order.order_id for seen in ann.of(OrderSeen)} <= set(account.orders)
        has_ended = any(name.startswith("error:") for name in ann.talk.counts)
        assert ann.talk.needs_sweep or has_ended or told == fills
        assert fault["do"] != "duplicate" or not ann.talk.needs_sweep

    asyncio.run(served())


def taking(number):
    """One contract, bought at once."""
    now = {"time_in_force": TimeInForce.IMMEDIATE_OR_CANCEL, "post_only": False}
    return an_order(number, price=Price(4700), size=Size(100), **now)
