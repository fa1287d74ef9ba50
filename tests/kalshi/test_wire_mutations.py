"""A body with one thing wrong says the same, or less, or is an error; it never says something else.

Less is a field that the venue may leave out, read as not said.
"""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import Kind, Role, TimeInForce
from edgelock.core.units import Price, Size, money_text, price_text, size_text
from edgelock.kalshi.account import VenueOrderStatus
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_account import (
    read_balance,
    read_endpoint_costs,
    read_fills,
    read_limits,
    read_order,
    read_orders,
    read_positions,
    read_queue_positions,
    read_settlements,
    read_user_data_timestamp,
)
from edgelock.kalshi.wire_groups import read_create_group_answer, read_order_groups
from edgelock.kalshi.wire_market import read_order_books
from edgelock.kalshi.wire_orders import (
    Canceled,
    Refused,
    Unknown,
    read_amend_answer,
    read_cancel_answer,
    read_cancel_orders_answer,
    read_place_answer,
)
from edgelock.kalshi.wire_private import (
    OddFrame,
    UnknownFrame,
    read_fill,
    read_group,
    read_order_frame,
    read_position,
    read_private_frame,
)
from edgelock.kalshi.wire_schedule import read_exchange_schedule
from tests.kalshi import private_frames
from tests.kalshi.mutations import mutations

ORDER = {
    "order_id": "v-1",
    "client_order_id": "c-1",
    "ticker": "A",
    "book_side": "ask",
    "status": "resting",
    "yes_price_dollars": "0.0100",
    "initial_count_fp": "3.00",
    "fill_count_fp": "1.00",
    "remaining_count_fp": "2.00",
    "created_time": "2026-06-11T05:39:31.28563Z",
    "last_update_time": "2026-06-11T05:40:31Z",
    "expiration_time": "2026-06-11T05:41:31Z",
    "order_group_id": "g-1",
}
FILL = {
    "trade_id": "t-1",
    "order_id": "v-1",
    "ticker": "A",
    "book_side": "bid",
    "count_fp": "1.00",
    "yes_price_dollars": "0.0100",
    "is_taker": True,
    "fee_cost": "0.017500",
    "created_time": "2026-06-11T06:29:30Z",
}
POSITION = {
    "ticker": "A",
    "position_fp": "-3.00",
    "market_exposure_dollars": "2.500000",
    "realized_pnl_dollars": "-0.100000",
    "fees_paid_dollars": "0.018900",
}
SETTLEMENT = {
    "ticker": "A",
    "event_ticker": "E",
    "market_result": "yes",
    "revenue": 300,
    "value": 100,
    "settled_time": "2026-06-11T06:29:30Z",
    "fee_cost": "0.000000",
}
LIMITS = {
    "usage_tier": "basic",
    "read": {"refill_rate": 200, "bucket_capacity": 200},
    "write": {"refill_rate": 100, "bucket_capacity": 300},
}
SESSION = {"open_time": "00:00", "close_time": "03:00"}
FILL_MSG, ORDER_MSG = private_frames.FILL, private_frames.ORDER
POSITION_MSG, GROUP_MSG = private_frames.POSITION, private_frames.GROUP
INTENT = PlaceOrder(
    client_order_id="c-1",
    side=Side.BID,
    price=Price(4700),
    size=Size(300),
    role=Role.ENTRY,
    kind=Kind.QUOTE,
    time_in_force=TimeInForce.GOOD_TILL_CANCELED,
    post_only=True,
    skew="FLAT",
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOURS = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2027-01-01T00:00:00Z", **{day: [SESSION] for day in DAYS}}
WINDOW = {"start_datetime": "2026-12-01T08:00:00Z", "end_datetime": "2026-12-01T10:00:00Z"}


def levels_of(raw):
    """Of the one market that is asked for; the client leaves out any other."""
    book = read_order_books(raw).get("A")
    return () if book is None else (book.levels(Side.BID), book.levels(Side.ASK))


READS = {
    "balance": (read_balance, {"balance_dollars": "98.0186"}),
    "limits": (read_limits, LIMITS),
    "costs": (
        read_endpoint_costs,
        {"default_cost": 10, "endpoint_costs": [{"method": "DELETE", "path": "/x", "cost": 2}]},
    ),
    "user data": (read_user_data_timestamp, {"as_of_time": "2026-06-11T06:29:30.123456Z"}),
    "order": (read_order, {"order": ORDER}),
    "orders": (read_orders, {"orders": [ORDER], "cursor": "next"}),
    "fills": (read_fills, {"fills": [FILL], "cursor": "next"}),
    "positions": (read_positions, {"market_positions": [POSITION], "cursor": "next"}),
    "settlements": (read_settlements, {"settlements": [SETTLEMENT], "cursor": "next"}),
    "queue positions": (
        read_queue_positions,
        {"queue_positions": [{"order_id": "v-1", "market_ticker": "A", "queue_position_fp": "7.00"}]},
    ),
    "order groups": (
        read_order_groups,
        {
            "order_groups": [
                {"id": "g-1", "contracts_limit_fp": "9.00", "is_auto_cancel_enabled": True, "exchange_index": 2}
            ]
        },
    ),
    "order books": (
        levels_of,
        {
            "orderbooks": [
                {
                    "ticker": "A",
                    "orderbook_fp": {"yes_dollars": [["0.4600", "3.00"]], "no_dollars": [["0.5200", "4.00"]]},
                }
            ]
        },
    ),
    "schedule": (
        read_exchange_schedule,
        {"schedule": {"standard_hours": [HOURS], "maintenance_windows": [WINDOW]}},
    ),
}
FRAMES = {
    "fill": (read_fill, {"type": "fill", "msg": FILL_MSG}),
    "user_order": (read_order_frame, {"type": "user_order", "msg": ORDER_MSG}),
    "market_position": (read_position, {"type": "market_position", "msg": POSITION_MSG}),
    "order_group_updates": (read_group, {"type": "order_group_updates", "sid": 4, "seq": 1, "msg": GROUP_MSG}),
}
WRITES = {
    "place": (
        lambda raw: read_place_answer(201, raw, INTENT),
        {"order_id": "v-1", "client_order_id": "c-1", "fill_count": "1.00", "remaining_count": "2.00"},
    ),
    "amend": (
        lambda raw: read_amend_answer(200, raw, "v-1", Size(300)),
        {"order_id": "v-1", "remaining_count": "2.00"},
    ),
    "cancel": (lambda raw: read_cancel_answer(200, raw, "v-1"), {"order_id": "v-1", "reduced_by": "2.00"}),
    "create group": (
        lambda raw: read_create_group_answer(201, raw, 2),
        {"order_group_id": "g-1", "exchange_index": 2},
    ),
}
MAY_BE_LESS = {
    "client_order_id",
    "cursor",
    "expiration_s",
    "group_id",
    "limit",
    "reason",
    "remaining",
    "status",
    "updated_at",
    "usage_tier",
    "value",
}
"""Fields that the venue may leave out, or say in words that are new."""


def is_same_or_less(got, base, field=None):
    if got in (base, ()):
        return True
    if field in MAY_BE_LESS and (got in (None, "", VenueOrderStatus.UNKNOWN)):
        return True
    if type(got) is not type(base):
        return False
    if dataclasses.is_dataclass(got):
        names = [found.name for found in dataclasses.fields(got)]
        return all(is_same_or_less(getattr(got, name), getattr(base, name), name) for name in names)
    if isinstance(got, tuple) and len(got) == len(base):
        return all(is_same_or_less(one, other, field) for one, other in zip(got, base, strict=True))
    return False


@pytest.mark.parametrize("name", READS)
def test_a_list_or_a_figure_with_one_thing_wrong_is_an_error_or_says_no_more_than_it_did(name):
    read, body = READS[name]
    base = read(json.dumps(body).encode())
    outcomes = set()

    for what, changed in mutations(body):
        try:
            got = read(json.dumps(changed).encode())
        except WireError:
            outcomes.add("error")
            continue
        outcomes.add("same or less")
        assert is_same_or_less(got, base), (what, got)

    assert "error" in outcomes


@pytest.mark.parametrize("name", FRAMES)
def test_a_private_frame_with_one_thing_wrong_is_odd_or_says_no_more_than_it_did(name):
    read, body = FRAMES[name]
    base = read(read_private_frame(json.dumps(body)))
    outcomes = set()

    for what, changed in mutations(body):
        try:
            frame = read_private_frame(json.dumps(changed))
            got = None if isinstance(frame, OddFrame | UnknownFrame) else read(frame)
        except WireError:
            got = None
        outcomes.add(got is None)
        assert got is None or is_same_or_less(got, base) or is_the_number_that_was_written(what, got, base), (what, got)

    assert True in outcomes


def is_the_number_that_was_written(what, got, base):
    """Half a dollar, or half a contract, as a JSON number in place of text: it says what it says."""
    return what.endswith(" a number") and type(got) is type(base)


@pytest.mark.parametrize("name", WRITES)
def test_the_answer_to_a_write_with_one_thing_wrong_proves_nothing_or_no_more_than_it_did(name):
    read, body = WRITES[name]
    base = read(json.dumps(body).encode())
    assert not isinstance(base, Unknown)
    outcomes = set()

    for what, changed in mutations(body):
        got = read(json.dumps(changed).encode())
        outcomes.add(type(got))
        assert isinstance(got, Unknown) or is_same_or_less(got, base), (what, got)

    assert Unknown in outcomes


def test_a_batch_with_one_thing_wrong_leaves_the_other_items_as_they_are():
    items = [
        {"order_id": "v-1", "reduced_by": "2.00", "ts_ms": 1},
        {"order_id": "v-2", "reduced_by": "0.00", "error": {"code": "not_found", "message": "not found"}},
    ]
    base = (Canceled(Size(200)), Refused(404, "not_found", "not found"))
    asked = ["v-1", "v-2"]

    for what, changed in mutations({"orders": items}):
        got = read_cancel_orders_answer(200, json.dumps(changed).encode(), asked)
        if isinstance(got, Unknown):
            continue
        first, second = got
        if what == "orders.1.error dropped" or what == "orders.1.error null":
            assert second == Canceled(Size(0)), "that is what it says now"
            continue
        assert first == base[0] or isinstance(first, Unknown), what
        assert isinstance(second, Refused | Unknown), what


@pytest.mark.parametrize("cents", range(1, 100))
def test_a_price_in_cents_is_never_a_price(cents):
    for body in ({**ORDER, "yes_price_dollars": str(cents)}, {**ORDER, "yes_price_dollars": f"{cents}.00"}):
        with pytest.raises(WireError, match="yes_price_dollars"):
            read_order(json.dumps({"order": body}).encode())
    frame = read_private_frame(json.dumps({"type": "fill", "msg": {**FILL_MSG, "yes_price_dollars": cents}}))
    with pytest.raises(WireError, match="yes_price_dollars"):
        read_fill(frame)


@pytest.mark.parametrize("ts_ms", [0, 1_781_159_370, 1_781_159_370_123_000, 1_781_159_370_123_000_000])
def test_a_time_in_another_unit_is_not_a_time(ts_ms):
    frame = read_private_frame(json.dumps({"type": "fill", "msg": {**FILL_MSG, "ts_ms": ts_ms}}))

    with pytest.raises(WireError, match="ts_ms"):
        read_fill(frame)


@given(st.integers(1, 9999), st.integers(0, 10**9), st.integers(0, 10**12))
def test_a_number_in_place_of_text_is_taken_by_its_digits(price, size, fee):
    texts = {"yes_price_dollars": price_text(price), "count_fp": size_text(size), "fee_cost": money_text(fee)}
    written = json.dumps({"type": "fill", "msg": {**FILL_MSG, **texts}})
    as_numbers = written
    for text in texts.values():
        as_numbers = as_numbers.replace(f'"{text}"', text)

    seen = read_fill(read_private_frame(as_numbers))

    assert seen == read_fill(read_private_frame(written))
    assert (seen.fill.price, seen.fill.size, seen.fill.fee) == (price, size, fee)
