"""Faults of sockets, on real ones: frames lost, twice, late, wrong; connections that fall silent or end."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from edgelock.exchange.flow import ChangePhase, MarketPhase
from tests.exchange.engine_builders import EVENT, TICKER, FlowScript
from tests.exchange.served import Served, serving
from tests.exchange.signing_client import WAIT_S, FrameReader

OTHER = f"{EVENT}-MIN"
BOOK = {"channels": ["orderbook_delta"], "market_tickers": [TICKER], "use_yes_price": True}


def run(
    scenario: Callable[[Served, FrameReader], Awaitable[None]],
    fault: dict[str, Any],
    subscription: dict[str, Any] | None = None,
) -> None:
    """Serve one open market with this fault in force, and hand a socket with a subscription to the scenario."""

    async def served() -> None:
        async with serving(FlowScript().opened_market(TICKER).opened_market(OTHER).lasting().flow()) as exchange:
            status, report = await exchange.ann.faults("POST", {"seed": 7, "faults": [fault]})
            assert status == 200, report
            reader = await exchange.ann.socket()
            if subscription is not None:
                await reader.command(1, "subscribe", **subscription)
            await scenario(exchange, reader)
            await reader.socket.close()

    asyncio.run(served())


async def bids(served: Served, *prices: str) -> None:
    for price in prices:
        status, body = await served.bob.place(TICKER, "bid", price, "1")
        assert status == 201, body


async def deltas(reader: FrameReader, number: int) -> list[Any]:
    return [await reader.until_type("orderbook_delta") for _ in range(number)]


def told(frames: list[Any]) -> list[tuple[int, str]]:
    return [(frame["seq"], frame["msg"]["price_dollars"]) for frame in frames]


ONCE_ON_DELTAS = {"on": "orderbook_delta", "frame": "orderbook_delta", "count": 1}


def test_a_dropped_frame_leaves_a_gap_in_the_numbers() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await bids(served, "0.10", "0.11")
        assert told(await deltas(reader, 1)) == [(3, "0.1100")]

    run(scenario, ONCE_ON_DELTAS | {"do": "drop"}, BOOK)


def test_a_skipped_number_loses_no_frame() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await bids(served, "0.10", "0.11")
        assert told(await deltas(reader, 2)) == [(5, "0.1000"), (6, "0.1100")]

    run(scenario, ONCE_ON_DELTAS | {"do": "skip_seq", "by": 3}, BOOK)


@pytest.mark.parametrize(("kind", "numbers"), [("duplicate", [2, 2, 3]), ("repeat", [2, 3, 4])])
def test_a_frame_comes_twice_under_one_number_or_two(kind: str, numbers: list[int]) -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await bids(served, "0.10", "0.11")
        prices = ["0.1000", "0.1000", "0.1100"]
        assert told(await deltas(reader, 3)) == list(zip(numbers, prices, strict=True))

    run(scenario, ONCE_ON_DELTAS | {"do": kind}, BOOK)


def test_two_frames_change_places() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await bids(served, "0.10", "0.11", "0.12")
        assert [seq for seq, _ in told(await deltas(reader, 3))] == [3, 2, 4]

    run(scenario, ONCE_ON_DELTAS | {"do": "reorder"}, BOOK)


def test_a_late_frame_comes_after_what_happened_since() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await bids(served, "0.10", "0.11")
        assert [seq for seq, _ in told(await deltas(reader, 2))] == [3, 2]

    run(scenario, ONCE_ON_DELTAS | {"do": "late", "delay_ms": 300}, BOOK)


def test_a_late_snapshot_comes_after_its_deltas() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await reader.until_type("subscribed")
        await bids(served, "0.10")
        assert [(await reader.next())["type"] for _ in range(2)] == ["orderbook_delta", "orderbook_snapshot"]

    fault = {"on": "orderbook_delta", "frame": "orderbook_snapshot", "do": "late", "delay_ms": 300}
    run(scenario, fault, BOOK)


def test_a_lost_fill_has_its_order_and_position_told_all_the_same() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await served.ann.place(TICKER, "bid", "0.47", "1")
        await reader.until(lambda _: {"user_order", "market_position"} <= {frame["type"] for frame in reader.seen})
        await reader.command(2, "list_subscriptions")
        await reader.until_type("ok")
        assert "fill" not in {frame["type"] for frame in reader.seen}

    run(scenario, {"on": "fill", "do": "drop"}, {"channels": ["fill", "user_orders", "market_positions"]})


def test_a_frozen_channel_goes_on_answering_commands_and_comes_back() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await bids(served, "0.10", "0.11")
        await reader.command(2, "list_subscriptions")
        await reader.until_type("ok")
        assert "orderbook_delta" not in {frame["type"] for frame in reader.seen}
        while True:
            await bids(served, "0.12")
            await reader.command(3, "list_subscriptions")
            frame = await reader.until(lambda frame: frame["type"] in ("ok", "orderbook_delta"))
            if frame["type"] == "orderbook_delta":
                break
        assert frame["seq"] > 3

    run(scenario, ONCE_ON_DELTAS | {"do": "freeze", "hold_s": 0.2}, BOOK)


def test_a_mute_connection_answers_no_command() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await reader.until_type("orderbook_snapshot")
        await bids(served, "0.10")
        await reader.command(2, "list_subscriptions")
        other = await served.ann.socket()
        await other.command(1, "list_subscriptions")
        await other.until_type("ok")
        with pytest.raises(TimeoutError):
            await reader.socket.receive(timeout=0.2)
        await other.socket.close()

    run(scenario, ONCE_ON_DELTAS | {"do": "mute"}, BOOK)


@pytest.mark.parametrize(("more", "code"), [({"do": "disconnect"}, 1006), ({"do": "disconnect", "code": 1001}, 1001)])
def test_a_connection_ends_with_or_without_a_close_frame(more: dict[str, Any], code: int) -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await reader.until_type("orderbook_snapshot")
        await bids(served, "0.10")
        message = await reader.socket.receive(timeout=WAIT_S)
        assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
        assert reader.socket.close_code == code

    run(scenario, ONCE_ON_DELTAS | more, BOOK)


def test_a_reset_connection_is_an_error_on_the_client() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await reader.until_type("orderbook_snapshot")
        await bids(served, "0.10")
        message = await reader.socket.receive(timeout=WAIT_S)
        assert message.type in (WSMsgType.ERROR, WSMsgType.CLOSED)
        assert reader.socket.close_code == 1006

    run(scenario, ONCE_ON_DELTAS | {"do": "disconnect_reset"}, BOOK)


def test_an_error_frame_ends_the_subscription_and_the_socket_lives_on() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await bids(served, "0.10", "0.11")
        frame = await reader.until_type("error")
        assert (frame["sid"], frame["msg"]["code"]) == (1, 10)
        await reader.command(2, "list_subscriptions")
        assert (await reader.until_type("ok"))["msg"] == []

    run(scenario, ONCE_ON_DELTAS | {"do": "error", "code": 10}, BOOK)


@pytest.mark.parametrize("how", ["truncated", "not_json"])
def test_a_garbled_frame_is_text_that_is_no_json(how: str) -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await reader.until_type("orderbook_snapshot")
        await bids(served, "0.10")
        with pytest.raises(json.JSONDecodeError):
            await reader.next()

    run(scenario, ONCE_ON_DELTAS | {"do": "garble", "how": how}, BOOK)


def test_a_frame_that_is_no_text_ends_the_connection_on_the_client() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await reader.until_type("orderbook_snapshot")
        await bids(served, "0.10")
        assert (await reader.socket.receive(timeout=WAIT_S)).type is WSMsgType.ERROR

    run(scenario, ONCE_ON_DELTAS | {"do": "garble", "how": "not_text"}, BOOK)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("missing_field", {}),
        ("renamed_field", {"delta_fp_v3": "1.00"}),
        ("null_field", {"delta_fp": None}),
        ("retyped_field", {"delta_fp": 1}),
        ("scaled_field", {"delta_fp": "100.00"}),
    ],
)
def test_a_field_of_a_message_is_wrong(kind: str, shown: dict[str, Any]) -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await bids(served, "0.10")
        (frame,) = await deltas(reader, 1)
        assert {name: value for name, value in frame["msg"].items() if name.startswith("delta_fp")} == shown
        assert frame["msg"]["market_ticker"] == TICKER

    run(scenario, ONCE_ON_DELTAS | {"do": kind, "field": "delta_fp"}, BOOK)


def test_a_field_of_a_message_has_another_value() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await bids(served, "0.10")
        (frame,) = await deltas(reader, 1)
        assert frame["msg"]["side"] == "maybe"

    run(scenario, ONCE_ON_DELTAS | {"do": "replaced_field", "field": "side", "value": "maybe"}, BOOK)


def test_no_prices_come_on_the_scale_that_was_not_asked_for() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        snapshot = await reader.until_type("orderbook_snapshot")
        assert snapshot["msg"]["no_dollars_fp"] == [["0.5300", "100.00"]]
        assert snapshot["msg"]["yes_dollars_fp"] == [["0.4500", "100.00"]]
        await served.bob.place(TICKER, "ask", "0.60", "1")
        assert told(await deltas(reader, 1)) == [(2, "0.4000")]

    run(scenario, {"on": "orderbook_delta", "do": "wrong_scale"}, BOOK)


def test_a_bid_that_nobody_made_crosses_the_book() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await bids(served, "0.10")
        assert told(await deltas(reader, 2)) == [(2, "0.1000"), (3, "0.9900")]

    run(scenario, ONCE_ON_DELTAS | {"do": "crossed_book"}, BOOK)


def test_a_subscription_is_never_confirmed() -> None:
    async def scenario(_: Served, reader: FrameReader) -> None:
        assert (await reader.next())["type"] == "orderbook_snapshot"

    run(scenario, {"on": "orderbook_delta", "do": "drop", "frame": "subscribed"}, BOOK)


def test_a_fault_without_a_frame_leaves_the_confirmation_alone() -> None:
    async def scenario(_: Served, reader: FrameReader) -> None:
        assert (await reader.next())["type"] == "subscribed"

    run(scenario, {"on": "socket", "do": "drop"}, BOOK)


def test_a_fault_on_one_market_leaves_the_other_channels_and_accounts_alone() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        others = await served.bob.socket()
        await others.command(1, "subscribe", **BOOK)
        await others.until_type("orderbook_snapshot")
        await bids(served, "0.10")
        assert told(await deltas(others, 1)) == [(2, "0.1000")]
        assert (await reader.next())["type"] == "subscribed"
        await reader.command(2, "list_subscriptions")
        assert (await reader.next())["type"] == "ok"
        await others.socket.close()

    run(scenario, {"on": "socket", "do": "drop", "ticker": TICKER, "account": "ann"}, BOOK)


def test_the_life_of_one_market_is_lost_and_that_of_the_other_is_told() -> None:
    async def scenario(served: Served, reader: FrameReader) -> None:
        await reader.until_type("subscribed")
        for ticker in (TICKER, OTHER):
            served.exchange.driver.intervene(ChangePhase(ticker, MarketPhase.INACTIVE))
        assert (await reader.next())["msg"]["market_ticker"] == OTHER

    fault = {"on": "market_lifecycle_v2", "do": "drop", "ticker": TICKER}
    run(scenario, fault, {"channels": ["market_lifecycle_v2"]})


@pytest.mark.parametrize("status", [401, 429, 502])
def test_a_handshake_is_refused(status: int) -> None:
    async def scenario(served: Served, _: FrameReader) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await served.ann.socket()
        assert refused.value.status == status
        await (await served.ann.socket()).socket.close()

    run(scenario, {"on": "connect", "do": "status", "status": status, "skip": 1, "count": 1})


@pytest.mark.parametrize("kind", ["drop_before", "reset_before"])
def test_a_handshake_gets_no_answer(kind: str) -> None:
    async def scenario(served: Served, _: FrameReader) -> None:
        with pytest.raises(aiohttp.ClientConnectionError):
            await served.ann.socket()

    run(scenario, {"on": "connect", "do": kind, "skip": 1})


def test_a_handshake_is_late() -> None:
    async def scenario(_: Served, reader: FrameReader) -> None:
        await reader.command(1, "list_subscriptions")
        await reader.until_type("ok")

    run(scenario, {"on": "connect", "do": "delay", "delay_ms": 20})
