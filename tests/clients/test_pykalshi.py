"""An independent client, `pykalshi`, trades on our exchange and follows every socket channel, unmodified."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.client_run import interpreter_with, running_exchange, told_by

Told = dict[str, Any]


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    python = interpreter_with("pykalshi", "2.0")
    with running_exchange("--scenario", "nhl", "--speed", "20", "--tier", "prestige") as ready:
        yield told_by(python, "pykalshi_client.py", ready)


@pytest.fixture
def steps(told: Told) -> Any:
    return told["steps"]


def test_the_client_could_read_every_answer_and_every_frame(steps: Told) -> None:
    failed = {name: step["failed"] for name, step in steps.items() if isinstance(step, dict) and "failed" in step}
    assert failed == {}
    assert steps["frames outside the models"] == []


def test_it_paged_through_the_markets_and_read_one(steps: Told, told: Told) -> None:
    assert len({market["ticker"] for market in steps["markets"]}) == 2
    assert steps["market"]["ticker"] == told["ticker"]
    assert steps["event"]["event_ticker"] == steps["market"]["event_ticker"]
    assert steps["book"]["orderbook"]["yes_dollars"]


def test_an_order_was_created_amended_decreased_and_canceled(steps: Told) -> None:
    assert (steps["create"]["status"], steps["refresh"]["initial_count_fp"]) == ("resting", "3.00")
    assert steps["queue positions"][0]["order_id"] == steps["create"]["order_id"]
    after = steps["refresh decreased"]
    assert (after["order_id"], after["yes_price_dollars"], after["remaining_count_fp"]) == (
        steps["create"]["order_id"],
        "0.0300",
        "4.00",
    )
    assert (steps["canceled"]["status"], steps["cancel again"]["raised"]) == ("canceled", "ResourceNotFoundError")
    assert steps["create again"] == {"status": 409, "code": "order_already_exists", "raised": "KalshiAPIError"}


def test_batches_and_groups_did_what_they_say(steps: Told) -> None:
    assert len({order["order_id"] for order in steps["batch create"]}) == 2
    assert [order["order_id"] for order in steps["batch cancel"]] == [
        order["order_id"] for order in steps["batch create"]
    ]
    assert steps["resting at the end"] == []
    assert steps["group"]["orders"] == [steps["create in group"]["order_id"]]
    assert steps["create in tripped group"]["code"] == "exceeded_order_group_risk_limit"


def test_a_fill_is_told_alike_by_rest_and_by_the_socket(steps: Told) -> None:
    (read,), heard = steps["get_fills after a fill"], steps["frame FillMessage"]
    same = ("trade_id", "order_id", "book_side", "count_fp", "yes_price_dollars", "is_taker")
    assert {name: read[name] for name in same} == {name: heard[name] for name in same}
    assert heard["post_position_fp"] == steps["get_positions after a fill"][0]["position_fp"]
    assert steps["frame PositionMessage"]["position_fp"] == heard["post_position_fp"]


def test_every_channel_brought_its_frames(steps: Told, told: Told) -> None:
    assert steps["snapshot"]["yes_dollars_fp"]
    for kind in ("OrderbookDeltaMessage", "TickerMessage", "TradeMessage"):
        assert steps[f"frame {kind}"]["market_ticker"] == told["ticker"]
    assert steps["frame own delta"]["client_order_id"]
    assert steps["frame OrderGroupUpdateMessage"]["event_type"] == "created"
    assert steps["frame order resting"]["order_id"] == steps["create"]["order_id"]
    assert steps["frame order canceled"]["order_id"] == steps["create"]["order_id"]
    assert steps["frame order executed"]["order_id"] == steps["take"]["order_id"]


def test_a_game_s_end_is_told_by_lifecycle_frames_and_paid() -> None:
    python = interpreter_with("pykalshi", "2.0")
    with running_exchange("--scenario", "nhl", "--speed", "2000", "--tier", "prestige") as ready:
        steps = told_by(python, "pykalshi_settlement.py", ready)["steps"]
    assert [name for name, step in steps.items() if isinstance(step, dict) and "failed" in step] == []
    result = steps["determined"]["result"]
    assert result in ("yes", "no")
    (row,) = steps["settlements"]
    assert (row["market_result"], row["revenue"]) == (result, 500 if result == "yes" else 0)
    assert (steps["market"]["status"], steps["positions"]) == ("finalized", [])
    assert steps["too late"] == {"status": 409, "code": "market_inactive", "raised": "KalshiAPIError"}
