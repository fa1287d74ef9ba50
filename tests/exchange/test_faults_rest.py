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

OTHER = "KXNHLGAME-NOBODY"
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
    named, other = ("held_ms", "answer_ms") if when == "before" else ("answer_ms", "held_ms")
    assert 40 <= line["fault"][named] <= 60
    assert other not in line["fault"]
    assert when == "after" or held_ms >= 40


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


def test_the_log_of_a_cancel_by_id_has_the_market_and_the_client_id_of_its_order(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"

    async def scenario(served: Served) -> None:
        _, body = await served.ann.place(TICKER, "bid", "0.40", "1", client_order_id="mine")
        await served.ann.request("DELETE", f"{ORDERS}/{body['order_id']}")

    run(scenario, request_log=path)
    create, cancel = (json.loads(line) for line in path.read_text().splitlines())
    order_id = create["answered"][0]["order_id"]
    assert cancel["asked"] == [{"order_id": order_id, "ticker": TICKER, "client_order_id": "mine"}]
    assert cancel["answered"] == [{"order_id": order_id, "client_order_id": "mine", "reduced_by": "1.00"}]


def test_a_request_that_a_fault_kept_from_the_engine_is_logged_as_not_applied(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"

    async def scenario(served: Served) -> None:
        await served.ann.place(TICKER, "bid", "0.40", "1")

    run(scenario, {"on": "writes", "do": "throttle"}, request_log=path)
    line = json.loads(path.read_text())
    assert (line["status"], line["applied"], line["outcome"], line["answered"]) == (429, None, None, [])


MALFORMED = {
    "truncated": ("application/json", b'{"balance'),
    "html": ("text/html", b"<html>"),
    "empty": ("application/json", b""),
    "not_json": ("text/plain", b"upstream connect error"),
    "array": ("application/json", b"[]"),
    "null": ("application/json", b"null"),
    "wrong_types": ("application/json", b'{"balance":"100000"'),
}


@pytest.mark.parametrize("how", MALFORMED)
def test_a_malformed_answer_has_the_true_status_and_a_body_that_is_none(how: str) -> None:
    async def scenario(served: Served) -> None:
        status, content_type, body = await served.ann.raw("GET", "/portfolio/balance")
        assert (status, content_type) == (200, MALFORMED[how][0])
        assert body.startswith(MALFORMED[how][1]), body
        with pytest.raises((ValueError, KeyError, TypeError)):
            assert json.loads(body)["balance"] + 0 == 100_000

    run(scenario, {"on": "balance", "do": "malformed", "how": how})


def test_a_create_with_a_malformed_answer_was_carried_out() -> None:
    async def scenario(served: Served) -> None:
        with pytest.raises(json.JSONDecodeError):
            await served.ann.place(TICKER, "bid", "0.40", "1")
        assert resting(served) == 1

    run(scenario, {"on": "create", "do": "malformed"})


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("missing_field", {}),
        ("renamed_field", {"remaining_count_v3": "1.00"}),
        ("null_field", {"remaining_count": None}),
        ("retyped_field", {"remaining_count": 1}),
        ("scaled_field", {"remaining_count": "100.00"}),
    ],
)
def test_one_field_of_an_answer_is_wrong_and_the_others_are_right(kind: str, shown: dict[str, Any]) -> None:
    async def scenario(served: Served) -> None:
        status, body = await served.ann.place(TICKER, "bid", "0.40", "1", client_order_id="mine")
        assert (status, body["client_order_id"], body["fill_count"]) == (201, "mine", "0.00")
        assert {name: value for name, value in body.items() if name.startswith("remaining_count")} == shown

    run(scenario, {"on": "create", "do": kind, "field": "remaining_count"})


def test_a_field_has_another_value() -> None:
    async def scenario(served: Served) -> None:
        await served.ann.place(TICKER, "bid", "0.40", "1")
        page = await served.ann.get("/portfolio/orders")
        assert (page["orders"][0]["status"], page["cursor"]) == ("suspended", "")

    run(scenario, {"on": "orders", "do": "replaced_field", "field": "status", "value": "suspended"})


def test_a_field_is_wrong_wherever_it_occurs() -> None:
    async def scenario(served: Served) -> None:
        for _ in range(3):
            await served.ann.place(TICKER, "bid", "0.40", "1")
        orders = (await served.ann.get("/portfolio/orders"))["orders"]
        assert [order["status"] for order in orders] == [None, None, None]

    run(scenario, {"on": "orders", "do": "null_field", "field": "status"})


def test_chance_picks_a_field_that_the_answer_has() -> None:
    async def scenario(served: Served) -> None:
        fields = [set(await served.ann.get("/portfolio/orders")) for _ in range(8)]
        assert {frozenset(each) for each in fields} == {frozenset({"orders"}), frozenset({"cursor"})}

    run(scenario, {"on": "orders", "do": "missing_field"})


def test_an_answer_names_another_order_and_the_right_one_was_canceled() -> None:
    async def scenario(served: Served) -> None:
        (_, first), (_, second) = [await served.ann.place(TICKER, "bid", price, "1") for price in ("0.40", "0.41")]
        path, params = f"{ORDERS}/{first['order_id']}", {"market_ticker": TICKER}
        status, body = await served.ann.request("DELETE", path, params=params)
        assert (status, body["order_id"], body["reduced_by"]) == (200, second["order_id"], "1.00")
        resting = await served.ann.get("/portfolio/orders", status="resting")
        assert [order["order_id"] for order in resting["orders"]] == [second["order_id"]]

    run(scenario, {"on": "cancel", "do": "other_order"})


def test_a_dripping_body_comes_whole_in_the_end() -> None:
    async def scenario(served: Served) -> None:
        began = asyncio.get_running_loop().time()
        assert (await served.ann.get("/exchange/status"))["trading_active"] is True
        assert asyncio.get_running_loop().time() - began > 0.15

    run(scenario, {"on": "status", "do": "drip", "drip_s": 0.2})


@pytest.mark.parametrize("fault", [{"do": "drip", "drip_s": 60}, {"do": "huge", "megabytes": 100}])
def test_a_client_that_leaves_in_the_middle_is_no_error_of_the_exchange(
    fault: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(served: Served) -> None:
        async with served.ann.opened("GET", "/exchange/status") as response:
            assert await response.content.read(1) == b"{"
        assert (await served.ann.get("/portfolio/balance"))["balance"] == 100_000

    run(scenario, {"on": "status", **fault})
    assert caplog.records == []


def test_a_huge_body_is_as_long_as_was_said() -> None:
    async def scenario(served: Served) -> None:
        status, _, body = await served.ann.raw("GET", "/exchange/status")
        assert (status, len(body) > 3_000_000, json.loads(body)["trading_active"]) == (200, True, True)

    run(scenario, {"on": "status", "do": "huge", "megabytes": 3})


def test_only_what_the_fault_is_on_is_struck() -> None:
    async def scenario(served: Served) -> None:
        assert (await served.ann.place(TICKER, "bid", "0.40", "1"))[0] == 503
        assert (await served.ann.place(OTHER, "bid", "0.40", "1"))[0] == 404
        assert (await served.bob.place(TICKER, "bid", "0.40", "1"))[0] == 201
        assert (await served.ann.request("GET", f"/markets/{TICKER}"))[0] == 200

    run(scenario, {"on": "create", "do": "status", "status": 503, "ticker": TICKER, "account": "ann"})


def test_a_fault_on_a_market_strikes_a_cancel_that_names_only_the_order() -> None:
    async def scenario(served: Served) -> None:
        _, body = await served.ann.place(TICKER, "bid", "0.40", "1")
        assert (await served.ann.request("DELETE", f"{ORDERS}/{body['order_id']}"))[0] == 500

    run(scenario, {"on": "cancel", "do": "status", "status": 500, "ticker": TICKER})


def test_a_schedule_can_be_watched_replaced_and_ended_while_it_runs() -> None:
    async def scenario(served: Served) -> None:
        assert (await served.ann.place(TICKER, "bid", "0.40", "1"))[0] == 503
        assert (await served.ann.place(TICKER, "bid", "0.40", "1"))[0] == 201
        status, report = await served.ann.faults("GET")
        (told,) = report["faults"]
        assert (status, report["seed"], told["name"], told["occasions"], told["strikes"]) == (200, 7, "once", 2, 1)
        status, refusal = await served.ann.faults("POST", {"faults": [{"on": "creat", "do": "hang"}]})
        assert (status, refusal["error"].startswith("body:1: on is creat; allowed: ")) == (400, True)
        assert (await served.ann.faults("GET"))[1]["faults"] == report["faults"]
        assert told["state"] == "over"
        await served.ann.faults("POST", {"faults": [{"on": "create", "do": "throttle"}]})
        assert (await served.ann.place(TICKER, "bid", "0.40", "1"))[0] == 429
        await served.ann.faults("DELETE")
        assert (await served.ann.place(TICKER, "bid", "0.40", "1"))[0] == 201

    run(scenario, {"name": "once", "on": "create", "do": "status", "status": 503, "count": 1})


def test_the_same_seed_and_requests_meet_the_same_faults() -> None:
    met: list[list[int]] = []

    async def scenario(served: Served) -> None:
        met.append([(await served.ann.request("GET", "/exchange/status"))[0] for _ in range(30)])

    for _ in range(2):
        run(scenario, {"on": "status", "do": "status", "status": 502, "probability": 0.5})
    assert met[0] == met[1]
    assert set(met[0]) == {200, 502}


def test_a_hang_ends_without_an_answer() -> None:
    async def scenario(served: Served) -> None:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await asyncio.wait_for(served.ann.place(TICKER, "bid", "0.40", "1"), WAIT_S)
        assert resting(served) == 1

    run(scenario, {"on": "create", "do": "hang", "hang_s": 0.05})
