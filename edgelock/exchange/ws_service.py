"""The sockets of the exchange: who may connect, and every connection until its end."""

import asyncio

from aiohttp import web

from edgelock.exchange.exchange_parts import Exchange
from edgelock.exchange.faults_delivery import Delivery, close_connection, deliver, delivery, wait_before_applying_ms
from edgelock.exchange.faults_frames import FrameFaults
from edgelock.exchange.faults_rest_kinds import Delay
from edgelock.exchange.faults_schedule import Occasion, Strike
from edgelock.exchange.faults_targets import CONNECT
from edgelock.exchange.request_log import fault_line, instant
from edgelock.exchange.rest_errors import flat
from edgelock.exchange.rest_service import fault_of_call, response
from edgelock.exchange.signature_check import Unsigned
from edgelock.exchange.wire_text import rfc3339
from edgelock.exchange.ws_connection import serve_connection
from edgelock.exchange.ws_session import Outgoing, Session

CLOSE_WAIT_S = 0.1
"""How long a client has to answer a close frame."""


class SocketService:
    """All open sockets of one exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._open: set[web.WebSocketResponse] = set()

    async def close_all(self) -> None:
        """Close every connection; one that does not answer, or does not even read, must not hold up the end."""
        closing = [asyncio.create_task(socket.close()) for socket in self._open]
        if closing:
            await asyncio.wait(closing, timeout=CLOSE_WAIT_S)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from its handshake to its end."""
        signed_by = self._exchange.signed_by(request)
        struck = await self._struck(request, None if isinstance(signed_by, Unsigned) else signed_by.account_id)
        if struck is not None:
            return struck
        if isinstance(signed_by, Unsigned):
            return response(flat(401, "token_authentication_failure", signed_by.value))
        socket = web.WebSocketResponse(compress=False, autoping=False, timeout=CLOSE_WAIT_S)
        await socket.prepare(request)
        self._open.add(socket)
        try:
            await self._talk(request, socket, signed_by.account_id)
        finally:
            self._open.discard(socket)
        return socket

    async def _talk(self, request: web.Request, socket: web.WebSocketResponse, account_id: str) -> None:
        exchange = self._exchange
        frames_wait = asyncio.Event()

        def log_command(name: str | None) -> None:
            exchange.log.command(rfc3339(exchange.clock.now()), name, account_id)

        def log_strike(strike: Strike, outgoing: Outgoing) -> None:
            at = instant(exchange.clock.now())
            exchange.log.frame(at, account_id, outgoing.frame_type, outgoing.ticker, fault_line(strike))

        faults = FrameFaults(
            exchange.faults,
            account_id,
            struck=log_strike,
            later=asyncio.get_running_loop().call_later,
            wake=frames_wait.set,
        )
        await serve_connection(
            socket,
            Session(account_id, exchange.broadcast.views, exchange.clock.now, gate=faults),
            faults,
            exchange.broadcast,
            frames_wait,
            log_command,
            lambda is_reset: close_connection(request, is_reset=is_reset),
        )

    async def _struck(self, request: web.Request, account_id: str | None) -> web.StreamResponse | None:
        """What a fault makes of a handshake; None when it may go on, be it late."""
        exchange = self._exchange
        received = instant(exchange.clock.now())
        strike = exchange.faults.strike(Occasion(CONNECT, (), account_id))
        if strike is None:
            return None
        held_ms = wait_before_applying_ms(strike)
        going_out = delivery(strike, Delivery(status=None), {})
        exchange.log.connection(received, going_out.status, account_id, fault_of_call(strike, going_out, held_ms))
        if isinstance(strike.rule.fault, Delay):
            await asyncio.sleep((held_ms + going_out.wait_ms) / 1000)
            return None
        return await deliver(request, going_out)
