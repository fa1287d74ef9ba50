"""A fault file given to the exchange's process, and clients of other makers that meet its faults."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from tests.exchange.signing_client import API, WAIT_S, WS_PATH, SigningClient
from tests.exchange.test_service import refused, started

Blocking = Callable[[SigningClient, dict[str, Any]], None]


def serve(path: Path, faults: str, scenario: Blocking) -> None:
    """Run an exchange process with this fault file, and a scenario of blocking clients in a thread beside it."""
    path.write_text(faults)

    async def served() -> None:
        options = ("--scenario", "quiet", "--key-type", "ed25519", "--faults", str(path))
        async with started(*options) as (_, ready):
            origin = ready["rest_url"].removesuffix(API)
            async with SigningClient(origin, ready["api_key_id"], ready["private_key_pem"]) as signer:
                await asyncio.to_thread(scenario, signer, ready)

    asyncio.run(served())


def create(signer: SigningClient, ready: dict[str, Any], client_order_id: str) -> requests.Response:
    body = {
        "ticker": ready["markets"][0],
        "side": "bid",
        "price": "0.0100",
        "count": "1.00",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        "client_order_id": client_order_id,
    }
    path = "/portfolio/events/orders"
    headers = signer.headers("POST", API + path)
    return requests.post(f"{ready['rest_url']}{path}", json=body, headers=headers, timeout=WAIT_S)


def test_requests_finds_the_order_whose_answer_was_lost(tmp_path: Path) -> None:
    def scenario(signer: SigningClient, ready: dict[str, Any]) -> None:
        with pytest.raises(requests.ConnectionError):
            create(signer, ready, "lost")
        again = create(signer, ready, "lost")
        assert (again.status_code, again.json()["error"]["code"]) == (409, "order_already_exists")

    serve(tmp_path / "faults.yaml", "faults:\n  - {on: create, do: reset_after, count: 1}\n", scenario)


def test_requests_times_out_on_a_hanging_call(tmp_path: Path) -> None:
    def scenario(signer: SigningClient, ready: dict[str, Any]) -> None:
        headers = signer.headers("GET", f"{API}/portfolio/balance")
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{ready['rest_url']}/portfolio/balance", headers=headers, timeout=0.3)

    serve(tmp_path / "faults.yaml", "faults:\n  - {on: balance, do: hang, hang_s: 30}\n", scenario)


ENDINGS = """
faults:
  - {on: socket, do: mute, count: 1}
  - {on: socket, do: disconnect_reset, count: 1}
  - {on: socket, do: disconnect, count: 1}
"""


def test_websocket_client_meets_a_mute_a_reset_and_a_closed_connection_and_then_a_good_one(tmp_path: Path) -> None:
    def connected(signer: SigningClient, ready: dict[str, Any]) -> websocket.WebSocket:
        socket = websocket.create_connection(
            ready["ws_url"], header=signer.headers("GET", WS_PATH), timeout=WAIT_S, http_no_proxy=["*"]
        )
        params = {"channels": ["orderbook_delta"], "market_tickers": ready["markets"][:1]}
        socket.send(json.dumps({"id": 1, "cmd": "subscribe", "params": params}))
        assert json.loads(socket.recv())["type"] == "subscribed"
        return socket

    def scenario(signer: SigningClient, ready: dict[str, Any]) -> None:
        mute = connected(signer, ready)
        mute.settimeout(0.3)
        mute.ping("anyone?")
        with pytest.raises(websocket.WebSocketTimeoutException):
            mute.recv_data(control_frame=True)
        reset = connected(signer, ready)
        with pytest.raises(ConnectionResetError):
            reset.recv()
        closed = connected(signer, ready)
        with pytest.raises(websocket.WebSocketConnectionClosedException):
            closed.recv()
        good = connected(signer, ready)
        assert json.loads(good.recv())["type"] == "orderbook_snapshot"
        for socket in (mute, reset, closed, good):
            socket.shutdown()

    serve(tmp_path / "faults.yaml", ENDINGS, scenario)


@pytest.mark.parametrize("text", [None, "faults:\n  - {on: creat, do: hang}\n"])
def test_a_fault_file_that_cannot_be_used_is_one_line_and_exit_code_2(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    if text is not None:
        path.write_text(text)
    code, said = asyncio.run(refused("--faults", str(path)))
    assert code == 2
    assert said.startswith(f"edgelock exchange: faults {path}:")
    assert said.count("\n") == 1
