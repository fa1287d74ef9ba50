"""Drives the venue's official generated client (`kalshi-python-sync`) through everything a market maker needs.

Run by an interpreter that has the client, with the exchange's own ready line as its only argument. Prints one JSON
object: what the client made of each answer, by step. A step the client could not do has `failed` instead.
"""

import json
import sys
import time
import uuid

from kalshi_python_sync import Configuration, KalshiClient
from kalshi_python_sync.exceptions import ApiException
from story import Story

FAR_BELOW = "0.0200"


def connected(ready):
    configuration = Configuration(host=ready["rest_url"])
    configuration.api_key_id = ready["api_key_id"]
    configuration.private_key_pem = ready["private_key_pem"]
    return KalshiClient(configuration)


def plain(result):
    """A model of the client as JSON."""
    return result.to_dict() if hasattr(result, "to_dict") else result


def refusal(error):
    """What the client kept of a refusal."""
    return {"status": error.status, "body": json.loads(error.body or "null"), "raised": type(error).__name__}


class OfficialStory(Story):
    """Steps of the official client, told and returned as plain JSON."""

    def __init__(self):
        super().__init__(ApiException, refusal)

    def step(self, name, call):
        super().step(name, call, plain)
        return self.steps[name]


def read_the_market(client, story):
    """Everything public; returns the ticker of a market to trade."""
    for name in ("get_exchange_status", "get_exchange_schedule", "get_user_data_timestamp", "get_series_fee_changes"):
        story.step(name, getattr(client, name))
    story.step("get_series_list", client.get_series_list)
    story.step("get_event_fee_changes", client.get_event_fee_changes)
    first = story.step("get_events", lambda: client.get_events(limit=1, with_nested_markets=True))
    event = first["events"][0]
    story.step("get_event_metadata", lambda: client.get_event_metadata(event["event_ticker"]))
    story.step("get_event", lambda: client.get_event(event["event_ticker"]))
    story.step("get_series", lambda: client.get_series(event["series_ticker"]))
    page = story.step("get_markets", lambda: client.get_markets(limit=1, status="open"))
    story.step("get_markets second page", lambda: client.get_markets(limit=1, status="open", cursor=page["cursor"]))
    ticker = page["markets"][0]["ticker"]
    story.step("get_market", lambda: client.get_market(ticker))
    story.step("get_market_orderbook", lambda: client.get_market_orderbook(ticker, depth=5))
    story.step("get_market_orderbooks", lambda: client.get_market_orderbooks(tickers=[ticker]))
    story.step("get_trades", lambda: client.get_trades(ticker=ticker, limit=5))
    return ticker


def read_candlesticks(client, story, ticker):
    """The minutes since the exchange began, in three ways."""
    now = int(client.get_user_data_timestamp().as_of_time.timestamp())
    span = {"start_ts": now - 3600, "end_ts": now, "period_interval": 1}
    event = story.steps["get_event"]["event"]
    series = event["series_ticker"]
    story.step("get_market_candlesticks", lambda: client.get_market_candlesticks(series, ticker, **span))
    story.step(
        "batch_get_market_candlesticks", lambda: client.batch_get_market_candlesticks(market_tickers=ticker, **span)
    )
    story.step(
        "get_market_candlesticks_by_event",
        lambda: client.get_market_candlesticks_by_event(event["event_ticker"], series, **span),
    )


def read_what_is_empty(client, story):
    """What is there in the venue's shape, and holds nothing."""
    for name in (
        "get_historical_cutoff",
        "get_historical_markets",
        "get_trades_historical",
        "get_fills_historical",
        "get_historical_orders",
        "get_historical_positions",
        "get_deposits",
        "get_withdrawals",
        "get_subaccount_balances",
        "get_subaccount_transfers",
        "get_subaccount_netting",
        "get_intra_exchange_instance_transfers",
        "get_target_balance_allocation",
        "get_account_api_usage_level_volume_progress",
        "get_structured_targets",
        "get_incentive_programs",
        "get_multivariate_events",
        "get_tags_for_series_categories",
        "get_filters_for_sports",
    ):
        story.step(name, getattr(client, name))
    story.step("get_milestones", lambda: client.get_milestones(limit=10))


def read_the_account(client, story, suffix=""):
    """Everything private."""
    names = ("get_balance", "get_positions", "get_fills", "get_orders", "get_settlements", "get_order_queue_positions")
    for name in names:
        story.step(name + suffix, getattr(client, name))


def new_order(ticker, **fields):
    """A small bid that rests far below the market, changed by `fields`."""
    return {
        "ticker": ticker,
        "side": "bid",
        "count": "3.00",
        "price": FAR_BELOW,
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        "client_order_id": str(uuid.uuid4()),
        **fields,
    }


def trade(client, story, ticker):
    """One order's life: created, read, amended, decreased, cancelled; and one that fills at once."""
    expires = int(time.time()) + 86_400
    order = new_order(ticker, post_only=True, cancel_order_on_pause=True, expiration_time=expires)
    created = story.step("create_order_v2", lambda: client.create_order_v2(**order))
    order_id = created["order_id"]
    story.step("create_order_v2 again", lambda: client.create_order_v2(**order))
    story.step("get_order", lambda: client.get_order(order_id))
    story.step("get_order_queue_position", lambda: client.get_order_queue_position(order_id))
    change = {"ticker": ticker, "side": "bid", "price": "0.0300", "count": "5.00"}
    story.step("amend_order_v2", lambda: client.amend_order_v2(order_id, **change))
    story.step("get_order amended", lambda: client.get_order(order_id))
    story.step("decrease_order_v2", lambda: client.decrease_order_v2(order_id, reduce_by="1.00"))
    read_the_account(client, story, " while resting")
    story.step("cancel_order_v2", lambda: client.cancel_order_v2(order_id, market_ticker=ticker))
    story.step("cancel_order_v2 again", lambda: client.cancel_order_v2(order_id, market_ticker=ticker))
    story.step("get_order canceled", lambda: client.get_order(order_id))
    story.step("off the grid", lambda: client.create_order_v2(**new_order(ticker, price="0.0250")))
    taking = new_order(ticker, price="0.9900", count="1.50", time_in_force="immediate_or_cancel")
    story.step("create_order_v2 taking", lambda: client.create_order_v2(**taking))


def trade_in_batches(client, story, ticker):
    """Several orders in one call, one of them impossible."""
    orders = [new_order(ticker), new_order(ticker, price="0.0250"), new_order(ticker, count="2")]
    placed = story.step("batch_create_orders_v2", lambda: client.batch_create_orders_v2(orders=orders))
    ids = [item["order_id"] for item in placed["orders"] if item.get("order_id")]
    items = [{"order_id": order_id, "market_ticker": ticker} for order_id in [*ids, str(uuid.uuid4())]]
    story.step("batch_cancel_orders_v2", lambda: client.batch_cancel_orders_v2(orders=items))


def trade_in_a_group(client, story, ticker):
    """An order group's life."""
    made = story.step("create_order_group", lambda: client.create_order_group(contracts_limit_fp="50.00"))
    group = made["order_group_id"]
    story.step("create in group", lambda: client.create_order_v2(**new_order(ticker, order_group_id=group)))
    story.step("get_order_groups", client.get_order_groups)
    story.step("get_order_group", lambda: client.get_order_group(group))
    story.step("limit group", lambda: client.update_order_group_limit(group, contracts_limit=20))
    story.step("trigger_order_group", lambda: client.trigger_order_group(group))
    story.step("create in tripped group", lambda: client.create_order_v2(**new_order(ticker, order_group_id=group)))
    story.step("reset_order_group", lambda: client.reset_order_group(group))
    story.step("create in reset group", lambda: client.create_order_v2(**new_order(ticker, order_group_id=group)))
    story.step("delete_order_group", lambda: client.delete_order_group(group))
    story.step("delete_order_group again", lambda: client.delete_order_group(group))


def main():
    ready = json.loads(sys.argv[1])
    story = OfficialStory()
    client = connected(ready)
    ticker = read_the_market(client, story)
    read_the_account(client, story)
    for name in ("get_account_api_limits", "get_account_endpoint_costs", "get_api_keys"):
        story.step(name, getattr(client, name))
    read_what_is_empty(client, story)
    trade(client, story, ticker)
    read_the_account(client, story, " after a fill")
    trade_in_batches(client, story, ticker)
    trade_in_a_group(client, story, ticker)
    story.step("resting before cancel_all", lambda: client.create_order_v2(**new_order(ticker)))
    story.step("cancel_all_orders", client.cancel_all_orders)
    read_candlesticks(client, story, ticker)
    story.step("get_orders resting at the end", lambda: client.get_orders(status="resting"))
    story.tell(ticker=ticker)


if __name__ == "__main__":
    main()
