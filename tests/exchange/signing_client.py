"""A client of the embedded exchange that signs for itself: the tests share no code with the bot's own client."""

import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import aiohttp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

API = "/trade-api/v2"
WS_PATH = "/trade-api/ws/v2"
WAIT_S = 20


class SigningClient:
    """Signs and sends; `request` returns (status, decoded body)."""

    def __init__(self, origin: str, key_id: str, private_pem: str) -> None:
        self._origin = origin
        self._key_id = key_id
        self._key = serialization.load_pem_private_key(private_pem.encode(), password=None)
        self._http = aiohttp.ClientSession()

    async def __aenter__(self) -> "SigningClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    @property
    def origin(self) -> str:
        return self._origin

    def headers(self, method: str, path: str, *, skew_ms: int = 0) -> dict[str, str]:
        stamp = str(time.time_ns() // 1_000_000 + skew_ms)
        text = f"{stamp}{method}{path}".encode()
        if isinstance(self._key, Ed25519PrivateKey):
            signature = self._key.sign(text)
        else:
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
            signature = self._key.sign(text, pss, hashes.SHA256())
        return {
            "KALSHI-ACCESS-KEY": self._key_id,
            "KALSHI-ACCESS-TIMESTAMP": stamp,
            "KALSHI-ACCESS-SIGNATURE": base64.b64encode(signature).decode(),
        }

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        params: Any = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        signed = self.headers(method, API + path) if headers is None else headers
        async with self._http.request(
            method, f"{self._origin}{API}{path}", json=body, params=params, headers=signed, allow_redirects=False
        ) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None

    async def request_bytes(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """Send a body that is whatever it is, declared as JSON."""
        headers = {**self.headers(method, API + path), "Content-Type": "application/json"}
        async with self._http.request(method, f"{self._origin}{API}{path}", data=body, headers=headers) as response:
            return response.status, json.loads(await response.text())

    async def status(self, method: str, path: str, headers: dict[str, str]) -> int:
        """Only the status, of an answer that need not be JSON."""
        url = f"{self._origin}{API}{path}"
        async with self._http.request(method, url, headers=headers, allow_redirects=False) as response:
            return response.status

    async def get(self, path: str, **params: Any) -> Any:
        status, body = await self.request("GET", path, params=params)
        assert status == 200, body
        return body

    async def embedded(self, path: str) -> Any:
        async with self._http.get(f"{self._origin}/embedded/{path}") as response:
            return await response.json()

    async def raw(self, method: str, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body of an answer that need not be JSON."""
        async with self._http.request(
            method, f"{self._origin}{API}{path}", headers=self.headers(method, API + path)
        ) as response:
            return response.status, response.content_type, await response.read()

    @asynccontextmanager
    async def opened(self, method: str, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer whose body has not been read; leaving closes its connection."""
        headers = self.headers(method, API + path)
        async with self._http.request(method, f"{self._origin}{API}{path}", headers=headers) as response:
            yield response
            response.close()

    async def date(self, path: str) -> str:
        """The Date header of a public answer."""
        async with self._http.get(f"{self._origin}{API}{path}") as response:
            return response.headers["Date"]

    async def faults(self, method: str, schedule: object = None) -> tuple[int, Any]:
        """The control endpoint of the fault menu."""
        async with self._http.request(method, f"{self._origin}/embedded/faults", json=schedule) as response:
            return response.status, await response.json()

    async def place(self, ticker: str, side: str, price: str, count: str, **fields: Any) -> tuple[int, Any]:
        body = {
            "ticker": ticker,
            "side": side,
            "price": price,
            "count": count,
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
            **fields,
        }
        return await self.request("POST", "/portfolio/events/orders", body=body)

    async def socket(self, headers: dict[str, str] | None = None) -> "FrameReader":
        signed = self.headers("GET", WS_PATH) if headers is None else headers
        return FrameReader(await self._http.ws_connect(f"{self._origin}{WS_PATH}", headers=signed, autoping=True))


class FrameReader:
    """A socket whose frames can be waited for; `seen` keeps all of them, in order."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.seen: list[Any] = []

    async def command(self, command_id: int, cmd: str, **params: Any) -> None:
        await self.socket.send_json({"id": command_id, "cmd": cmd, "params": params})

    async def next(self) -> Any:
        frame = json.loads(await self.socket.receive_str(timeout=WAIT_S))
        self.seen.append(frame)
        return frame

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        while True:
            frame = await self.next()
            if wanted(frame):
                return frame

    async def until_type(self, frame_type: str) -> Any:
        return await self.until(lambda frame: frame["type"] == frame_type)
