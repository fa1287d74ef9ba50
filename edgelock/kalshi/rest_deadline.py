"""One deadline for a whole HTTP answer, its headers included.

The HTTP libraries know a time limit between two reads only, which an answer that drips byte by byte never exceeds.
Here every read waits no longer than the call has left.
"""

import functools
import http.client
import io
import socket
import time
from collections.abc import Callable
from typing import Any

import urllib3.connection
from requests.adapters import HTTPAdapter


class CallDeadline:
    """Until when the call that is under way may wait. Whoever calls sets it; for one thread at a time.

    at      on the monotonic clock, in seconds
    read_s  the longest wait for the next bytes
    """

    def __init__(self, read_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.at = 0.0
        self._read_s = read_s
        self._monotonic = monotonic

    def wait_s(self) -> float:
        """How long the next read may wait. Raises TimeoutError when the call has no time left."""
        remaining = self.at - self._monotonic()
        if remaining <= 0:
            raise TimeoutError("the answer did not end in time")
        return min(self._read_s, remaining)


class DeadlineAdapter(HTTPAdapter):
    """Connections whose reads obey `deadline`."""

    def __init__(self, deadline: CallDeadline) -> None:
        self._deadline = deadline
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Called by the library once, to make what keeps the connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _pool(urllib3.HTTPConnectionPool, urllib3.connection.HTTPConnection, self._deadline),
            "https": _pool(urllib3.HTTPSConnectionPool, urllib3.connection.HTTPSConnection, self._deadline),
        }


class _TimedReader(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: CallDeadline) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._sock.settimeout(self._deadline.wait_s())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: CallDeadline, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock, deadline))


def _pool(pool: type[Any], connection: type[Any], deadline: CallDeadline) -> type[Any]:
    """The pool of the library with connections that read in time."""
    response = functools.partial(_TimedResponse, deadline=deadline)
    timed = type(f"Timed{connection.__name__}", (connection,), {"response_class": staticmethod(response)})
    return type(f"Timed{pool.__name__}", (pool,), {"ConnectionCls": timed})
