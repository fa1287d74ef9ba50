"""`make run` on a terminal: Ctrl-C is for the bot, and its exit code is what make sees. On real pseudo-terminals."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

READ_TIMEOUT_S = 30.0
CTRL_C, CTRL_Z = b"\x03", b"\x1a"

COMMAND = """
import signal, sys
def graceful(*_):
    print("graceful", flush=True)
    sys.exit(0)
signal.signal(signal.SIGINT, graceful)
signal.signal(signal.SIGCONT, lambda *_: print("woken", flush=True))
print("ready", flush=True)
while True:
    signal.pause()
"""
STARTER = """
import sys
from edgelock.ops.foreground import main
code = main([sys.executable, "-c", sys.argv[1]])
print("code", code, flush=True)
"""


class Terminal:
    """A process that leads a session on a terminal of its own, as a shell does."""

    def __init__(self, *command: str) -> None:
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execv(command[0], command)
        self._seen = b""

    def types(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def shows(self, text: str) -> None:
        """Wait until the terminal shows the text; what was shown before it is forgotten."""
        while text.encode() not in self._seen:
            ready, _, _ = select.select([self._master], [], [], READ_TIMEOUT_S)
            assert ready, f"{text!r} was not shown; shown was {self._seen!r}"
            self._seen += os.read(self._master, 4096)
        self._seen = self._seen.partition(text.encode())[2]

    def ends(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        os.close(self._master)
        return os.waitstatus_to_exitcode(status)


def test_ctrl_c_reaches_the_command_and_not_who_started_it():
    terminal = Terminal(sys.executable, "-c", STARTER, COMMAND)
    terminal.shows("ready")

    terminal.types(CTRL_C)

    terminal.shows("graceful")
    terminal.shows("code 0")
    assert terminal.ends() == 0


def test_ctrl_z_does_not_put_the_command_to_sleep():
    terminal = Terminal(sys.executable, "-c", STARTER, COMMAND)
    terminal.shows("ready")

    terminal.types(CTRL_Z)
    terminal.shows("woken")
    terminal.types(CTRL_C)

    terminal.shows("code 0")
    assert terminal.ends() == 0


def test_a_command_killed_by_a_signal_has_the_shells_exit_code():
    terminal = Terminal(sys.executable, "-c", STARTER, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

    terminal.shows("code 137")
    assert terminal.ends() == 0


def test_without_a_terminal_the_command_takes_the_place_of_the_starter():
    command = (sys.executable, "-c", "import os; print(os.getpid()); exit(3)")
    process = subprocess.Popen(
        [sys.executable, "-m", "edgelock.ops.foreground", *command],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        cwd=Path(__file__).parents[2],
    )
    said, _ = process.communicate()

    assert (int(said), process.returncode) == (process.pid, 3)
