"""What our client makes of a write is true of the exchange's own books, whatever happens to the answer.

`Unknown` is always true. Everything else is held against the engine: a refusal changed nothing, a success did.
"""

import asyncio
from itertools import count

from edgelock.core.market import Side
from edgelock.core.units import Price, Size
from edgelock.kalshi.wire_groups import GroupCreated, GroupDone
from edgelock.kalshi.wire_orders import AlreadyExists, Amended, Canceled, Placed, Refused, Unknown
from tests.exchange.engine_builders import TICKER, FlowScript
from tests.exchange.served import serving
from tests.kalshi.embedded_member import Member, an_order

TRIES = 6
DEADLINE_S = 0.3
FAULTS = [
    {"do": "drop_before"},
    {"do": "drop_after"},
    {"do": "reset_before"},
    {"do": "reset_after"},
    {"do": "throttle"},
    *({"do": "status", "status": status, "when": when} for status in (408, 500, 503) for when in ("before", "after")),
    *({"do": "status", "status": status, "when": "before"} for status in (400, 401, 403, 404, 409)),
    *(
        {"do": "malformed", "how": how}
        for how in ("truncated", "html", "empty", "not_json", "array", "null", "wrong_types")
    ),
    {"do": "missing_field"},
    {"do": "renamed_field"},
    {"do": "null_field"},
    {"do": "retyped_field"},
    {"do": "scaled_field"},
    {"do": "other_order"},
    {"do": "huge", "megabytes": 17},
    {"do": "drip", "drip_s": 10},
    {"do": "hang", "hang_s": 30},
]


def run_under_every_fault(on, prepare, write):
    """In turn, each fault strikes such calls of ann's: what she prepares goes well, what she writes may not."""

    async def served():
        async with serving(FlowScript().opened_market(TICKER).lasting().flow()) as exchange:
            calm, ann = Member(exchange.ann), Member(exchange.ann, deadline_s=DEADLINE_S)
            account = exchange.engine.venue.accounts["ann"]
            try:
                for fault in FAULTS:
                    prepared = await prepare(calm)
                    strikes = {"count": 1} if fault["do"] in ("drip", "hang", "huge") else {"probability": 0.8}
                    schedule = {"seed": 7, "faults": [{**strikes, **fault, "on": on}]}
                    assert (await exchange.ann.faults("POST", schedule))[0] == 200
                    await write(ann, account, prepared, fault)
                    (told,) = (await exchange.ann.embedded("faults"))["faults"]
                    assert told["strikes"] > 0, fault
                    assert (await exchange.ann.faults("DELETE"))[0] == 200
            finally:
                calm.rest.close()
                ann.rest.close()

    asyncio.run(served())


async def nothing(_ann):
    return None


NUMBERS = count(1)


async def resting_orders(ann):
    """The venue's ids of some new orders."""
    placed = [await ann.do("create_order", TICKER, an_order(next(NUMBERS), size=Size(100))) for _ in range(TRIES)]
    return [outcome.order_id for outcome in placed]


def rests(account, order_id):
    return account.orders[order_id].remaining > 0


def test_what_is_said_of_a_new_order_is_true():
    async def write(ann, account, _, fault):
        for _ in range(TRIES):
            wish = an_order(next(NUMBERS), size=Size(100))
            outcome = await ann.do("create_order", TICKER, wish)
            orders = [order for order in account.orders.values() if order.client_order_id == wish.client_order_id]
            assert len(orders) <= 1
            if isinstance(outcome, Placed):
                found = [(order.order_id, order.filled, order.remaining) for order in orders]
                assert found == [(outcome.order_id, outcome.filled, outcome.remaining)], fault
            elif isinstance(outcome, AlreadyExists):
                assert orders, fault
            elif isinstance(outcome, Refused):
                assert orders == [], fault

    run_under_every_fault("create", nothing, write)


def test_what_is_said_of_a_cancellation_is_true():
    async def write(ann, account, order_ids, fault):
        for order_id in order_ids:
            is_true(account, order_id, await ann.do("cancel_order", order_id, TICKER), fault)

    run_under_every_fault("cancel", resting_orders, write)


def test_what_is_said_of_a_batch_of_cancellations_is_true():
    async def write(ann, account, order_ids, fault):
        for pair in zip(order_ids[::2], order_ids[1::2], strict=True):
            outcomes = await ann.do("cancel_orders", [(order_id, TICKER) for order_id in pair])
            if isinstance(outcomes, Unknown):
                continue
            for order_id, outcome in zip(pair, outcomes, strict=True):
                is_true(account, order_id, outcome, fault)

    run_under_every_fault("batch_cancel", resting_orders, write)


def is_true(account, order_id, outcome, fault):
    """A 404 says only that nothing rests; a fault says it of an order that does, so it is looked up."""
    if isinstance(outcome, Canceled):
        assert not rests(account, order_id), fault
    elif isinstance(outcome, Refused) and outcome.status != 404:
        assert rests(account, order_id), fault


def test_what_is_said_of_an_amendment_is_true():
    async def an_amendable_order(ann):
        wish = an_order(next(NUMBERS), size=Size(100))
        return wish, (await ann.do("create_order", TICKER, wish)).order_id

    async def write(ann, account, prepared, fault):
        wish, order_id = prepared
        for size in range(200, 200 + 100 * TRIES, 100):
            before = account.orders[order_id].total
            outcome = await ann.do(
                "amend_order", order_id, TICKER, Side.BID, Price(4600), Size(size), wish.client_order_id
            )
            order = account.orders[order_id]
            if isinstance(outcome, Amended):
                assert order.total == size, fault
                assert outcome.remaining in (None, order.remaining), fault
            elif isinstance(outcome, Refused):
                assert order.total == before, fault

    run_under_every_fault("amend", an_amendable_order, write)


def test_what_is_said_of_a_new_group_is_true():
    async def write(ann, account, _, fault):
        for _ in range(TRIES):
            known = set(account.groups)
            outcome = await ann.do("create_group", Size(1000), 0)
            new = set(account.groups) - known
            if isinstance(outcome, GroupCreated):
                assert new == {outcome.group_id}, fault
            elif isinstance(outcome, Refused):
                assert new == set(), fault

    run_under_every_fault("group_create", nothing, write)


def test_what_is_said_of_a_groups_end_is_true():
    async def groups(ann):
        return [(await ann.do("create_group", Size(1000), 0)).group_id for _ in range(TRIES)]

    async def write(ann, account, group_ids, fault):
        for group_id in group_ids:
            outcome = await ann.do("delete_group", group_id, 0)
            if isinstance(outcome, GroupDone):
                assert group_id not in account.groups, fault
            elif isinstance(outcome, Refused) and outcome.status != 404:
                assert group_id in account.groups, fault

    run_under_every_fault("group_delete", groups, write)
