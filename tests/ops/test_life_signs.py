"""The life-signs of a real supervision tree: given while everything comes back, withheld when something does not."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edgelock.core.units import SECOND
from edgelock.ops.alive_file import FILE_NAME, read_sign
from edgelock.ops.health import MAIN_SILENT_NS, PATIENCE_NS, RunPhase
from edgelock.ops.life_signs import LifeSigns
from edgelock.ops.service_notify import service_notify
from tests.actors.runtime_doubles import PATIENCE_S, Do
from tests.core.builders import a_market
from tests.ops.trading_house import MARKET, PaperHouse, a_paper_house
from tests.scenarios.live_bot import wait_until


class MovedClock:
    """Real time that a test can move on."""

    def __init__(self, real) -> None:
        self._real = real
        self.ahead_ns = 0

    def __call__(self) -> int:
        return self._real() + self.ahead_ns


class Signed:
    """A trading system on paper, its signs, and the manager's end of the socket."""

    def __init__(self, house: PaperHouse, directory, listening: socket.socket) -> None:
        self.house, self.directory, self.said = house, directory, []
        self.trouble: str | None = None
        self.clock = MovedClock(house.system.clock.monotonic_ns)
        self._listening = listening
        self.notify = service_notify({"NOTIFY_SOCKET": listening.getsockname(), "WATCHDOG_USEC": "30000000"})
        self.signs = LifeSigns(
            run="r1",
            directory=directory,
            supervisor=house.system.supervisor,
            markets=house.system.boards.markets.states,
            journal_trouble=lambda: self.trouble,
            notify=self.notify,
            say=self.said.append,
            monotonic=self.clock,
        )

    def told(self) -> list[str]:
        """What the manager was told since."""
        lines = []
        while True:
            try:
                lines += self._listening.recv(4096).decode().splitlines()
            except BlockingIOError:
                return lines


@pytest.fixture
def signed(tmp_path) -> Iterator[Signed]:
    with a_signed_house(tmp_path) as each:
        yield each


@contextmanager
def a_signed_house(directory) -> Iterator[Signed]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(os.fspath(directory / "notify"))
        listening.setblocking(False)
        with a_paper_house(directory / "state") as house:
            house.system.add_market(a_market(ticker=MARKET))
            house.wait_for_market(MARKET)
            each = Signed(house, directory, listening)
            yield each
            each.signs.end("over")
            each.notify.close()


def test_each_phase_is_told_once_and_life_at_every_look(signed: Signed):
    signed.signs.look()
    signed.signs.enter(RunPhase.TRADING)
    signed.signs.look()
    signed.signs.look()
    signed.signs.enter(RunPhase.STOPPING)
    signed.signs.look()

    told = signed.told()
    assert [line for line in told if line in ("READY=1", "STOPPING=1")] == ["READY=1", "STOPPING=1"]
    assert told.count("WATCHDOG=1") == 4
    assert told.index("READY=1") < told.index("STOPPING=1")


def test_a_status_is_told_when_it_changes(signed: Signed):
    signed.signs.enter(RunPhase.TRADING)
    signed.signs.look()
    signed.signs.look()
    signed.trouble = "the disk is full"
    signed.signs.look()

    assert [line for line in signed.told() if line.startswith("STATUS=")] == [
        "STATUS=no book is live",
        "STATUS=no book is live; journal: the disk is full",
    ]
    assert read_sign(signed.directory).why == "no book is live; journal: the disk is full"


def test_trouble_with_the_journal_does_not_silence_the_watchdog(signed: Signed):
    signed.signs.enter(RunPhase.TRADING)
    signed.trouble = "the disk is full"
    found = signed.signs.look()

    assert (found.is_alive, found.is_ready) == (True, False)
    assert "WATCHDOG=1" in signed.told()


def test_a_main_thread_that_does_not_come_round_is_silence_until_it_does(signed: Signed):
    signed.signs.enter(RunPhase.TRADING)
    signed.told()
    signed.clock.ahead_ns = MAIN_SILENT_NS + SECOND
    signed.signs.look()
    assert "WATCHDOG=1" not in signed.told()
    assert not read_sign(signed.directory).alive

    signed.signs.beat()
    wait_until(lambda: signed.signs.look().is_alive, "the supervisor's next message is seen")
    assert "WATCHDOG=1" in signed.told()


@pytest.mark.parametrize("phase", [RunPhase.STARTING, RunPhase.STOPPING])
def test_a_phase_that_does_not_end_is_silence(signed: Signed, phase: RunPhase):
    signed.signs.enter(phase)
    signed.told()
    signed.clock.ahead_ns = PATIENCE_NS[phase] + SECOND

    assert not signed.signs.look().is_alive
    assert "WATCHDOG=1" not in signed.told()


def test_a_timer_that_stops_is_noticed_by_the_supervisors_silence(signed: Signed):
    signed.signs.enter(RunPhase.TRADING)
    signed.signs.look()
    signed.house.system.timer.stop()
    signed.signs.look()
    signed.clock.ahead_ns = 11 * SECOND
    signed.signs.beat()

    found = signed.signs.look()
    assert not found.is_alive
    assert found.why.startswith("the supervisor or its timer has been silent")


def test_infrastructure_that_hangs_silences_the_signs(tmp_path):
    """Nobody acts on the supervisor's word here, so its giving up is the last that is seen."""
    with a_signed_house(tmp_path) as signed:
        signed.signs.enter(RunPhase.TRADING)
        let_go = threading.Event()
        signed.house.system.addresses.feed.tell(Do(lambda: let_go.wait(PATIENCE_S)))
        try:
            wait_until(lambda: not signed.signs.look().is_alive, "the hang is seen")
            signed.told()
            signed.signs.look()

            assert "WATCHDOG=1" not in signed.told()
            assert "feed" in read_sign(signed.directory).why
        finally:
            let_go.set()


def test_a_supervisor_that_is_gone_is_silence(signed: Signed):
    signed.signs.enter(RunPhase.TRADING)
    signed.house.system.supervisor.shut_down(PATIENCE_S)

    assert signed.signs.look().why == "the supervisor is gone"


def test_a_sign_that_cannot_be_written_is_said_once_and_is_no_death(signed: Signed):
    (signed.directory / f"{FILE_NAME}.new").mkdir()
    signed.signs.look()
    signed.signs.look()

    assert len(signed.said) == 1
    assert "cannot be written" in signed.said[0]
    assert "WATCHDOG=1" in signed.told()


def test_the_thread_gives_signs_by_itself_and_the_last_one_says_that_it_is_over(signed: Signed):
    signed.signs.enter(RunPhase.TRADING)
    signed.signs.start()
    wait_until(lambda: (signed.directory / FILE_NAME).exists(), "a sign is given")
    signed.signs.end("stopped with exit code 0")

    last = read_sign(signed.directory)
    assert (last.alive, last.why) == (False, "stopped with exit code 0")
    assert last.pid == os.getpid()
