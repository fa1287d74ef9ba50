"""A file that only its owner may use: how such a file is told apart, and how it is read without a race.

The rights are looked at on the opened file, so that what was checked is what is read.
"""

import os
import stat
from pathlib import Path

BYTES_MAX = 65_536
_ALLOWED = stat.S_IRUSR | stat.S_IWUSR


class PrivateFileError(ValueError):
    """The file cannot be used, and what to do about it. The text never holds anything of the file's content."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        super().__init__(f"{path} {problem}; {remedy}")
        self.path = path
        self.problem = problem
        self.remedy = remedy


def read_private_file(path: Path) -> bytes:
    """The content of a file that is ours alone (mode 0600 or 0400), at most BYTES_MAX. Raises PrivateFileError."""
    try:
        # Without O_NONBLOCK a named pipe would hold us here until somebody writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise PrivateFileError(path, "does not exist", "name the file that holds the key") from None
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise PrivateFileError(path, f"cannot be read ({reason})", f"chmod 600 {path}") from None
    try:
        _require_private(path, os.fstat(descriptor))
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(BYTES_MAX + 1)
    finally:
        os.close(descriptor)
    if len(content) > BYTES_MAX:
        raise PrivateFileError(path, f"is longer than {BYTES_MAX} bytes", "name the file that holds the key")
    return content


def require_private_file(path: Path) -> None:
    """Raises PrivateFileError when the file is not there, not ours, or open to others."""
    read_private_file(path)


def _require_private(path: Path, status: os.stat_result) -> None:
    rights = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        raise PrivateFileError(path, "is not a regular file", "name a file")
    if status.st_uid != os.geteuid():
        problem = f"belongs to another user (id {status.st_uid})"
        raise PrivateFileError(path, problem, "keep a copy of your own, chmod 600")
    if rights & (stat.S_IRWXG | stat.S_IRWXO):
        verb = "read" if rights & (stat.S_IRGRP | stat.S_IROTH) else "used"
        raise PrivateFileError(path, f"may be {verb} by others (mode {rights:04o})", f"chmod 600 {path}")
    if rights & ~_ALLOWED:
        raise PrivateFileError(path, f"has mode {rights:04o}, and a secret has 0600 or 0400", f"chmod 600 {path}")
