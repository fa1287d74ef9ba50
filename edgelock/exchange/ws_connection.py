"""One WebSocket connection: moves frames between a socket and its session, and keeps the connection alive."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from aiohttp import ClientConnectionResetError, WSMsgType, web

from edgelock.exchange.ws_broadcast import Broadcast
from edgelock.exchange.ws_session import Session

PING_EVERY_S = 10
PING_PAYLOAD = b"heartbeat"


async def serve_connection(
    socket: web.WebSocketResponse,
    session: Session,
    broadcast: Broadcast,
    log_command: Callable[[str | None], None],
) -> None:
    """Serve until the client leaves or the socket is closed."""
    frames_wait = asyncio.Event()
    broadcast.join(session, frames_wait.set)
    sender = asyncio.create_task(_send_frames(socket, session, frames_wait))
    pinger = asyncio.create_task(_ping(socket))
    try:
        async for message in socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                broadcast.flush()
                log_command(session.receive(message.data))
                frames_wait.set()
    finally:
        broadcast.leave(session)
        for task in (sender, pinger):
            task.cancel()
        await asyncio.gather(sender, pinger, return_exceptions=True)


async def _send_frames(socket: web.WebSocketResponse, session: Session, frames_wait: asyncio.Event) -> None:
    with suppress(ClientConnectionResetError):
        while True:
            await frames_wait.wait()
            frames_wait.clear()
            while session.outbox:
                await socket.send_frame(session.outbox.popleft(), WSMsgType.TEXT)


async def _ping(socket: web.WebSocketResponse) -> None:
    with suppress(ClientConnectionResetError):
        while True:
            await asyncio.sleep(PING_EVERY_S)
            await socket.ping(PING_PAYLOAD)
