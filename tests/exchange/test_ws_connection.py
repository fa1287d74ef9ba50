"""The socket itself: who may connect, what arrives, and that it ends."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.exchange.engine_builders import TICKER, FlowScript
from tests.exchange.served import Served, serving
from tests.exchange.signing_client import WAIT_S


def run(scenario: Callable[[Served], Awaitable[None]], **options: Any) -> None:
    async def served() -> None:
        async with serving(FlowScript().opened_market(TICKER).lasting().flow(), **options) as exchange:
            await scenario(exchange)

    asyncio.run(served())


@pytest.mark.parametrize("headers", [{}, {"KALSHI-ACCESS-KEY": "someone", "KALSHI-ACCESS-SIGNATURE": "AAAA"}])
def test_a_connection_without_a_good_signature_is_refused(headers: dict[str, str]) -> None:
    async def scenario(served: Served) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await served.ann.socket(headers=headers)
        assert refused.value.status == 401

    run(scenario)


@pytest.mark.parametrize("key_type", ["rsa", "ed25519"])
def test_the_book_kept_from_frames_is_the_book_that_rest_shows(key_type: str) -> None:
    async def scenario(served: Served) -> None:
        reader = await served.bob.socket()
        await reader.command(1, "subscribe", channels=["orderbook_delta"], market_tickers=[TICKER], use_yes_price=False)
        await reader.until_type("orderbook_snapshot")
        for price in ("0.40", "0.41", "0.47"):
            await served.ann.place(TICKER, "bid", price, "120")
        await served.ann.request("DELETE", "/portfolio/events/orders")
        await served.ann.place(TICKER, "ask", "0.49", "1.25", client_order_id="last")
        await reader.until(lambda frame: frame["msg"].get("price_dollars") == "0.5100")
        book = (await served.ann.get(f"/markets/{TICKER}/orderbook"))["orderbook_fp"]
        legs: dict[str, dict[str, float]] = {"yes": {}, "no": {}}
        for frame in reader.seen[1:]:
            msg = frame["msg"]
            if frame["type"] == "orderbook_snapshot":
                legs = {leg: {p: float(s) for p, s in msg.get(f"{leg}_dollars_fp", [])} for leg in legs}
            else:
                level = legs[msg["side"]]
                level[msg["price_dollars"]] = level.get(msg["price_dollars"], 0) + float(msg["delta_fp"])
        shown = {leg: {price: float(size) for price, size in book[f"{leg}_dollars"]} for leg in legs}
        assert {leg: {p: s for p, s in levels.items() if s} for leg, levels in legs.items()} == shown
        assert [frame["seq"] for frame in reader.seen[1:]] == list(range(1, len(reader.seen)))
        assert all("client_order_id" not in frame["msg"] for frame in reader.seen[1:])
        await reader.socket.close()

    run(scenario, key_type=key_type)


def test_every_frame_is_a_text_frame_that_ends_with_a_newline() -> None:
    async def scenario(served: Served) -> None:
        reader = await served.ann.socket()
        await reader.command(1, "subscribe", channels=["ticker"], market_ticker=TICKER, send_initial_snapshot=True)
        for _ in range(2):
            message = await reader.socket.receive(timeout=WAIT_S)
            assert message.type is aiohttp.WSMsgType.TEXT
            assert message.data.endswith("}\n")
        await reader.socket.close()

    run(scenario)


def test_fill_and_order_news_of_a_maker_reach_its_socket() -> None:
    async def scenario(served: Served) -> None:
        reader = await served.ann.socket()
        await reader.command(1, "subscribe", channels=["fill", "user_orders", "market_positions"])
        for _ in range(3):
            await reader.until_type("subscribed")
        await served.ann.place(TICKER, "bid", "0.46", "5", client_order_id="resting")
        placed = await reader.until_type("user_order")
        assert (placed["msg"]["status"], placed["msg"]["remaining_count_fp"]) == ("resting", "5.00")
        await served.bob.place(TICKER, "ask", "0.46", "2")
        fill = await reader.until_type("fill")
        assert (fill["msg"]["is_taker"], fill["msg"]["post_position_fp"]) == (False, "2.00")
        assert (fill["msg"]["book_side"], fill["msg"]["purchased_side"]) == ("bid", "yes")
        updated = await reader.until_type("user_order")
        assert (updated["msg"]["fill_count_fp"], updated["msg"]["last_update_reason"]) == ("2.00", "Trade")
        await reader.socket.close()

    run(scenario)


def test_a_socket_that_vanishes_without_a_close_leaves_the_exchange_serving_the_others() -> None:
    async def scenario(served: Served) -> None:
        gone, stays = await served.ann.socket(), await served.bob.socket()
        for reader in (gone, stays):
            await reader.command(1, "subscribe", channels=["trade"])
            await reader.until_type("subscribed")
        gone.socket.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        await served.ann.place(TICKER, "bid", "0.47", "1")
        trade = await stays.until_type("trade")
        assert trade["msg"]["count_fp"] == "1.00"
        await gone.socket.close()
        await stays.socket.close()

    run(scenario)


def test_stopping_the_exchange_closes_its_sockets() -> None:
    async def scenario() -> None:
        async with serving(FlowScript().opened_market(TICKER).lasting().flow()) as served:
            reader = await served.ann.socket()
            await reader.command(1, "subscribe", channels=["trade"])
            await reader.until_type("subscribed")
            closing = asyncio.create_task(reader.socket.receive(timeout=WAIT_S))
        message = await closing
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING)

    asyncio.run(scenario())
