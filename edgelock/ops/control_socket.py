"""Where the control socket is: in the state directory, or at a short path recorded there.

The address of a Unix socket has room for little more than a hundred bytes; a state directory may lie deeper.
"""

import tempfile
from pathlib import Path

SOCKET_NAME = "control.sock"
POINTER_NAME = "control.path"
ADDRESS_BYTES_MAX = 100
LINE_BYTES_MAX = 4_000_000
"""Longest request or answer; the status of hundreds of markets fits."""


def choose_socket_path(directory: Path) -> Path:
    """The path to bind, with the pointer file written when it is not in the directory itself."""
    path, pointer = directory.absolute() / SOCKET_NAME, directory / POINTER_NAME
    if len(bytes(path)) <= ADDRESS_BYTES_MAX:
        pointer.unlink(missing_ok=True)
        return path
    short = Path(tempfile.mkdtemp(prefix="edgelock-")) / SOCKET_NAME
    pointer.write_text(f"{short}\n", encoding="utf-8")
    return short


def find_socket_path(directory: Path) -> Path:
    """Where a running bot of this state directory listens."""
    try:
        return Path((directory / POINTER_NAME).read_text(encoding="utf-8").strip())
    except OSError:
        return directory.absolute() / SOCKET_NAME


def remove_socket(directory: Path, path: Path) -> None:
    """Take the socket and what pointed to it away."""
    path.unlink(missing_ok=True)
    if path.parent != directory.absolute():
        (directory / POINTER_NAME).unlink(missing_ok=True)
        path.parent.rmdir()
