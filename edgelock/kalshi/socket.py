"""The WebSocket's body: one thread that connects, reads, sends, listens for life, and connects again.

It uses websocket-client's `WebSocket` and not its `WebSocketApp`, which swallows errors of its callbacks, waits for
ever on a mute server and takes a wall clock for its ping. Frames are read from a buffer, so that a burst costs one
system call, and "nothing more at hand" is known: that is when the talk settles what it heard.
"""

import contextlib
import importlib.util
import random
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import websocket

from edgelock.kalshi.rest_call import require_safe_url, wall_clock_ms
from edgelock.kalshi.signing import Credentials
from edgelock.kalshi.socket_frames import BufferedWebSocket

_SECOND_NS = 1_000_000_000


class SocketTalk(Protocol):
    """What is said over the socket. Everything is called on the socket's thread."""

    def on_open(self, attempt: int) -> None:
        """Connected; `attempt` counts from 1 since the last connection that lasted."""
        ...

    def on_text(self, text: bytes) -> None:
        """One frame."""
        ...

    def on_pause(self, heard_ns: int | None) -> None:
        """No further frame is at hand; also called a few times a second when nothing comes, connected or not.

        heard_ns  when anything was heard last on this connection, frame or ping or pong; None without a connection
        """
        ...

    def on_close(self, reason: str, retry_ns: int | None) -> None:
        """The connection is gone, or did not come about; the next attempt follows after `retry_ns`, or none (None)."""
        ...

    def outgoing(self) -> list[str]:
        """The frames to send now."""
        ...

    @property
    def give_up_reason(self) -> str | None:
        """Why this connection is of no use any more; None while it is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketLimits:
    """Real seconds. `silence_s` without a frame, ping or pong ends the connection; `lasting_s` forgives failures."""

    connect_s: float = 5.0
    round_s: float = 0.25
    ping_s: float = 3.0
    silence_s: float = 15.0
    lasting_s: float = 10.0
    pause_s: float = 0.25
    pause_max_s: float = 15.0
    batch_max: int = 256
    frame_bytes_max: int = 8 * 1024 * 1024


USUAL_LIMITS = SocketLimits()


class AcceleratorMissing(RuntimeError):
    """wsaccel is not installed, so frames would be masked in slow Python."""


class VenueSocket:
    """`start` once, then `stop`; `wake` and `stop` may be called from any thread.

    url        such as wss://host/trade-api/ws/v2; plain ws only to this machine
    on_failed  called on the socket's thread, which ends after it, when the talk itself raises
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        talk: SocketTalk,
        *,
        rng: random.Random,
        on_failed: Callable[[str], None],
        name: str = "venue-socket",
        limits: SocketLimits = USUAL_LIMITS,
        wall_ms: Callable[[], int] = wall_clock_ms,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        require_safe_url(url, ("wss", "ws"))
        if importlib.util.find_spec("wsaccel") is None:
            raise AcceleratorMissing("the package wsaccel is not installed")
        self._url = url
        self._credentials = credentials
        self._talk = talk
        self._rng = rng
        self._on_failed = on_failed
        self._limits = limits
        self._wall_ms = wall_ms
        self._monotonic_ns = monotonic_ns
        self._stopping = threading.Event()
        self._waker, self._wakened = socket.socketpair()
        self._waker.setblocking(False)
        self._wakened.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._failures = 0

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def wake(self) -> None:
        """Let the talk have its pause now: there is something to send or to look at."""
        # A full pipe means that a wake is on its way already; a closed one that nobody is left to wake.
        with contextlib.suppress(OSError):
            self._waker.send(b"w")

    def request_stop(self) -> None:
        """Ask the thread to end, and do not wait for it."""
        self._stopping.set()
        self.wake()

    def stop(self, timeout_s: float = 1.0) -> bool:
        """End the connection and the thread. True when it ended in time; only a connect under way takes longer."""
        self.request_stop()
        if self._thread.ident is None:
            self._close_pipes()
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                began_ns = self._monotonic_ns()
                reason = self._one_connection()
                if self._monotonic_ns() - began_ns > self._limits.lasting_s * _SECOND_NS:
                    self._failures = 0
                self._failures += 1
                if self._stopping.is_set():
                    self._talk.on_close("stopped", None)
                    return
                pause_s = self._pause_s()
                self._talk.on_close(reason, int(pause_s * _SECOND_NS))
                self._wait_out(pause_s)
        except Exception as error:  # noqa: BLE001 - firewall of the thread: whoever owns it must hear of its end
            self._on_failed(f"{type(error).__name__}: {error}")
        finally:
            self._close_pipes()

    def _one_connection(self) -> str:
        try:
            connection = self._connect()
        except websocket.WebSocketBadStatusException as error:
            return f"handshake refused with HTTP {error.status_code}"
        except (websocket.WebSocketException, OSError) as error:
            return f"cannot connect: {type(error).__name__}: {error}"
        with contextlib.closing(connection):
            if self._stopping.is_set():
                return "stopped"
            self._talk.on_open(self._failures + 1)
            reason = self._converse(connection)
            with contextlib.suppress(websocket.WebSocketException, OSError):
                connection.send_close()
            return reason

    def _connect(self) -> BufferedWebSocket:
        parts = urlsplit(self._url)
        is_secure = parts.scheme == "wss"
        address = (str(parts.hostname), parts.port or (443 if is_secure else 80))
        raw = socket.create_connection(address, timeout=self._limits.connect_s)
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if is_secure:
                raw = ssl.create_default_context().wrap_socket(raw, server_hostname=parts.hostname)
            headers = self._credentials.headers("GET", parts.path, self._wall_ms())
            connection = BufferedWebSocket(self._limits.frame_bytes_max)
            connection.connect(  # type: ignore[no-untyped-call]
                self._url, header=headers, socket=raw, suppress_origin=True, redirect_limit=0
            )
            connection.settimeout(self._limits.round_s)
        except BaseException:
            raw.close()
            raise
        return connection

    def _converse(self, connection: BufferedWebSocket) -> str:
        heard_ns = self._monotonic_ns()
        ping_ns = heard_ns + int(self._limits.ping_s * _SECOND_NS)
        try:
            while not self._stopping.is_set():
                for text in self._talk.outgoing():
                    connection.send_text(text)
                if self._wait_readable(connection):
                    closed = self._read_batch(connection)
                    heard_ns = self._monotonic_ns()
                    if closed is not None:
                        return closed
                self._talk.on_pause(heard_ns)
                if self._talk.give_up_reason is not None:
                    return self._talk.give_up_reason
                now_ns = self._monotonic_ns()
                if now_ns - heard_ns > self._limits.silence_s * _SECOND_NS:
                    return f"nothing heard for {self._limits.silence_s:g} s"
                if now_ns >= ping_ns:
                    ping_ns = now_ns + int(self._limits.ping_s * _SECOND_NS)
                    connection.ping()
        except (websocket.WebSocketException, OSError) as error:
            return f"{type(error).__name__}: {error}"
        return "stopped"

    def _read_batch(self, connection: BufferedWebSocket) -> str | None:
        """Hand over what is at hand, up to a bound. The reason when the venue closed the connection, else None."""
        for _ in range(self._limits.batch_max):
            try:
                opcode, frame = connection.recv_data_frame(control_frame=True)
            except websocket.WebSocketTimeoutException:
                # The rest of a frame is still on its way; what came of it is kept for the next round.
                return None
            if opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
                self._talk.on_text(frame.data)
            elif opcode == websocket.ABNF.OPCODE_CLOSE:
                return f"closed by the venue: {_close_text(frame.data)}"
            if not connection.has_more:
                return None
        return None

    def _wait_readable(self, connection: BufferedWebSocket) -> bool:
        if connection.has_more:
            return True
        ears = [self._wakened] if connection.sock is None else [connection.sock, self._wakened]
        readable, _, _ = select.select(ears, [], [], self._limits.round_s)
        self._drain_wakes()
        # A connection that is gone says so when it is read.
        return connection.sock is None or connection.sock in readable

    def _wait_out(self, pause_s: float) -> None:
        until_ns = self._monotonic_ns() + int(pause_s * _SECOND_NS)
        while not self._stopping.is_set() and (left_ns := until_ns - self._monotonic_ns()) > 0:
            select.select([self._wakened], [], [], min(left_ns / _SECOND_NS, self._limits.round_s))
            self._drain_wakes()
            self._talk.on_pause(None)

    def _drain_wakes(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wakened.recv(4096):
                pass

    def _pause_s(self) -> float:
        longest = min(self._limits.pause_s * 2.0 ** min(self._failures - 1, 20), self._limits.pause_max_s)
        return self._rng.uniform(longest / 2, longest)

    def _close_pipes(self) -> None:
        self._waker.close()
        self._wakened.close()


def _close_text(data: bytes) -> str:
    if len(data) < 2:
        return "without a code"
    text = data[2:].decode("utf-8", errors="replace")
    return f"{int.from_bytes(data[:2], 'big')} {text}".strip()
