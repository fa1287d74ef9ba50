"""The bot as a service: what its manager hears of it over a real socket, and what its life-sign says meanwhile."""

import os
import queue
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgelock.ops.alive_file import read_sign
from tests.scenarios.running_bot import PATIENCE_S, RunningBot


class Manager:
    """A service manager's end of the socket: everything it is told, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(os.fspath(path))
        self._told: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._passed: list[str] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def wait_for(self, beginning: str) -> str:
        """The next line that begins so, or one that came while another was waited for; fails when the bot falls silent
        before it comes.
        """
        for number, line in enumerate(self._passed):
            if line.startswith(beginning):
                return self._passed.pop(number)
        while not (line := self._told.get(timeout=PATIENCE_S)).startswith(beginning):
            self._passed.append(line)
        return line

    def heard(self) -> list[str]:
        """What came since."""
        lines = []
        while not self._told.empty():
            lines.append(self._told.get())
        return lines

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", os.fspath(self.path))
        self._thread.join(PATIENCE_S)
        self._socket.close()

    def _listen(self) -> None:
        while datagram := self._socket.recv(4096):
            for line in datagram.decode().splitlines():
                self._told.put(line)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(tmp_path / "notify")
    yield listening
    listening.close()


def a_service(directory: Path, manager: Manager, watchdog_s: int = 3) -> RunningBot:
    return RunningBot(directory, NOTIFY_SOCKET=os.fspath(manager.path), WATCHDOG_USEC=str(watchdog_s * 1_000_000))


def test_the_manager_hears_ready_then_life_then_stopping(manager: Manager, tmp_path: Path):
    with a_service(tmp_path, manager) as bot:
        manager.wait_for("READY=1")
        for _ in range(3):
            manager.wait_for("WATCHDOG=1")
        manager.wait_for("STATUS=trading ")
        assert read_sign(tmp_path / "state").healthy
        said = bot.command("alive", "--ready")
        assert (said.returncode, said.stdout.startswith("alive and ready (pid ")) == (0, True), said

        bot.process.send_signal(signal.SIGTERM)
        manager.wait_for("STOPPING=1")
        assert bot.end() == 0
        assert "READY=1" not in manager.heard()

        said = bot.command("alive")
        assert (said.returncode, said.stderr.count("\n")) == (1, 1)
        assert "stopped with exit code 0" in said.stderr


def test_a_process_that_stands_still_is_silent_and_the_silence_is_seen(manager: Manager, tmp_path: Path):
    with a_service(tmp_path, manager) as bot:
        manager.wait_for("WATCHDOG=1")
        bot.process.send_signal(signal.SIGSTOP)
        manager.heard()

        pause = threading.Event()
        while bot.command("alive", "--max-age", "2").returncode == 0:
            pause.wait(0.2)
        assert [line for line in manager.heard() if line == "WATCHDOG=1"][1:] == []

        bot.process.send_signal(signal.SIGCONT)
        manager.wait_for("WATCHDOG=1")


def test_an_odd_watchdog_variable_is_a_refused_start(tmp_path: Path, manager: Manager):
    with RunningBot(tmp_path, NOTIFY_SOCKET=os.fspath(manager.path), WATCHDOG_USEC="soon") as bot:
        assert bot.end() == 2
        assert bot.raw == ["edgelock: WATCHDOG_USEC: must be a number of microseconds above 0, not 'soon'\n"]
