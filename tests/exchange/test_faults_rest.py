"""Faults of REST calls, on real sockets: what the client sees, what the engine did, and what the request log says."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.exchange.engine_builders import TICKER, FlowScript
from tests.exchange.served import Served, serving
from tests.exchange.signing_client import WAIT_S

ORDERS = "/portfolio/events/orders"


def run(scenario: Callable[[Served], Awaitable[None]], *faults: dict[str, Any], **options: Any) -> None:
    """Serve one open market with these faults in force, and play a scenario against it."""

    async def served() -> None:
        async with serving(FlowScript().opened_market(TICKER).lasting().flow(), **options) as exchange:
            status, report = await exchange.ann.faults("POST", {"seed": 7, "faults": list(faults)})
            assert status == 200, report
            await scenario(exchange)

    asyncio.run(served())


def resting(served: Served) -> int:
    return sum(len(orders) for orders in served.engine.venue.accounts["ann"].resting.values())


@pytest.mark.parametrize("kind", ["drop_before", "reset_before"])
def test_a_create_that_is_dropped_before_it_is_applied_leaves_no_order(kind: str) -> None:
    async def scenario(served: Served) -> None:
        with pytest.raises(aiohttp.ClientConnectionError):
            await served.ann.place(TICKER, "bid", "0.40", "1")
        assert resting(served) == 0

    run(scenario, {"on": "create", "do": kind})


@pytest.mark.parametrize("kind", ["drop_after", "reset_after"])
def test_a_create_that_is_dropped_after_it_is_applied_leaves_its_order_and_its_message(kind: str) -> None:
    async def scenario(served: Served) -> None:
        socket = await served.ann.socket()
        await socket.command(1, "subscribe", channels=["user_orders"])
        await socket.until_type("subscribed")
        with pytest.raises(aiohttp.ClientConnectionError):
            await served.ann.place(TICKER, "bid", "0.40", "1", client_order_id="lost")
        told = await socket.until_type("user_order")
        assert (told["msg"]["client_order_id"], resting(served)) == ("lost", 1)
        await socket.socket.close()

    run(scenario, {"on": "create", "do": kind})


def test_a_reset_is_a_reset_and_a_drop_is_an_orderly_end() -> None:
    async def scenario(served: Served) -> None:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await served.ann.get("/portfolio/balance")
        with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
            await served.ann.get("/portfolio/positions")

    run(scenario, {"on": "balance", "do": "drop_after"}, {"on": "positions", "do": "reset_after"})


@pytest.mark.parametrize(("when", "orders"), [("before", 0), ("after", 1)])
def test_an_error_status_is_told_before_or_after_applying(when: str, orders: int) -> None:
    async def scenario(served: Served) -> None:
        status, body = await served.ann.place(TICKER, "bid", "0.40", "1")
        assert (status, body["error"]["code"]) == (503, "exchange_down")
        assert resting(served) == orders

    run(scenario, {"on": "create", "do": "status", "status": 503, "code": "exchange_down", "when": when})


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_delayed_create_is_applied_early_or_late_and_answered_late_in_either_case(when: str, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"

    async def scenario(served: Served) -> None:
        status, _ = await served.ann.place(TICKER, "bid", "0.40", "1")
        assert (status, resting(served)) == (201, 1)

    run(scenario, {"on": "create", "do": "delay", "delay_ms": [40, 60], "when": when}, request_log=path)
    line = json.loads(path.read_text())
    held_ms = (line["applied"]["monotonic_ns"] - line["received"]["monotonic_ns"]) / 1e6
    named = "held_ms" if when == "before" else "answer_ms"
    assert 40 <= line["fault"][named] <= 60
    assert (held_ms >= 40) == (when == "before")


def test_a_delay_after_applying_lets_the_message_come_before_the_answer() -> None:
    async def scenario(served: Served) -> None:
        socket = await served.ann.socket()
        await socket.command(1, "subscribe", channels=["user_orders"])
        await socket.until_type("subscribed")
        placing = asyncio.create_task(served.ann.place(TICKER, "bid", "0.40", "1"))
        await socket.until_type("user_order")
        assert not placing.done()
        assert (await placing)[0] == 201
        await socket.socket.close()

    run(scenario, {"on": "create", "do": "delay", "delay_ms": 500})


def test_the_request_log_tells_what_was_asked_what_was_done_and_what_was_told(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"

    async def scenario(served: Served) -> None:
        with pytest.raises(aiohttp.ClientConnectionError):
            await served.ann.place(TICKER, "bid", "0.40", "1", client_order_id="mine")
        await served.ann.request("DELETE", f"{ORDERS}/nobody", params={"market_ticker": TICKER})
        await served.ann.get("/portfolio/balance")

    run(scenario, {"on": "create", "do": "drop_after", "name": "lost answer"}, request_log=path)
    create, cancel, balance = (json.loads(line) for line in path.read_text().splitlines())
    assert (create["operation"], create["status"], create["outcome"]) == ("create", None, 201)
    assert create["fault"] == {"number": 1, "name": "lost answer", "do": "drop_after", "strike": 1}
    assert create["asked"][0] | {"ticker": TICKER, "side": "bid", "price": "0.40", "count": "1"} == create["asked"][0]
    assert create["asked"][0]["client_order_id"] == create["answered"][0]["client_order_id"] == "mine"
    assert create["answered"][0]["order_id"]
    assert create["received"]["monotonic_ns"] <= create["applied"]["monotonic_ns"]
    assert set(create["applied"]) == {"exchange_ns", "monotonic_ns", "wall_ns"}
    assert (cancel["asked"], cancel["answered"]) == (
        [{"order_id": "nobody", "ticker": TICKER}],
        [{"error": "not_found"}],
    )
    assert (balance["fault"], balance["asked"], balance["status"]) == (None, [], 200)
    assert [line["n"] for line in (create, cancel, balance)] == [1, 2, 3]


def test_a_request_that_a_fault_kept_from_the_engine_is_logged_as_not_applied(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"

    async def scenario(served: Served) -> None:
        await served.ann.place(TICKER, "bid", "0.40", "1")

    run(scenario, {"on": "writes", "do": "throttle"}, request_log=path)
    line = json.loads(path.read_text())
    assert (line["status"], line["applied"], line["outcome"], line["answered"]) == (429, None, None, [])


def test_a_hang_ends_without_an_answer() -> None:
    async def scenario(served: Served) -> None:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await asyncio.wait_for(served.ann.place(TICKER, "bid", "0.40", "1"), WAIT_S)
        assert resting(served) == 1

    run(scenario, {"on": "create", "do": "hang", "hang_s": 0.05})
