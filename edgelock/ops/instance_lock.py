"""One bot per state directory: a second one would trade the same account twice.

The lock is the kernel's (flock), so it ends with the process however that ends; the pid in the file is for people.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from edgelock.ops.user_error import UserError

LOCK_NAME = "edgelock.lock"


def make_state_directory(directory: Path) -> None:
    """Create the directory for its owner alone (0700). Raises UserError when that cannot be."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{directory}: cannot make the state directory: {error.strerror}") from None
    if not os.access(directory, os.W_OK | os.X_OK):
        raise UserError(f"{directory}: the state directory is not writable")


class InstanceLock:
    """Held from construction until `release` or the end of the process.

    Raises UserError, naming the other pid, when another process holds the lock of this state directory.
    """

    def __init__(self, directory: Path) -> None:
        make_state_directory(directory)
        path = directory / LOCK_NAME
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UserError(f"{path}: cannot open the lock: {error.strerror}") from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _holder_text(self._descriptor)
            os.close(self._descriptor)
            raise UserError(f"another edgelock is running in {directory} ({holder}); stop it first") from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next process in. The file stays: removing it would let two processes lock two files."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _holder_text(descriptor: int) -> str:
    text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    return f"pid {text}" if text.isdecimal() else "pid unknown"
