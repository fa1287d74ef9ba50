"""What our client reads of the account is what the exchange's books say, or an error, whatever happens to the answer.

Not among the faults: a figure that is a hundred times too large, and another order's id on a list. Where nothing else
in the answer contradicts it, no reader of one answer can tell; comparing lists with each other can.
"""

import asyncio
import dataclasses

from edgelock.core.order import TimeInForce
from edgelock.core.units import Price, Size
from edgelock.kalshi.account import OrderGroup, VenueOrder
from edgelock.kalshi.rest_call import VenueUnreachable
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_error import VenueError
from tests.exchange.engine_builders import TICKER, FlowScript
from tests.exchange.served import serving
from tests.kalshi.embedded_member import Member, an_order

TRIES = 10
FAULTS = [
    *({"do": "malformed", "how": how} for how in ("truncated", "html", "empty", "not_json", "array", "null")),
    {"do": "malformed", "how": "wrong_types"},
    {"do": "missing_field"},
    {"do": "renamed_field"},
    {"do": "null_field"},
    {"do": "retyped_field"},
    {"do": "status", "status": 404},
    {"do": "drop_before"},
    {"do": "reset_after"},
]
NOT_SAID = {"expiration_s", "updated_at", "group_id", "limit"}
"""What an order, or a group, may lack."""


def is_true(read, truth):
    """The same, but for what may be left out."""
    if isinstance(read, tuple):
        return len(read) == len(truth) and all(is_true(*pair) for pair in zip(read, truth, strict=True))
    if isinstance(read, VenueOrder | OrderGroup):
        left_out = {name: None for name in NOT_SAID if getattr(read, name, truth) is None}
        return read == dataclasses.replace(truth, **left_out)
    return read == truth


def test_what_is_read_of_the_account_is_true_or_an_error():
    async def served():
        async with serving(FlowScript().opened_market(TICKER).lasting().flow()) as exchange:
            ann = Member(exchange.ann, pause_s=0)
            try:
                reads = await everything_about(ann)
                truths = {on: await ann.do(call, *args) for on, (call, args) in reads.items()}
                for on, (call, args) in reads.items():
                    for fault in [*FAULTS, {"do": "other_order"}] if on == "order" else FAULTS:
                        schedule = {"seed": 11, "faults": [{"probability": 0.9, **fault, "on": on}]}
                        assert (await exchange.ann.faults("POST", schedule))[0] == 200
                        for _ in range(TRIES):
                            try:
                                read = await ann.do(call, *args)
                            except (WireError, VenueError, VenueUnreachable):
                                continue
                            assert is_true(read, truths[on]), (on, fault, read)
            finally:
                ann.rest.close()

    asyncio.run(served())


async def everything_about(ann):
    """Resting and finished orders, fills and a position; and how each is read."""
    taking = {"time_in_force": TimeInForce.IMMEDIATE_OR_CANCEL, "post_only": False}
    await ann.do("create_order", TICKER, an_order(1, price=Price(4700), **taking))
    resting = await ann.do("create_order", TICKER, an_order(2))
    await ann.do("create_group", Size(900), 0)
    return {
        "orders": ("orders", ()),
        "order": ("order", (resting.order_id,)),
        "fills": ("fills", ()),
        "positions": ("positions", ()),
        "queue_positions": ("queue_positions", ([TICKER],)),
        "order_groups": ("order_groups", ()),
        "balance": ("balance", ()),
        "limits": ("account_limits", ()),
    }
