"""The life of a run: events in the order they come, settings re-read with care, and the way down."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from edgelock.ops.run_events import Kill, Reload, Stop
from edgelock.ops.run_options import CrashAt
from tests.actors.runtime_doubles import PATIENCE_S
from tests.ops.trading_house import MARKET as A
from tests.ops.trading_house import a_run

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


@pytest.fixture(autouse=True)
def signals_as_they_were(monkeypatch):
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for name in [name for name in os.environ if name.startswith(("EDGELOCK_", "MAX_", "DISABLE_", "SHADOW_"))]:
        monkeypatch.delenv(name)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def start(tmp_path):
    return lambda **options: a_run(tmp_path, **options)


# --- events -----------------------------------------------------------------------------------------------------


def test_a_stop_closes_the_orders_and_ends_with_nothing_open(start):
    with start() as run:
        assert run.go() == 0

        assert run.told("shutdown_begin").who == "test"
        done = run.told("shutdown_done")
        assert (done.open_orders, done.positions, done.exit_code) == (0, (), 0)
        assert run.house.system.supervisor.ended.is_set()


def test_the_exit_code_that_a_reason_asks_for_is_the_runs(start):
    with start() as run:
        run.events.put(Stop(who="the exchange", exit_code=70))

        assert run.loop.run() == 70


def test_a_run_ends_when_its_time_is_over(start):
    with start(duration=1) as run:
        run.events.put(Kill(on=False, who="only to be awake"))

        assert run.loop.run() == 0
        assert run.told("shutdown_begin").who == "duration"


def test_the_latch_moves_both_ways(start):
    with start() as run:
        run.go(Kill(on=True, who="SIGUSR1"), Kill(on=False, who="SIGUSR2"))

        assert (run.told("kill_on").who, run.told("kill_off").who) == ("SIGUSR1", "SIGUSR2")


def test_a_market_is_crashed_when_its_moment_has_come_and_a_wrong_name_is_told(start):
    crashes = (CrashAt(ticker=A, after=0), CrashAt(ticker="KXNHLGAME-NONE", after=0))
    with start(crash_market=crashes) as run:
        run.events.put(Kill(on=False, who="only to be awake"))
        run.go()

        crash = run.house.ledger.wait_for("actor_crash", market=A)
        assert "fault switch" in crash.error
        assert "KXNHLGAME-NONE: no such market is traded" in run.told("log").message


@pytest.mark.parametrize(
    ("number", "action", "who"),
    [(signal.SIGUSR1, "kill_on", "SIGUSR1"), (signal.SIGINT, "shutdown_begin", "SIGINT")],
)
def test_signals_become_events(start, number, action, who):
    with start() as run:
        sender = threading.Thread(target=lambda: (run.house.ledger.wait_for("kill_off"), os.kill(os.getpid(), number)))
        run.loop.take_signals()
        run.events.put(Kill(on=False, who="the loop is running"))
        sender.start()
        if number is not signal.SIGINT:
            stopper = threading.Thread(
                target=lambda: (run.house.ledger.wait_for(action), run.events.put(Stop(who="test")))
            )
            stopper.start()
        assert run.loop.run() == 0
        sender.join(PATIENCE_S)

        assert run.told(action).who == who


def test_a_second_signal_ends_at_once_and_says_what_may_be_open(tmp_path):
    program = """
import os, signal, sys
from edgelock.actors.market_board import MarketBoard
from edgelock.ops.run_loop import RunLoop
class System: run = "r1"
System.boards = System(); System.boards.markets = MarketBoard()
class Loop(RunLoop):
    def __init__(self):
        self._is_stopping = self._is_open = True; self._view = None; self.system = System()
        self.venue = type("V", (), {"child": None})()
loop = Loop(); loop.take_signals()
with System.boards.markets._lock:  # the worst moment: the interrupted code is looking at the board itself
    os.kill(os.getpid(), signal.SIGINT)
sys.exit(5)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd=tmp_path
    )

    assert ended.returncode == 130
    assert '"action":"shutdown_aborted"' in ended.stderr
    assert "no order of ours was known to be live" in ended.stderr


# --- settings ---------------------------------------------------------------------------------------------------


def test_a_reload_applies_what_may_change_and_names_what_needs_a_restart(start):
    with start() as run:
        run.config.write_text("risk: {max_daily_loss_usd: 7}\ntrading: {shadow_mode: true}\nlog: {backups: 1}\n")

        run.go(Reload())

        told = run.told("config_reload")
        assert (told.applied, told.error) == (("risk.max_daily_loss_usd",), None)
        assert set(told.needs_restart) == {"log.backups", "trading.shadow_mode"}
        assert run.system.settings.risk.max_daily_loss == 7_000_000
        assert run.system.settings.mode == "paper"


def test_what_needs_a_restart_is_named_again_at_the_next_reload(start):
    with start() as run:
        run.config.write_text("log: {backups: 1}\n")

        run.go(Reload(), Reload())

        assert [r.needs_restart for r in run.house.ledger.all if r.action == "config_reload"] == [("log.backups",)] * 2


def test_a_bad_file_leaves_everything_as_it_was_and_says_so(start):
    with start() as run:
        before = run.system.settings
        run.config.write_text("risk: {max_daily_loss_usd: much}\ntrading: {disable_new_quotes: true}\n")

        run.go(Reload())

        told = run.told("config_reload")
        assert (told.applied, told.needs_restart) == ((), ())
        assert "risk.max_daily_loss_usd" in told.error
        assert run.system.settings is before
        assert not [record for record in run.house.ledger.all if record.action == "kill_on"]


def test_disabling_new_quotes_in_the_file_moves_the_latch(start):
    with start() as run:
        run.config.write_text("trading: {disable_new_quotes: true}\n")

        run.go(Reload())

        assert run.told("kill_on").who == "setting"
