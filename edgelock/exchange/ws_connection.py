"""One WebSocket connection: moves frames between a socket and its session, and keeps the connection alive."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from aiohttp import ClientConnectionResetError, WSMsgType, web

from edgelock.exchange.faults_frames import FrameFaults
from edgelock.exchange.ws_broadcast import Broadcast
from edgelock.exchange.ws_session import Session

PING_EVERY_S = 10
PING_PAYLOAD = b"heartbeat"


async def serve_connection(
    socket: web.WebSocketResponse,
    session: Session,
    faults: FrameFaults,
    broadcast: Broadcast,
    frames_wait: asyncio.Event,
    log_command: Callable[[str | None], None],
    cut: Callable[[bool], None],
) -> None:
    """Serve until the client leaves or the socket is closed.

    frames_wait  set when frames wait in the session's outbox, or a fault wants the connection to end
    cut          ends the TCP connection under the socket; True resets it
    """
    broadcast.join(session, frames_wait.set)
    sender = asyncio.create_task(_send_frames(socket, session, faults, frames_wait, cut))
    pinger = asyncio.create_task(_ping(socket, faults))
    try:
        async for message in socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                broadcast.flush()
                log_command(session.receive(message.data))
                frames_wait.set()
            elif message.type is WSMsgType.PING and not faults.is_mute:
                await socket.pong(message.data)
    finally:
        broadcast.leave(session)
        for task in (sender, pinger):
            task.cancel()
        await asyncio.gather(sender, pinger, return_exceptions=True)


async def _send_frames(
    socket: web.WebSocketResponse,
    session: Session,
    faults: FrameFaults,
    frames_wait: asyncio.Event,
    cut: Callable[[bool], None],
) -> None:
    with suppress(ClientConnectionResetError):
        while True:
            await frames_wait.wait()
            frames_wait.clear()
            while session.outbox:
                await socket.send_frame(session.outbox.popleft(), WSMsgType.TEXT)
            if faults.hangup is not None:
                if faults.hangup.code:
                    await socket.close(code=faults.hangup.code)
                cut(faults.hangup.is_reset)
                return


async def _ping(socket: web.WebSocketResponse, faults: FrameFaults) -> None:
    with suppress(ClientConnectionResetError):
        while True:
            await asyncio.sleep(PING_EVERY_S)
            if not faults.is_mute:
                await socket.ping(PING_PAYLOAD)
