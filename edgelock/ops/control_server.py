"""The running bot's ear: a Unix socket in the state directory on which its owner asks and commands.

One JSON line in, one JSON line out, then the connection closes:

    {"command": "restart", "ticker": "T1"}  →  {"ok": true, "result": {...}}  or  {"ok": false, "error": "one line"}

The file is for its owner alone (0600), and the kernel's word for who is calling is checked as well. The handlers run
on this thread: they hand over to actors and wait with a timeout, and one that fails is an answer, not the end.
"""

import contextlib
import json
import os
import selectors
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from edgelock.ops.control_socket import LINE_BYTES_MAX, choose_socket_path, remove_socket
from edgelock.ops.user_error import UserError

Handler = Callable[[Mapping[str, object]], Mapping[str, object]]
"""Takes the whole request, returns the result. A UserError's text is the answer's error."""

CALLER_TIMEOUT_S = 2.0
STOP_TIMEOUT_S = 5.0


class ControlServer:
    """Listens from construction until `close`.

    handlers  by command: status, kill, resume, stop, restart
    failed    called with an exception that a handler did not foresee
    Raises UserError when the socket cannot be made. Call with the instance lock held: a socket file that is already
    there is then a dead bot's and is replaced.
    """

    def __init__(
        self, directory: Path, handlers: Mapping[str, Handler], *, failed: Callable[[Exception], None]
    ) -> None:
        self._directory = directory
        self._handlers = dict(handlers)
        self._failed = failed
        self._owner = os.geteuid()
        self.path = choose_socket_path(directory)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.path.unlink(missing_ok=True)
            self._listener.bind(os.fspath(self.path))
            self.path.chmod(0o600)  # before listen, so that nobody is let in under wider rights
            self._listener.listen(8)
        except OSError as error:
            self._listener.close()
            raise UserError(f"{self.path}: cannot open the control socket: {error.strerror}") from None
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and remove the socket. May be called from a handler's own thread and twice."""
        if self._wake.fileno() < 0:
            return
        self._wake.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(STOP_TIMEOUT_S)
        remove_socket(self._directory, self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        with self._listener, self._woken, selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            closing = selector.register(self._woken, selectors.EVENT_READ)
            while closing not in [key for key, _ in selector.select()]:
                caller, _ = self._listener.accept()
                with caller, contextlib.suppress(OSError):  # a caller who hangs up is no concern of ours
                    caller.settimeout(CALLER_TIMEOUT_S)
                    if _user_of(caller) in (self._owner, 0):
                        caller.sendall(json.dumps(self._answer(_read_line(caller))).encode() + b"\n")

    def _answer(self, line: bytes) -> Mapping[str, object]:
        try:
            request = json.loads(line)
        except ValueError:
            return _error("the request is not a JSON line")
        if not isinstance(request, dict):
            return _error("the request is not a JSON object")
        handler = self._handlers.get(str(request.get("command")))
        if handler is None:
            return _error(f"unknown command {request.get('command')!r}; known are {', '.join(sorted(self._handlers))}")
        try:
            return {"ok": True, "result": handler(request)}
        except UserError as error:
            return _error(str(error))
        except Exception as error:  # noqa: BLE001 - a firewall: a failing command must not take the bot's ear away
            self._failed(error)
            return _error(f"the command failed: {type(error).__name__}; the log has the details")


def _read_line(caller: socket.socket) -> bytes:
    received = bytearray()
    while b"\n" not in received and len(received) <= LINE_BYTES_MAX:
        piece = caller.recv(65_536)
        if not piece:
            break
        received += piece
    return bytes(received.partition(b"\n")[0])


def _user_of(caller: socket.socket) -> int:
    """The kernel's word for whose process opened the connection."""
    credentials = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    return int(user)


def _error(text: str) -> Mapping[str, object]:
    return {"ok": False, "error": " ".join(text.split())}
