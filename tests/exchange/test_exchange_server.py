"""REST over a real socket: the documented shapes of answers and errors."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from edgelock.core.units import ONE_DOLLAR
from edgelock.exchange.flow import ChangePhase, MarketPhase, Settle, Trading
from edgelock.exchange.habits import Habits
from tests.exchange.engine_builders import EVENT, NOON, TICKER, FlowScript, at, cents
from tests.exchange.served import Served, serving

OTHER = f"{EVENT}-MIN"
ORDERS = "/portfolio/events/orders"


def run(scenario: Callable[[Served], Awaitable[None]], script: FlowScript | None = None, **options: Any) -> None:
    """Serve two open markets of one event, or those of the script, and play a scenario against them."""
    flow = script if script is not None else FlowScript().opened_market(TICKER).opened_market(OTHER).lasting()

    async def served() -> None:
        async with serving(flow.flow(), **options) as exchange:
            await scenario(exchange)

    asyncio.run(served())


def test_public_data_needs_no_signature() -> None:
    async def scenario(served: Served) -> None:
        for path in ("/exchange/status", "/exchange/schedule", "/series", "/events", "/markets", "/markets/trades"):
            status, _ = await served.ann.request("GET", path, headers={})
            assert status == 200, path

    run(scenario)


MARKET_FIELDS = {
    "ticker", "event_ticker", "market_type", "yes_sub_title", "no_sub_title", "created_time", "updated_time",
    "open_time", "close_time", "latest_expiration_time", "settlement_timer_seconds", "status",
    "notional_value_dollars", "yes_bid_dollars", "yes_ask_dollars", "no_bid_dollars", "no_ask_dollars",
    "yes_bid_size_fp", "yes_ask_size_fp", "last_price_dollars", "previous_yes_bid_dollars",
    "previous_yes_ask_dollars", "previous_price_dollars", "volume_fp", "volume_24h_fp", "open_interest_fp", "result",
    "can_close_early", "expiration_value", "rules_primary", "rules_secondary", "price_level_structure",
    "price_ranges", "settlement_bounds_type",
}  # fmt: skip


def test_a_market_has_every_required_field_and_the_touch_on_both_scales() -> None:
    async def scenario(served: Served) -> None:
        market = (await served.ann.get(f"/markets/{TICKER}"))["market"]
        assert set(market) >= MARKET_FIELDS
        assert None not in market.values()
        prices = [market[f"{leg}_{side}_dollars"] for leg in ("yes", "no") for side in ("bid", "ask")]
        assert prices == ["0.4500", "0.4700", "0.5300", "0.5500"]
        assert market["price_ranges"] == [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}]
        assert (market["status"], market["yes_bid_size_fp"]) == ("active", "100.00")

    run(scenario)


def test_markets_are_filtered_and_paged_until_an_empty_cursor() -> None:
    async def scenario(served: Served) -> None:
        first = await served.ann.get("/markets", limit=1, status="open")
        second = await served.ann.get("/markets", limit=1, status="open", cursor=first["cursor"])
        found = [page["markets"][0]["ticker"] for page in (first, second)]
        assert (found, second["cursor"]) == ([TICKER, OTHER], "")
        assert (await served.ann.get("/markets", status="settled"))["markets"] == []
        named = await served.ann.get("/markets", tickers=f"{OTHER},NOBODY", event_ticker=EVENT)
        assert [market["ticker"] for market in named["markets"]] == [OTHER]

    run(scenario)


def test_an_event_carries_its_markets_beside_it_or_inside_it() -> None:
    async def scenario(served: Served) -> None:
        plain = await served.ann.get(f"/events/{EVENT}")
        assert [market["ticker"] for market in plain["markets"]] == [TICKER, OTHER]
        assert (plain["event"]["mutually_exclusive"], plain["event"]["series_ticker"]) == (True, "KXNHLGAME")
        nested = await served.ann.get("/events", with_nested_markets="true")
        assert [len(event["markets"]) for event in nested["events"]] == [2]
        series = (await served.ann.get("/series/KXNHLGAME"))["series"]
        assert (series["fee_type"], series["fee_multiplier"]) == ("quadratic_with_maker_fees", 1)

    run(scenario)


def test_the_book_lists_both_legs_ascending_on_their_own_scale() -> None:
    async def scenario(served: Served) -> None:
        await served.ann.place(TICKER, "bid", "0.44", "7")
        await served.ann.place(TICKER, "ask", "0.5000", "2.5")
        book = (await served.ann.get(f"/markets/{TICKER}/orderbook"))["orderbook_fp"]
        assert book["yes_dollars"] == [["0.4400", "7.00"], ["0.4500", "100.00"]]
        assert book["no_dollars"] == [["0.5000", "2.50"], ["0.5300", "100.00"]]
        top = (await served.ann.get(f"/markets/{TICKER}/orderbook", depth=1))["orderbook_fp"]
        assert top == {"yes_dollars": [["0.4500", "100.00"]], "no_dollars": [["0.5300", "100.00"]]}
        several = await served.ann.get("/markets/orderbooks", tickers=[TICKER, OTHER])
        assert [book["ticker"] for book in several["orderbooks"]] == [TICKER, OTHER]

    run(scenario)


@pytest.mark.parametrize("key_type", ["rsa", "ed25519"])
def test_private_data_needs_a_good_signature(key_type: str) -> None:
    async def scenario(served: Served) -> None:
        path = "/portfolio/balance"
        missing = await served.ann.request("GET", path, headers={})
        assert missing[0] == 401
        assert missing[1]["error"]["code"] == "signature_is_missing_from_headers"
        old = served.ann.headers("GET", f"/trade-api/v2{path}", skew_ms=-60_000)
        assert (await served.ann.request("GET", path, headers=old))[1]["error"]["code"] == "header_timestamp_expired"
        wrong = served.ann.headers("GET", f"/trade-api/v2{path}s")
        assert (await served.ann.request("GET", path, headers=wrong))[1] == {
            "error": {
                "code": "authentication_error",
                "message": "authentication_error",
                "details": "INCORRECT_API_KEY_SIGNATURE",
            }
        }
        assert (await served.ann.request("GET", path))[0] == 200

    run(scenario, key_type=key_type)


def test_an_order_lives_from_create_to_cancel_in_the_documented_shapes() -> None:
    async def scenario(served: Served) -> None:
        status, created = await served.ann.place(TICKER, "bid", "0.40", "10", client_order_id="mine")
        assert status == 201
        assert set(created) == {"order_id", "client_order_id", "fill_count", "remaining_count", "ts_ms"}
        order_id = created["order_id"]
        order = (await served.ann.get(f"/portfolio/orders/{order_id}"))["order"]
        assert (order["status"], order["book_side"], order["outcome_side"]) == ("resting", "bid", "yes")
        assert (order["action"], order["side"], order["yes_price_dollars"]) == ("buy", "yes", "0.4000")
        queue = await served.ann.get("/portfolio/orders/queue_positions")
        assert queue["queue_positions"] == [
            {"order_id": order_id, "market_ticker": TICKER, "queue_position_fp": "0.00"}
        ]
        status, canceled = await served.ann.request("DELETE", f"{ORDERS}/{order_id}", params={"market_ticker": TICKER})
        assert (status, canceled["reduced_by"]) == (200, "10.00")
        again = await served.ann.request("DELETE", f"{ORDERS}/{order_id}")
        assert again == (404, {"error": {"code": "not_found", "message": "not found"}})
        order = (await served.ann.get(f"/portfolio/orders/{order_id}"))["order"]
        assert (order["status"], order["remaining_count_fp"], order["initial_count_fp"]) == (
            "canceled",
            "0.00",
            "10.00",
        )

    run(scenario)


def test_a_fill_shows_in_the_answer_the_fills_the_position_and_the_balance() -> None:
    async def scenario(served: Served) -> None:
        status, created = await served.ann.place(TICKER, "bid", "0.4700", "1", client_order_id="mine")
        assert (status, created["fill_count"], created["average_fill_price"]) == (201, "1.00", "0.4700")
        (fill,) = (await served.ann.get("/portfolio/fills"))["fills"]
        assert fill["fill_id"] == fill["trade_id"]
        assert (fill["is_taker"], fill["fee_cost"], fill["count_fp"]) == (True, "0.017500", "1.00")
        assert "client_order_id" not in fill
        positions = await served.ann.get("/portfolio/positions")
        assert positions["market_positions"][0]["position_fp"] == "1.00"
        assert positions["event_positions"][0]["event_ticker"] == EVENT
        balance = await served.ann.get("/portfolio/balance")
        assert (balance["balance_dollars"], balance["balance"]) == ("999.5125", 99951)
        (trade,) = (await served.ann.get("/markets/trades", ticker=TICKER))["trades"]
        assert (trade["trade_id"], trade["taker_book_side"]) == (fill["trade_id"], "bid")

    run(scenario)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"price": "0.475"}, 400, "invalid_price"),
        ({"price": "abc"}, 400, "invalid_price"),
        ({"count": "0"}, 400, "invalid_order_size"),
        ({"count": "1.001"}, 400, "invalid_order_size"),
        ({"ticker": "NOBODY"}, 404, "market_not_found"),
        ({"side": "yes"}, 400, "invalid_parameters"),
        ({"side": None}, 400, "missing_parameters"),
        ({"self_trade_prevention_type": ""}, 400, "missing_parameters"),
        ({"client_order_id": "a.b"}, 400, "invalid_parameters"),
        ({"client_order_id": "x" * 65}, 400, "invalid_parameters"),
        ({"subaccount": 3}, 400, "invalid_parameters"),
        ({"count": "1000000"}, 400, "insufficient_balance"),
        ({"price": "0.47", "post_only": True}, 400, "invalid_order"),
        ({"order_group_id": "nope"}, 404, "order_group_not_found"),
        ({"expiration_time": 5}, 400, "invalid_parameters"),
        ({"expiration_time": 10**18}, 400, "invalid_parameters"),
        (
            {"price": "0.47", "count": "101", "time_in_force": "fill_or_kill"},
            409,
            "fill_or_kill_insufficient_resting_volume",
        ),
    ],
)
def test_each_bad_create_has_its_status_and_code(changes: dict[str, Any], status: int, code: str) -> None:
    async def scenario(served: Served) -> None:
        fields: dict[str, Any] = {"ticker": TICKER, "side": "bid", "price": "0.40", "count": "1", **changes}
        found, body = await served.ann.place(**fields)
        assert (found, body["error"]["code"]) == (status, code)

    run(scenario)


def test_the_recorded_error_bodies_are_given_word_for_word() -> None:
    async def scenario(served: Served) -> None:
        await served.ann.place(TICKER, "bid", "0.40", "1", client_order_id="one")
        assert await served.ann.place(TICKER, "bid", "0.40", "1", client_order_id="one") == (
            409,
            {"error": {"code": "order_already_exists", "message": "order already exists"}},
        )
        assert await served.ann.place(TICKER, "bid", "0.50", "1", post_only=True) == (
            400,
            {"error": {"code": "invalid_order", "message": "invalid order", "details": "post only cross"}},
        )
        assert await served.ann.place(TICKER, "bid", "0.50", 1) == (  # type: ignore[arg-type]
            400,
            {
                "code": "bad_request",
                "message": "bad request",
                "details": "json: cannot unmarshal number into Go struct field "
                "CreateOrderV2Request.count of type string",
            },
        )
        assert await served.ann.request("GET", "/markets", params={"limit": 1001}) == (
            400,
            {
                "msg": "Parameter validation failed for GetMarkets: Key: 'GetMarketsParams.Limit' "
                "Error:Field validation for 'Limit' failed on the 'lte' tag"
            },
        )
        assert await served.ann.request("POST", ORDERS) == (
            400,
            {"error": {"code": "invalid_content_type", "message": "invalid content type"}},
        )
        assert (await served.ann.request("POST", "/portfolio/orders", body={}))[0] == 410
        assert (await served.ann.request("GET", "/nowhere"))[0] == 404

    run(scenario)


def test_amend_and_decrease_answer_with_the_new_counts() -> None:
    async def scenario(served: Served) -> None:
        _, created = await served.ann.place(TICKER, "bid", "0.40", "10", client_order_id="mine")
        path = f"{ORDERS}/{created['order_id']}"
        status, body = await served.ann.request("POST", f"{path}/decrease", body={"reduce_by": "4"})
        assert (status, body["remaining_count"]) == (200, "6.00")
        terms = {"ticker": TICKER, "side": "bid", "price": "0.41", "count": "6"}
        status, body = await served.ann.request("POST", f"{path}/amend", body=terms)
        assert (status, body["order_id"], body["remaining_count"]) == (200, created["order_id"], None)
        status, body = await served.ann.request("POST", f"{path}/amend", body={**terms, "price": "0.47"})
        assert (body["fill_count"], body["average_fill_price"]) == ("6.00", "0.4700")
        status, body = await served.ann.request("POST", f"{path}/amend", body={**terms, "side": "ask"})
        assert (status, body["error"]["code"]) == (404, "not_found")

    run(scenario)


def test_a_batch_has_one_outcome_for_each_item() -> None:
    async def scenario(served: Served) -> None:
        good = {
            "ticker": TICKER,
            "side": "bid",
            "price": "0.40",
            "count": "1",
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "maker",
        }
        batch = [good, {**good, "price": "0.50", "post_only": True, "client_order_id": "second"}, {**good, "side": "x"}]
        status, body = await served.ann.request("POST", f"{ORDERS}/batched", body={"orders": batch})
        created, crossed, unreadable = body["orders"]
        assert (status, created["remaining_count"]) == (201, "1.00")
        assert (crossed["client_order_id"], crossed["error"]["details"]) == ("second", "post only cross")
        assert unreadable["error"]["code"] == "invalid_parameters"
        wanted = [{"order_id": created["order_id"]}, {"order_id": "unknown"}]
        status, body = await served.ann.request("DELETE", f"{ORDERS}/batched", body={"orders": wanted})
        assert [item["reduced_by"] for item in body["orders"]] == ["1.00", "0.00"]
        assert body["orders"][1]["error"]["code"] == "not_found"

    run(scenario)


def test_cancel_all_answers_without_a_body_and_leaves_nothing_resting() -> None:
    async def scenario(served: Served) -> None:
        await served.ann.place(TICKER, "bid", "0.40", "1")
        await served.ann.place(OTHER, "ask", "0.60", "1")
        assert await served.ann.request("DELETE", ORDERS) == (204, None)
        assert (await served.ann.get("/portfolio/orders", status="resting"))["orders"] == []
        canceled = await served.ann.get("/portfolio/orders", status="canceled", limit=1)
        assert (canceled["orders"][0]["ticker"], bool(canceled["cursor"])) == (OTHER, True)

    run(scenario)


def test_members_see_their_own_orders_only() -> None:
    async def scenario(served: Served) -> None:
        _, created = await served.ann.place(TICKER, "bid", "0.40", "1")
        assert (await served.bob.get("/portfolio/orders"))["orders"] == []
        assert (await served.bob.request("DELETE", f"{ORDERS}/{created['order_id']}"))[0] == 404

    run(scenario)


def test_order_groups_go_through_their_whole_life() -> None:
    async def scenario(served: Served) -> None:
        status, group = await served.ann.request("POST", "/portfolio/order_groups/create", body={"contracts_limit": 5})
        assert status == 201
        path = f"/portfolio/order_groups/{group['order_group_id']}"
        await served.ann.place(TICKER, "bid", "0.40", "9", order_group_id=group["order_group_id"])
        shown = await served.ann.get(path)
        assert (shown["contracts_limit_fp"], len(shown["orders"])) == ("5.00", 1)
        assert await served.ann.request("PUT", f"{path}/trigger", body={}) == (200, {})
        assert (await served.ann.get(path))["orders"] == []
        refused = await served.ann.place(TICKER, "bid", "0.40", "9", order_group_id=group["order_group_id"])
        assert (refused[0], refused[1]["error"]["code"]) == (409, "exceeded_order_group_risk_limit")
        assert await served.ann.request("PUT", f"{path}/reset") == (200, {})
        assert await served.ann.request("PUT", f"{path}/limit", body={"contracts_limit_fp": "7.50"}) == (200, {})
        (listed,) = (await served.ann.get("/portfolio/order_groups"))["order_groups"]
        assert (listed["id"], listed["contracts_limit_fp"]) == (group["order_group_id"], "7.50")
        assert await served.ann.request("DELETE", path) == (200, {})
        assert (await served.ann.request("GET", path))[0] == 404

    run(scenario)


def test_an_empty_bucket_answers_429_and_the_costs_are_those_that_are_published() -> None:
    async def scenario(served: Served) -> None:
        limits = await served.ann.get("/account/limits")
        capacity = limits["write"]["bucket_capacity"]
        assert (limits["usage_tier"], capacity) == ("basic", 100)
        costs = await served.ann.get("/account/endpoint_costs")
        cancel = {"method": "DELETE", "path": "/trade-api/v2/portfolio/events/orders/:order_id", "cost": 2}
        assert costs["default_cost"] == 10
        assert cancel in costs["endpoint_costs"]
        good = {"ticker": TICKER, "side": "bid", "price": "0.40", "count": "1"}
        status, _ = await served.ann.request("POST", f"{ORDERS}/batched", body={"orders": [good] * 11})
        assert status == 429
        statuses = [(await served.ann.place(TICKER, "bid", "0.40", "1"))[0] for _ in range(30)]
        assert statuses[:10] == [201] * 10
        assert 429 in statuses

    # Slowed down, so that the bucket does not refill while the test spends it.
    run(scenario, tier="basic", speed=0.001)


def test_a_paused_market_refuses_orders_with_409_but_lets_them_be_canceled() -> None:
    async def scenario(served: Served) -> None:
        _, created = await served.ann.place(TICKER, "bid", "0.40", "1")
        served.engine.change_phase(TICKER, MarketPhase.INACTIVE, served.exchange.clock.now())
        refused = await served.ann.place(TICKER, "bid", "0.40", "1")
        assert refused == (409, {"error": {"code": "trading_is_paused", "message": "trading is paused"}})
        assert (await served.ann.request("DELETE", f"{ORDERS}/{created['order_id']}"))[0] == 200

    run(scenario)


def test_a_pause_of_the_exchange_shows_in_its_status_and_in_its_refusals() -> None:
    async def scenario(served: Served) -> None:
        _, created = await served.ann.place(TICKER, "bid", "0.40", "1")
        path = f"{ORDERS}/{created['order_id']}"
        served.engine.change_trading(Trading.PAUSED, served.exchange.clock.now())
        status = await served.ann.get("/exchange/status")
        assert (status["exchange_active"], status["trading_active"]) == (True, False)
        assert (await served.ann.place(TICKER, "bid", "0.40", "1"))[1]["error"]["code"] == "trading_is_paused"
        served.engine.change_trading(Trading.HALTED, served.exchange.clock.now())
        status = await served.ann.get("/exchange/status")
        assert (status["exchange_active"], status["exchange_index_statuses"][0]["trading_active"]) == (False, False)
        for refused_path in (path, ORDERS):
            refused = await served.ann.request("DELETE", refused_path)
            assert refused == (409, {"error": {"code": "exchange_is_paused", "message": "exchange is paused"}})

    run(scenario)


def test_an_events_own_fees_show_on_the_event_and_in_the_changes() -> None:
    async def scenario(served: Served) -> None:
        assert "fee_multiplier_override" not in (await served.ann.get(f"/events/{EVENT}"))["event"]
        served.engine.override_fees(EVENT, None, Fraction(1, 2), served.exchange.clock.now())
        event = (await served.ann.get(f"/events/{EVENT}"))["event"]
        assert (event["fee_multiplier_override"], "fee_type_override" in event) == (0.5, False)
        (change,) = (await served.ann.get("/events/fee_changes", event_ticker=EVENT))["event_fee_changes"]
        assert (change["fee_type_override"], change["series_ticker"]) == (None, "KXNHLGAME")

    run(scenario)


def test_a_member_is_told_its_own_keys_and_what_they_may_do() -> None:
    async def scenario(served: Served) -> None:
        (key,) = (await served.ann.get("/api_keys"))["api_keys"]
        assert key["scopes"] == ["read", "write"]
        assert key["api_key_id"] == served.ann.headers("GET", "/")["KALSHI-ACCESS-KEY"]
        assert (await served.ann.request("GET", "/api_keys", headers={}))[0] == 401

    run(scenario)


@pytest.mark.parametrize(("scopes", "reads", "writes"), [(("read",), 200, 403), (("write::trade",), 403, 201)])
def test_a_key_does_only_what_its_scopes_allow(scopes: tuple[str, ...], reads: int, writes: int) -> None:
    async def scenario(served: Served) -> None:
        assert (await served.ann.request("GET", "/portfolio/orders"))[0] == reads
        assert (await served.ann.place(TICKER, "bid", "0.40", "1"))[0] == writes
        assert (await served.ann.request("GET", "/markets"))[0] == 200

    run(scenario, scopes=scopes)


@pytest.mark.parametrize(("pauses", "sessions"), [(False, ["00:00"]), (True, ["00:00", "05:00"])])
def test_the_schedule_has_a_thursday_in_two_parts_where_there_is_a_weekly_pause(
    pauses: bool, sessions: list[str]
) -> None:
    async def scenario(served: Served) -> None:
        served.engine.venue.habits = Habits(pauses_weekly=pauses)
        (hours,) = (await served.ann.get("/exchange/schedule"))["schedule"]["standard_hours"]
        assert [session["open_time"] for session in hours["thursday"]] == sessions
        assert hours["friday"] == [{"open_time": "00:00", "close_time": "00:00"}]

    run(scenario)


@pytest.mark.parametrize(
    ("action", "body"),
    [("amend", {"ticker": TICKER, "side": "bid", "price": "0.41", "count": "1"}), ("decrease", {"reduce_to": "1"})],
)
def test_a_subaccount_that_is_not_there_is_refused(action: str, body: dict[str, str]) -> None:
    async def scenario(served: Served) -> None:
        _, created = await served.ann.place(TICKER, "bid", "0.40", "2")
        path = f"{ORDERS}/{created['order_id']}/{action}"
        refused = await served.ann.request("POST", path, body=body, params={"subaccount": 7})
        assert (refused[0], refused[1]["error"]["details"]) == (400, "subaccount")
        assert (await served.ann.request("POST", path, body=body, params={"subaccount": 0}))[0] == 200

    run(scenario)


def test_a_settled_market_pays_and_shows_in_the_settlements() -> None:
    async def scenario(served: Served) -> None:
        await served.ann.place(TICKER, "bid", "0.47", "10")
        served.engine.determine(TICKER, ONE_DOLLAR, served.exchange.clock.now())
        assert (await served.ann.get(f"/markets/{TICKER}"))["market"]["status"] == "determined"
        served.engine.advance(at(3600))
        market = (await served.ann.get(f"/markets/{TICKER}"))["market"]
        assert (market["status"], market["result"], market["settlement_value_dollars"]) == (
            "finalized",
            "yes",
            "1.0000",
        )
        (row,) = (await served.ann.get("/portfolio/settlements"))["settlements"]
        assert (row["market_result"], row["yes_count_fp"], row["revenue"], row["value"]) == ("yes", "10.00", 1000, 100)
        assert (await served.ann.get("/portfolio/positions"))["market_positions"] == []
        settled = await served.ann.get("/portfolio/positions", settlement_status="settled")
        assert settled["market_positions"][0]["position_fp"] == "0.00"
        ledger = await served.ann.embedded("ledger")
        money = sum(account["cash"] for account in ledger["accounts"]) + ledger["house_cash"]
        assert money + ledger["fees_collected"] + ledger["collateral"] == ledger["deposited"]

    run(scenario)


def test_when_the_flow_has_ended_its_open_markets_are_closed() -> None:
    async def scenario(served: Served) -> None:
        served.drive()
        assert (await served.ann.embedded("clock"))["flow_exhausted"] is True
        statuses = {market["status"] for market in (await served.ann.get("/markets"))["markets"]}
        assert statuses == {"closed"}
        late = await served.ann.place(TICKER, "bid", "0.40", "1")
        assert (late[0], late[1]["error"]["code"]) == (409, "market_inactive")

    run(scenario, FlowScript().opened_market(TICKER))


def test_a_market_of_another_shard_is_canceled_by_its_ticker_not_by_the_id_alone() -> None:
    async def scenario(served: Served) -> None:
        _, created = await served.ann.place(TICKER, "bid", "0.40", "1")
        path = f"{ORDERS}/{created['order_id']}"
        assert (await served.ann.request("DELETE", path))[0] == 404
        assert (await served.ann.request("DELETE", path, params={"market_ticker": TICKER}))[0] == 200

    run(scenario, FlowScript().opened_market(TICKER, exchange_index=3).lasting())


def test_the_request_log_tells_who_did_what_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"

    async def scenario(served: Served) -> None:
        await served.ann.place(TICKER, "bid", "0.40", "1")
        await served.ann.request("GET", "/markets", params={"limit": 1}, headers={})
        socket = await served.ann.socket()
        await socket.command(1, "subscribe", channels=["trade"])
        await socket.until_type("subscribed")
        await socket.socket.close()

    run(scenario, request_log=path)
    text = path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    seen = [(line["method"], line["path"], line.get("status"), line["account"]) for line in lines]
    assert seen == [
        ("POST", f"/trade-api/v2{ORDERS}", 201, "ann"),
        ("GET", "/trade-api/v2/markets", 200, None),
        ("WS", "subscribe", None, "ann"),
    ]
    assert "SIGNATURE" not in text.upper()


@pytest.mark.parametrize("body", [b"\xff", b'{"ticker":"\xff"}', b"[]", b"{", b'{"orders":5}', b"null"])
@pytest.mark.parametrize("path", [ORDERS, f"{ORDERS}/batched", f"{ORDERS}/x/amend", "/portfolio/order_groups/create"])
def test_a_body_of_garbage_is_a_400_and_nothing_worse(body: bytes, path: str) -> None:
    async def scenario(served: Served) -> None:
        status, answer = await served.ann.request_bytes("POST", path, body)
        assert status == 400
        assert {"error", "code"} & set(answer)

    run(scenario)


@pytest.mark.parametrize("query", ["limit=x", "limit=0", "min_close_ts=²", "status=nonsense"])
def test_a_query_of_garbage_is_a_400_in_the_bare_shape(query: str) -> None:
    async def scenario(served: Served) -> None:
        name, _, value = query.partition("=")
        status, body = await served.ann.request("GET", "/markets", params={name: value})
        assert (status, set(body)) == (400, {"msg"})

    run(scenario)


def test_an_order_shows_its_expiry_and_its_group() -> None:
    async def scenario(served: Served) -> None:
        _, group = await served.ann.request("POST", "/portfolio/order_groups/create", body={"contracts_limit": 5})
        expires = int(NOON // 10**9) + 3600
        _, created = await served.ann.place(
            TICKER, "ask", "0.60", "1", expiration_time=expires, order_group_id=group["order_group_id"]
        )
        order = (await served.ann.get(f"/portfolio/orders/{created['order_id']}"))["order"]
        assert (order["order_group_id"], order["expiration_time"]) == (group["order_group_id"], "2026-11-22T13:00:00Z")
        assert (order["action"], order["side"], order["outcome_side"], order["book_side"]) == (
            "sell",
            "yes",
            "no",
            "ask",
        )
        path = f"/portfolio/orders/{created['order_id']}/queue_position"
        assert await served.ann.get(path) == {"queue_position_fp": "0.00"}
        assert (await served.ann.request("GET", "/portfolio/orders/unknown/queue_position"))[0] == 404
        assert (await served.ann.request("GET", "/portfolio/orders/unknown"))[0] == 404

    run(scenario)


def test_the_balance_counts_positions_at_the_last_price() -> None:
    async def scenario(served: Served) -> None:
        await served.ann.place(TICKER, "bid", "0.47", "10")
        await served.ann.place(OTHER, "ask", "0.45", "10")
        balance = await served.ann.get("/portfolio/balance")
        assert balance["portfolio_value"] == 470 + 550

    run(scenario)


def test_orders_fills_and_trades_are_filtered() -> None:
    async def scenario(served: Served) -> None:
        await served.ann.place(TICKER, "bid", "0.47", "1")
        await served.ann.place(OTHER, "bid", "0.40", "1")
        assert [o["ticker"] for o in (await served.ann.get("/portfolio/orders", ticker=OTHER))["orders"]] == [OTHER]
        assert len((await served.ann.get("/portfolio/orders", event_ticker=EVENT))["orders"]) == 2
        for path, name in (
            ("/portfolio/orders", "orders"),
            ("/portfolio/fills", "fills"),
            ("/markets/trades", "trades"),
        ):
            assert (await served.ann.get(path, min_ts=int(NOON // 10**9) + 9_999))[name] == []
            assert (await served.ann.get(path, max_ts=int(NOON // 10**9) - 1))[name] == []
        assert (await served.ann.get("/portfolio/fills", ticker=OTHER))["fills"] == []
        bad = await served.ann.request("GET", "/portfolio/orders", params={"status": "pending"})
        assert bad[0] == 400

    run(scenario)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"reduce_by": "x"}, "invalid_order_size"),
        ({"reduce_to": "x"}, "invalid_order_size"),
        ({"reduce_to": "99"}, "invalid_order_size"),
        ({}, "invalid_parameters"),
    ],
)
def test_each_bad_decrease_has_its_code(body: dict[str, str], code: str) -> None:
    async def scenario(served: Served) -> None:
        _, created = await served.ann.place(TICKER, "bid", "0.40", "10")
        answer = await served.ann.request("POST", f"{ORDERS}/{created['order_id']}/decrease", body=body)
        assert (answer[0], answer[1]["error"]["code"]) == (400, code)

    run(scenario)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"side": "ask"}, "order_side_mismatch"),
        ({"ticker": OTHER}, "order_ticker_mismatch"),
        ({"client_order_id": "other"}, "order_id_and_client_order_id_mismatch"),
        ({"price": "x"}, "invalid_price"),
        ({"count": "x"}, "invalid_order_size"),
        ({"updated_client_order_id": "a b"}, "invalid_parameters"),
        ({"price": None}, "missing_parameters"),
    ],
)
def test_each_bad_amend_has_its_code(changes: dict[str, str], code: str) -> None:
    async def scenario(served: Served) -> None:
        _, created = await served.ann.place(TICKER, "bid", "0.40", "10", client_order_id="mine")
        terms = {"ticker": TICKER, "side": "bid", "price": "0.41", "count": "10", **changes}
        answer = await served.ann.request("POST", f"{ORDERS}/{created['order_id']}/amend", body=terms)
        assert (answer[0], answer[1]["error"]["code"]) == (400, code)

    run(scenario)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing_parameters"),
        ({"contracts_limit": 5, "contracts_limit_fp": "6.00"}, "invalid_parameters"),
        ({"contracts_limit_fp": "x"}, "invalid_parameters"),
        ({"contracts_limit": 0}, "invalid_parameters"),
        ({"contracts_limit": 5, "subaccount": 1}, "invalid_parameters"),
    ],
)
def test_each_bad_group_has_its_code(body: dict[str, Any], code: str) -> None:
    async def scenario(served: Served) -> None:
        answer = await served.ann.request("POST", "/portfolio/order_groups/create", body=body)
        assert (answer[0], answer[1]["error"]["code"]) == (400, code)

    run(scenario)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/series/fee_changes", {"series_fee_change_arr": []}),
        ("/events/fee_changes", {"event_fee_changes": [], "cursor": ""}),
    ],
)
def test_fees_never_change(path: str, body: dict[str, Any]) -> None:
    async def scenario(served: Served) -> None:
        assert await served.ann.get(path) == body

    run(scenario)


def test_what_does_not_exist_is_a_404_and_a_trailing_slash_is_sent_on() -> None:
    async def scenario(served: Served) -> None:
        for path in ("/markets/NOBODY", "/markets/NOBODY/orderbook", "/events/NOBODY", "/series/NOBODY"):
            assert (await served.ann.request("GET", path))[0] == 404
        assert (await served.ann.request("PATCH", "/markets"))[0] == 405
        headers = served.ann.headers("GET", "/trade-api/v2/markets/")
        assert (await served.ann.status("GET", "/markets/", headers)) == 301

    run(scenario)


def test_settling_and_phases_come_from_the_flow() -> None:
    script = FlowScript().opened_market(TICKER)
    script.then(0, ChangePhase(TICKER, MarketPhase.CLOSED)).then(0, Settle(TICKER, cents(50)))

    async def scenario(served: Served) -> None:
        market = (await served.ann.get(f"/markets/{TICKER}"))["market"]
        assert (market["status"], market["result"]) == ("determined", "scalar")
        assert served.engine.now >= NOON

    run(scenario, script)
