"""The venue's official generated client works on our exchange, unmodified: strict about every field it is sent."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.client_run import interpreter_with, running_exchange, told_by

Steps = dict[str, Any]


@pytest.fixture(scope="module")
def steps() -> Iterator[Steps]:
    python = interpreter_with("kalshi-python-sync", "3.34")
    with running_exchange("--scenario", "nhl", "--speed", "100", "--tier", "prestige") as ready:
        yield told_by(python, "official_client.py", ready)["steps"]


def test_the_client_could_read_every_answer(steps: Steps) -> None:
    assert {name: told["failed"] for name, told in steps.items() if told and "failed" in told} == {}
    assert len(steps) > 80


def test_the_market_data_it_read_is_the_market_data_we_have(steps: Steps) -> None:
    assert steps["get_exchange_status"]["trading_active"] is True
    first, second = steps["get_markets"], steps["get_markets second page"]
    tickers = [page["markets"][0]["ticker"] for page in (first, second)]
    assert (len(set(tickers)), second["cursor"]) == (2, "")
    assert steps["get_market"]["market"]["ticker"] == tickers[0]
    event = steps["get_events"]["events"][0]
    assert [market["ticker"] for market in event["markets"]] == tickers
    assert steps["get_series"]["series"]["fee_type"] == "quadratic_with_maker_fees"
    book = steps["get_market_orderbook"]["orderbook_fp"]
    assert all(len(book[side]) == 5 and book[side] == sorted(book[side]) for side in ("yes_dollars", "no_dollars"))
    assert steps["get_market_orderbooks"]["orderbooks"][0]["ticker"] == tickers[0]
    assert steps["get_trades"]["trades"][0]["ticker"] == tickers[0]


def test_candlesticks_are_the_same_in_three_ways(steps: Steps) -> None:
    found = steps["get_market_candlesticks"]["candlesticks"]
    assert found
    assert steps["batch_get_market_candlesticks"]["markets"][0]["candlesticks"] == found
    assert steps["get_market_candlesticks_by_event"]["market_candlesticks"][0] == found


def test_an_order_was_created_read_amended_decreased_and_canceled(steps: Steps) -> None:
    created, read = steps["create_order_v2"], steps["get_order"]["order"]
    assert (created["fill_count"], created["remaining_count"]) == ("0.00", "3.00")
    assert (read["status"], read["book_side"], read["yes_price_dollars"]) == ("resting", "bid", "0.0200")
    assert steps["get_order_queue_position"]["queue_position_fp"] == "0.00"
    assert steps["amend_order_v2"]["remaining_count"] == "5.00"
    assert steps["get_order amended"]["order"]["yes_price_dollars"] == "0.0300"
    assert steps["get_order amended"]["order"]["order_id"] == created["order_id"]
    assert steps["decrease_order_v2"]["remaining_count"] == "4.00"
    (queued,) = steps["get_order_queue_positions while resting"]["queue_positions"]
    assert queued["order_id"] == created["order_id"]
    assert steps["cancel_order_v2"]["reduced_by"] == "4.00"
    assert steps["get_order canceled"]["order"]["status"] == "canceled"


def test_a_fill_shows_in_fills_positions_and_balance(steps: Steps) -> None:
    taken = steps["create_order_v2 taking"]
    assert (taken["fill_count"], taken["remaining_count"]) == ("1.50", "0.00")
    (fill,) = steps["get_fills after a fill"]["fills"]
    assert (fill["order_id"], fill["count_fp"], fill["is_taker"]) == (taken["order_id"], "1.50", True)
    (position,) = steps["get_positions after a fill"]["market_positions"]
    assert position["position_fp"] == "1.50"
    before, after = (steps[name]["balance_dollars"] for name in ("get_balance", "get_balance after a fill"))
    assert float(after) < float(before)


def test_batches_give_each_item_its_own_outcome(steps: Steps) -> None:
    placed = steps["batch_create_orders_v2"]["orders"]
    assert [(item.get("error") or {}).get("code") for item in placed] == [None, "invalid_price", None]
    canceled = steps["batch_cancel_orders_v2"]["orders"]
    assert [(item.get("error") or {}).get("code") for item in canceled] == [None, None, "not_found"]
    assert [item["reduced_by"] for item in canceled] == ["3.00", "2.00", "0.00"]


def test_an_order_group_was_made_tripped_reset_and_deleted(steps: Steps) -> None:
    assert steps["get_order_group"]["orders"] == [steps["create in group"]["order_id"]]
    assert steps["create in tripped group"]["body"]["error"]["code"] == "exceeded_order_group_risk_limit"
    assert steps["create in reset group"]["remaining_count"] == "3.00"
    assert steps["delete_order_group again"]["status"] == 404


def test_cancel_all_left_nothing_resting(steps: Steps) -> None:
    assert steps["resting before cancel_all"]["remaining_count"] == "3.00"
    assert steps["cancel_all_orders"] is None
    assert steps["get_orders resting at the end"]["orders"] == []


@pytest.mark.parametrize(
    ("step", "status", "code"),
    [
        ("create_order_v2 again", 409, "order_already_exists"),
        ("cancel_order_v2 again", 404, "not_found"),
        ("off the grid", 400, "invalid_price"),
    ],
)
def test_a_refusal_reaches_the_client_as_its_own_exception(steps: Steps, step: str, status: int, code: str) -> None:
    assert (steps[step]["status"], steps[step]["body"]["error"]["code"]) == (status, code)
