"""The life of a run: events in the order they come, settings re-read with care, and the way down."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from edgelock.actors.redaction import Redactor
from edgelock.actors.telemetry import TelemetryOutputs, TelemetryRun
from edgelock.actors.telemetry_board import TelemetryBoard
from edgelock.ops.control_client import ask
from edgelock.ops.control_handlers import control_handlers
from edgelock.ops.control_server import ControlServer
from edgelock.ops.roster import Roster
from edgelock.ops.run_events import Kill, Reload, RunEvents, Stop
from edgelock.ops.run_loop import RunLoop, RunTelemetry
from edgelock.ops.run_options import CrashAt, RunOptions
from edgelock.ops.settings_environment import Secrets
from edgelock.ops.settings_file import load
from edgelock.ops.user_error import UserError
from edgelock.ops.venue import Venue
from tests.actors.runtime_doubles import PATIENCE_S
from tests.core.builders import a_market
from tests.ops.trading_house import ListedVenue, a_paper_house

A = "KXNHLGAME-A"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


@pytest.fixture(autouse=True)
def signals_as_they_were(monkeypatch):
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for name in [name for name in os.environ if name.startswith(("EDGELOCK_", "MAX_", "DISABLE_", "SHADOW_"))]:
        monkeypatch.delenv(name)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Run:
    """A loop over a real system with one market; `go` runs it until a Stop that was put."""

    def __init__(self, house, directory, **options) -> None:
        self.house, self.system = house, house.system
        self.config = directory / "settings.yaml"
        self.config.write_text("")
        self.events = RunEvents()
        self.roster = Roster(self.system, ListedVenue(), wanted=(), poll_s=3600)
        given = {"duration": None, "crash_market": (), **options}
        self.loop = RunLoop(
            options=RunOptions(
                settings=self.system.settings,
                secrets=Secrets(),
                config_path=self.config,
                command_line={},
                log_path=directory / "log.jsonl",
                append=True,
                live_view=False,
                markets=(),
                recording=None,
                exchange_log=None,
                **given,
            ),
            venue=Venue(rest_url="", ws_url="", credentials=None, clock=self.system.clock),  # type: ignore[arg-type]
            system=self.system,
            roster=self.roster,
            events=self.events,
            telemetry=RunTelemetry(
                run=TelemetryRun(run="r1"),
                board=TelemetryBoard(),
                redactor=Redactor(),
                outputs=TelemetryOutputs(stream=None, path=None, max_bytes=0, backups=0),
            ),
        )

    def go(self, *events) -> int:
        for event in (*events, Stop(who="test")):
            self.events.put(event)
        return self.loop.run()

    def told(self, action):
        return self.house.ledger.wait_for(action)


@pytest.fixture
def start(tmp_path):
    """Runs that begin with what an empty settings file says."""

    @contextmanager
    def started(**options):
        config = tmp_path / "first.yaml"
        config.write_text("")
        with a_paper_house(tmp_path / "state") as house:
            house.system.settings = load(config, environ={}, dotenv=tmp_path / "none").settings
            house.system.add_market(a_market(ticker=A))
            house.wait_for_market(A)
            yield Run(house, tmp_path, **options)

    return started


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
        self._is_stopping = True; self._view = None; self.system = System()
        self.venue = type("V", (), {"child": None})()
loop = Loop(); loop._take_signals()
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


# --- through the control socket ---------------------------------------------------------------------------------


@pytest.fixture
def served(start, tmp_path):
    with start() as run, ControlServer(tmp_path, control_handlers(run.loop), failed=lambda _error: None):
        yield run, lambda command, **fields: ask(tmp_path, command, **fields)


def test_kill_and_resume_are_confirmed_when_they_are_true(served):
    run, command = served

    assert command("kill")["kill"] is True
    assert run.system.boards.risk.state().is_killed
    assert command("status")["kill"] == "operator"
    assert command("resume")["kill"] is False
    assert not run.system.boards.risk.state().is_killed


def test_status_shows_the_market_and_the_actors(served):
    run, command = served
    command("resume")

    status = command("status")

    (market,) = status["markets"]
    assert (status["mode"], status["kill"], status["strategy"]) == ("paper", None, "edge_locked")
    assert (market["ticker"], market["state"], market["net"], market["actor"]) == (A, "FLAT", "0.00", "running")
    assert {"telemetry", "exchange", "risk", "feed", f"market:{A}"} == {actor["name"] for actor in status["actors"]}
    assert run.loop.uptime_ns > 0


def test_a_market_is_restarted_by_name_and_a_wrong_name_is_answered_with_the_right_ones(served):
    run, command = served

    command("restart", ticker=A)
    assert run.house.ledger.wait_for("actor_restart", market=A).incarnation == 2

    with pytest.raises(UserError, match=f"no market 'X' is traded; traded now: {A}"):
        command("restart", ticker="X")


def test_stop_ends_the_run(served):
    run, command = served

    command("stop")

    assert run.loop.run() == 0
    assert run.told("shutdown_begin").who == "command"
