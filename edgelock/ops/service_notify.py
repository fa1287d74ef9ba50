"""Telling the service manager how we are: the datagrams of sd_notify(3), sent by ourselves.

A dozen lines instead of a dependency in the process that holds the key. Whoever started us without a service manager
sets no NOTIFY_SOCKET, and then there is nobody to tell.
"""

import os
import socket
from collections.abc import Mapping

SOCKET_VARIABLE = "NOTIFY_SOCKET"
WATCHDOG_VARIABLE = "WATCHDOG_USEC"
WATCHDOG_PID_VARIABLE = "WATCHDOG_PID"

READY = "READY=1"
STOPPING = "STOPPING=1"
WATCHDOG = "WATCHDOG=1"


class ServiceNotify:
    """The manager's socket; for any thread.

    address     of a Unix datagram socket: a path, or a name that begins with NUL (the abstract namespace)
    watchdog_s  silence after which the manager kills us; None when it does not
    """

    def __init__(self, address: str, watchdog_s: float | None) -> None:
        self.watchdog_s = watchdog_s
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def tell(self, *lines: str) -> bool:
        """Send these assignments as one datagram. False when it could not be sent; the next sign may be."""
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Nothing can be told any more."""
        self._socket.close()


def service_notify(environ: Mapping[str, str]) -> ServiceNotify | None:
    """The manager that the environment names; None without one. Raises ValueError that says what is odd about it."""
    address = environ.get(SOCKET_VARIABLE)
    if not address:
        return None
    if address[0] not in "/@" or len(address) < 2:
        raise ValueError(f"{SOCKET_VARIABLE}: must be an absolute path or begin with @, not {address!r}")
    return ServiceNotify("\0" + address[1:] if address[0] == "@" else address, _watchdog_s(environ))


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """The manager names the process that it watches: a child that inherited the variables is not it."""
    text, pid = environ.get(WATCHDOG_VARIABLE), environ.get(WATCHDOG_PID_VARIABLE)
    if not text or (pid and pid != str(os.getpid())):
        return None
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"{WATCHDOG_VARIABLE}: must be a number of microseconds above 0, not {text!r}")
    return int(text) / 1_000_000


def status_line(text: str) -> str:
    """What `systemctl status` shows of us."""
    return f"STATUS={' '.join(text.split())}"
