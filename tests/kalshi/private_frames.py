"""Frames of the private channels as the venue writes them, for tests: every field has a dull default."""

import json

CHANNELS = ("fill", "user_orders", "market_positions", "order_group_updates")

FILL = {
    "trade_id": "t-1",
    "order_id": "v-1",
    "client_order_id": "c-1",
    "market_ticker": "A",
    "exchange_index": 0,
    "is_taker": False,
    "side": "yes",
    "action": "buy",
    "purchased_side": "yes",
    "outcome_side": "no",
    "book_side": "ask",
    "yes_price_dollars": "0.5200",
    "count_fp": "1.00",
    "fee_cost": "0.004400",
    "ts": 1781159370,
    "ts_ms": 1781159370123,
    "post_position_fp": "-3.00",
    "subaccount": 0,
}
ORDER = {
    "order_id": "v-1",
    "user_id": "u-1",
    "client_order_id": "c-1",
    "ticker": "A",
    "exchange_index": 0,
    "status": "resting",
    "side": "yes",
    "is_yes": True,
    "outcome_side": "yes",
    "book_side": "bid",
    "yes_price_dollars": "0.4700",
    "initial_count_fp": "3.00",
    "fill_count_fp": "1.00",
    "remaining_count_fp": "2.00",
    "taker_fill_cost_dollars": "0.000000",
    "maker_fill_cost_dollars": "0.470000",
    "taker_fees_dollars": "0.000000",
    "maker_fees_dollars": "0.004400",
    "order_group_id": "g-1",
    "self_trade_prevention_type": "taker_at_cross",
    "created_time": "2026-06-11T06:29:30Z",
    "created_ts_ms": 1781159370000,
    "last_update_time": "2026-06-11T06:29:30.123Z",
    "last_updated_ts_ms": 1781159370123,
    "expiration_time": "2026-06-11T06:30:30Z",
    "expiration_ts_ms": 1781159430000,
    "last_update_reason": "Trade",
    "subaccount_number": 0,
}
POSITION = {
    "user_id": "u-1",
    "market_ticker": "A",
    "position_fp": "-3.00",
    "position_cost_dollars": "1.440000",
    "realized_pnl_dollars": "-0.100000",
    "fees_paid_dollars": "0.018900",
    "position_fee_cost_dollars": "0.018900",
    "volume_fp": "5.00",
    "subaccount": 0,
}
GROUP = {"event_type": "triggered", "order_group_id": "g-1", "ts_ms": 1781159370123}


def fill(**changes):
    return frame("fill", {**FILL, **changes}, sid=1)


def user_order(**changes):
    return frame("user_order", {**ORDER, **changes}, sid=2)


def position(**changes):
    return frame("market_position", {**POSITION, **changes}, sid=3)


def group(seq, **changes):
    return frame("order_group_updates", {**GROUP, **changes}, sid=4, seq=seq)


def frame(type_, body, **numbers):
    return json.dumps({"type": type_, **numbers, "sending_ts_ms": 1781159370124, "msg": body})


def subscribed(command, sid):
    """The answer to a subscription command."""
    asked = json.loads(command)
    (channel,) = asked["params"]["channels"]
    return json.dumps({"type": "subscribed", "id": asked["id"], "msg": {"channel": channel, "sid": sid}})


def error(code, *, number=0, **more):
    return json.dumps({"type": "error", "id": number, "msg": {"code": code, "msg": "said"}, **more})
