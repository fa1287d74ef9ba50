"""Faults of the venue itself, as a client on real sockets meets them: markets, the whole exchange, the wall clock."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from edgelock.core.units import SECOND, Duration
from edgelock.exchange.faults_file import read_faults
from edgelock.exchange.faults_schedule import Elapsed
from tests.exchange.engine_builders import EVENT, TICKER, FlowScript
from tests.exchange.served import Served, serving
from tests.exchange.signing_client import FrameReader

ORDERS = "/portfolio/events/orders"
OTHER = f"{EVENT}-MIN"
UNTIL_ENDED = 3600


def run(scenario: Callable[[Served, FrameReader], Awaitable[None]], **options: Any) -> None:
    """Serve two open markets, and hand ann's socket with her private channels and the lifecycle to the scenario."""
    script = FlowScript().opened_market(TICKER).opened_market(OTHER).lasting()

    async def served() -> None:
        async with serving(script.flow(), **options) as exchange:
            reader = await exchange.ann.socket()
            channels = ["user_orders", "order_group_updates", "market_lifecycle_v2"]
            await reader.command(1, "subscribe", channels=channels)
            for _ in channels:
                await reader.until_type("subscribed")
            await scenario(exchange, reader)
            await reader.socket.close()

    asyncio.run(served())


async def strike(served: Served, **fault: Any) -> None:
    status, report = await served.ann.faults("POST", {"faults": [fault]})
    assert status == 200, report
    assert report["faults"][0]["strikes"] == 1


async def end_all(served: Served) -> None:
    assert (await served.ann.faults("DELETE"))[1]["faults"] == []


async def resting_order(served: Served, ticker: str = TICKER, **fields: Any) -> str:
    status, body = await served.ann.place(ticker, "bid", "0.40", "1", **fields)
    assert status == 201, body
    return str(body["order_id"])


async def refused(served: Served) -> tuple[int, str]:
    status, body = await served.ann.place(TICKER, "bid", "0.40", "1")
    return status, body["error"]["code"]


async def status_of(served: Served, ticker: str) -> str:
    return str((await served.ann.get(f"/markets/{ticker}"))["market"]["status"])


def test_a_paused_market_refuses_orders_until_it_resumes_with_an_empty_book() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        order_id = await resting_order(served)
        await strike(served, on="market", do="pause", ticker=TICKER, for_s=UNTIL_ENDED)
        assert (await reader.until_type("market_lifecycle_v2"))["msg"]["event_type"] == "deactivated"
        assert (await status_of(served, TICKER), await status_of(served, OTHER)) == ("inactive", "active")
        assert (await refused(served))[0] == 409
        await end_all(served)
        ended = await reader.until(lambda frame: frame["msg"].get("status") == "canceled")
        assert ended["msg"]["order_id"] == order_id
        assert await status_of(served, TICKER) == "active"
        await resting_order(served)

    run(scenario)


def test_a_state_ends_by_itself_when_its_time_is_over() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await strike(served, on="market", do="pause", ticker=TICKER, for_s=30)
        events = [(await reader.until_type("market_lifecycle_v2"))["msg"]["event_type"] for _ in range(2)]
        assert events == ["deactivated", "activated"]

    run(scenario, speed=300.0)


def test_a_reactivated_market_has_canceled_all_that_rested_in_it() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        order_id = await resting_order(served)
        elsewhere = await resting_order(served, OTHER)
        await strike(served, on="market", do="reactivate", ticker=TICKER)
        canceled = await reader.until(lambda frame: frame["msg"].get("status") == "canceled")
        assert (canceled["msg"]["order_id"], canceled["msg"]["last_update_reason"]) == (order_id, "HaltCancel")
        assert await status_of(served, TICKER) == "active"
        assert (await served.ann.get(f"/portfolio/orders/{elsewhere}"))["order"]["status"] == "resting"

    run(scenario)


def test_a_market_closes_early_and_not_even_a_cancel_is_taken() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        order_id = await resting_order(served)
        await strike(served, on="market", do="close", ticker=TICKER)
        await reader.until(lambda frame: frame["msg"].get("status") == "canceled")
        assert await status_of(served, TICKER) == "closed"
        status, _ = await served.ann.request("DELETE", f"{ORDERS}/{order_id}", params={"market_ticker": TICKER})
        assert status == 409

    run(scenario)


def test_a_market_announces_another_close() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await strike(served, on="market", do="move_close", in_s=600, ticker=TICKER)
        moved = await reader.until_type("market_lifecycle_v2")
        assert moved["msg"]["event_type"] == "close_date_updated"
        clock = await served.ann.embedded("clock")
        assert 590 < moved["msg"]["close_ts"] - clock["now_ns"] // SECOND <= 600

    run(scenario)


@pytest.mark.parametrize(("result", "told"), [("yes", "1.0000"), ("no", "0.0000"), (0.4, "0.4000")])
def test_a_market_settles_as_told(result: object, told: str) -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await strike(served, on="market", do="settle", result=result, ticker=TICKER)
        frame = await reader.until(lambda frame: frame["msg"].get("event_type") == "determined")
        assert frame["msg"]["settlement_value"] == told

    run(scenario)


def test_a_result_is_disputed_and_amended() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        async def determined() -> str:
            frame = await reader.until(lambda frame: frame["msg"].get("event_type") == "determined")
            return str(frame["msg"]["settlement_value"])

        await strike(served, on="market", do="settle", result="yes", ticker=TICKER)
        assert await determined() == "1.0000"
        await strike(served, on="market", do="dispute")
        assert (await status_of(served, TICKER), await status_of(served, OTHER)) == ("disputed", "active")
        await strike(served, on="market", do="amend_result", result="no", ticker=TICKER)
        assert await determined() == "0.0000"

    run(scenario)


def test_prices_get_other_steps_and_the_old_ones_back() -> None:
    async def scenario(served: Served, _: FrameReader) -> None:
        await strike(served, on="market", do="price_structure", structure="deci_cent", for_s=UNTIL_ENDED)
        assert (await served.ann.place(TICKER, "bid", "0.401", "1"))[0] == 201
        market = (await served.ann.get(f"/markets/{TICKER}"))["market"]
        assert market["price_level_structure"] == "deci_cent"
        assert market["price_ranges"] == [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]
        await end_all(served)
        assert (await served.ann.place(TICKER, "bid", "0.402", "1"))[1]["error"]["code"] == "invalid_price"

    run(scenario)


def test_an_event_charges_other_fees_and_then_those_of_its_series_again() -> None:
    async def scenario(served: Served, _: FrameReader) -> None:
        async def fee_of_a_trade() -> float:
            _, body = await served.ann.place(TICKER, "bid", "0.47", "1")
            return float(body["average_fee_paid"])

        usual = await fee_of_a_trade()
        await strike(served, on="market", do="fees", multiplier=3, for_s=UNTIL_ENDED)
        raised = await fee_of_a_trade()
        await end_all(served)
        assert (raised > 2 * usual > 0, await fee_of_a_trade()) == (True, usual)

    run(scenario)


def test_orders_are_canceled_though_nobody_asked() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        order_id = await resting_order(served)
        elsewhere = await resting_order(served, OTHER)
        await strike(served, on="market", do="cancel_orders", ticker=TICKER, account="ann")
        canceled = await reader.until(lambda frame: frame["msg"].get("status") == "canceled")
        assert canceled["msg"]["order_id"] == order_id
        assert (await served.ann.get(f"/portfolio/orders/{elsewhere}"))["order"]["status"] == "resting"

    run(scenario)


def test_an_account_has_an_order_that_its_client_did_not_place() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        fault = {"side": "bid", "price": 0.03, "contracts": 2.5, "ticker": TICKER, "account": "ann"}
        await strike(served, on="market", do="foreign_order", **fault)
        told = (await reader.until_type("user_order"))["msg"]
        assert (told["ticker"], told["yes_price_dollars"], told["remaining_count_fp"]) == (TICKER, "0.0300", "2.50")
        assert (await served.bob.get("/portfolio/orders"))["orders"] == []

    run(scenario)


def test_order_groups_trip_and_cancel_their_orders() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        _, body = await served.ann.request("POST", "/portfolio/order_groups/create", body={"contracts_limit": 100})
        await resting_order(served, order_group_id=body["order_group_id"])
        await strike(served, on="exchange", do="trigger_groups")
        await reader.until(lambda frame: frame["msg"].get("status") == "canceled")
        await reader.until(lambda frame: frame["msg"].get("event_type") == "triggered")

    run(scenario)


def test_a_paused_exchange_takes_cancels_and_no_orders() -> None:
    async def scenario(served: Served, _: FrameReader) -> None:
        order_id = await resting_order(served)
        await strike(served, on="exchange", do="pause", for_s=UNTIL_ENDED)
        assert (await served.ann.get("/exchange/status"))["trading_active"] is False
        assert (await served.ann.faults("GET"))[1]["in_force"] == ["1 pause"]
        assert await refused(served) == (409, "trading_is_paused")
        status, _ = await served.ann.request("DELETE", f"{ORDERS}/{order_id}", params={"market_ticker": TICKER})
        assert status == 200
        await end_all(served)
        await resting_order(served)

    run(scenario)


def test_a_halted_exchange_takes_nothing_at_all() -> None:
    async def scenario(served: Served, _: FrameReader) -> None:
        order_id = await resting_order(served)
        await strike(served, on="exchange", do="halt")
        assert (await served.ann.get("/exchange/status"))["exchange_active"] is False
        path, params = f"{ORDERS}/{order_id}", {"market_ticker": TICKER}
        assert (await served.ann.request("DELETE", path, params=params))[0] >= 400
        await strike(served, on="exchange", do="resume")
        assert (await served.ann.request("DELETE", path, params=params))[0] == 200

    run(scenario)


def test_reads_lag_behind_writes() -> None:
    async def scenario(served: Served, _: FrameReader) -> None:
        await strike(served, on="exchange", do="read_lag", lag_ms=60_000, for_s=UNTIL_ENDED)
        order_id = await resting_order(served)
        assert (await served.ann.request("GET", f"/portfolio/orders/{order_id}"))[0] == 404
        await end_all(served)
        assert (await served.ann.request("GET", f"/portfolio/orders/{order_id}"))[0] == 200

    run(scenario)


def test_a_skewed_clock_refuses_good_signatures_and_shows_in_the_date() -> None:
    async def scenario(served: Served, _: FrameReader) -> None:
        await strike(served, on="clock", do="skew", skew_s=-40, for_s=UNTIL_ENDED)
        status, body = await served.ann.request("GET", "/portfolio/positions")
        assert (status, body["error"]["code"]) == (401, "header_timestamp_expired")
        date = parsedate_to_datetime(await served.ann.date("/exchange/status"))
        assert 35 < served.exchange.wall_ms() / 1000 - date.timestamp() < 60
        late = served.ann.headers("GET", "/trade-api/v2/portfolio/positions", skew_ms=-40_000)
        assert (await served.ann.request("GET", "/portfolio/positions", headers=late))[0] == 200
        await end_all(served)
        assert (await served.ann.request("GET", "/portfolio/positions"))[0] == 200

    run(scenario)


def test_the_flow_goes_on_after_a_market_was_closed_under_it() -> None:
    async def scenario(served: Served, _: FrameReader) -> None:
        await strike(served, on="market", do="close", ticker=TICKER)
        served.drive()
        assert await status_of(served, OTHER) == "active"

    run(scenario)


def test_what_was_done_and_undone_is_in_the_request_log(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"

    async def scenario(served: Served, _: FrameReader) -> None:
        await strike(served, on="exchange", do="pause", for_s=UNTIL_ENDED, name="maintenance")
        await end_all(served)

    run(scenario, request_log=path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    faults = [(line["path"], line["fault"]["name"]) for line in lines if line["method"] == "FAULT"]
    assert faults == [("done", "maintenance"), ("ended", "maintenance")]


def test_what_waits_for_no_occasion_comes_at_its_start_and_after_each_period() -> None:
    schedule = read_faults(b"faults: [{on: market, do: reactivate, at_s: 10, every_s: 5, count: 3, skip: 1}]", "f")

    def due(at_s: int) -> list[int]:
        now = Duration(at_s * SECOND)
        return [at // SECOND for _, at in schedule.due(Elapsed(now, now))]

    assert [due(at_s) for at_s in (9, 10, 14, 15, 24, 100, 200)] == [[], [], [], [15], [20], [25], []]


def test_without_a_period_it_comes_once() -> None:
    schedule = read_faults(b"faults: [{on: exchange, do: halt, at_s: 10}]", "f")
    moments = [Elapsed(Duration(at_s * SECOND), Duration(0)) for at_s in (0, 20, 40)]
    assert [len(schedule.due(moment)) for moment in moments] == [0, 1, 0]
