"""Runs a command so that Ctrl-C reaches it and not who started it: `python -m edgelock.ops.foreground COMMAND...`.

For `make run`. A terminal sends Ctrl-C to the whole foreground process group, make dies of it, and its exit code says
"interrupted" even though the bot ended well. Here the command becomes the terminal's foreground group by itself, and
make sees nothing but its exit code. Without a terminal, or in its background, the command just replaces this process.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence


def main(command: Sequence[str]) -> int:
    """The command's exit code; 128 + the signal's number when a signal ended it, as shells have it."""
    terminal = _own_terminal()
    if terminal is None:
        os.execv(command[0], list(command))
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # taking the terminal back from the background must not stop us
    process = subprocess.Popen(command, process_group=0, preexec_fn=_default_sigttou)
    os.tcsetpgrp(terminal, process.pid)
    try:
        return _ended(process.pid)
    finally:
        os.tcsetpgrp(terminal, os.getpgrp())


def _own_terminal() -> int | None:
    """The controlling terminal, open, when this process group is in its foreground."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    if os.tcgetpgrp(terminal) == os.getpgrp():
        return terminal
    os.close(terminal)
    return None


def _default_sigttou() -> None:
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)


def _ended(pid: int) -> int:
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        os.kill(pid, signal.SIGCONT)  # Ctrl-Z: a market maker does not sleep on its orders


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
