"""The life of a run from its first actor to its last line: signals, heartbeats, deadlines, and the way down.

Only the main thread is here, and it never waits for the venue: the start does that on a thread of its own. It waits on
one queue; between events it looks at the clock for what is due: the heartbeat, the end of `--duration`, a fault switch,
the end of the embedded exchange's programme.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from edgelock.actors.clock import monotonic_ns
from edgelock.actors.messages import OpenOrdersLeft
from edgelock.actors.redaction import Redactor
from edgelock.actors.telemetry import TelemetryOutputs, TelemetryRun
from edgelock.actors.telemetry_board import TelemetryBoard
from edgelock.core.telemetry import ConfigReload, Heartbeat, LibraryLog, ShutdownBegin, ShutdownDone
from edgelock.core.units import CONTRACT, SECOND, Duration, Money
from edgelock.ops.fault_switches import FaultSwitches
from edgelock.ops.gate_history import gate_history
from edgelock.ops.health import RunPhase
from edgelock.ops.life_signs import LifeSigns
from edgelock.ops.live_view import LiveView
from edgelock.ops.live_view_model import RunFacts, ViewModel, view_model
from edgelock.ops.roster import Roster
from edgelock.ops.run_events import Kill, Reload, RunEvents, Started, StartFailed, Stop
from edgelock.ops.run_options import RunOptions
from edgelock.ops.settings import RELOADABLE, Settings, changes
from edgelock.ops.settings_error import SettingsError
from edgelock.ops.settings_file import load
from edgelock.ops.sleep_watch import SleepWatch
from edgelock.ops.start_thread import StartThread
from edgelock.ops.startup_block import startup_check
from edgelock.ops.trading_system import TradingSystem
from edgelock.ops.user_error import UserError
from edgelock.ops.venue import Venue

HEARTBEAT_EVERY_NS = 30 * SECOND
LOOK_EVERY_S = 0.5
HEARING_TIMEOUT_S = 0.5
HEARING_LOOK_S = 0.01
EXIT_ORDERS_LEFT = 1
EXIT_SOFTWARE = 70
EXIT_TRY_AGAIN = 75
EXIT_SECOND_SIGNAL = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTelemetry:
    """What the run writes with, and what the live view reads."""

    run: TelemetryRun
    board: TelemetryBoard
    redactor: Redactor
    outputs: TelemetryOutputs


class RunLoop:
    """Runs until a reason to stop comes, then takes everything down and returns the exit code.

    start   what waits for the venue before the run may trade
    opened  called once when that is done
    """

    def __init__(
        self,
        *,
        options: RunOptions,
        venue: Venue,
        system: TradingSystem,
        roster: Roster,
        events: RunEvents,
        telemetry: RunTelemetry,
        signs: LifeSigns,
        start: StartThread,
        opened: Callable[["RunLoop"], None],
    ) -> None:
        self.options = options
        self.venue = venue
        self.system = system
        self.roster = roster
        self.events = events
        self.telemetry = telemetry
        self._signs = signs
        self._start = start
        self._opened = opened
        self._is_open = False
        self.began_ns = monotonic_ns()
        self.gate_history = gate_history(system)
        self._next_heartbeat_ns = self.began_ns + HEARTBEAT_EVERY_NS
        self._steps_at_heartbeat = 0
        self._switches = FaultSwitches(options.fault_switches, system, self._say)
        self._sleep = SleepWatch()
        self._is_stopping = False
        self._view = LiveView(self._view_model, Console()) if options.live_view else None

    def run(self) -> int:
        """Start, wait for a reason to stop, stop. The actors were started before.

        Raises what the start or the loop raised, when everything has been taken down.
        """
        view = self._view
        if view is not None:
            view.start()
        self._signs.start()
        last_word = "stopped"
        try:
            exit_code = self._until_stopped()
            last_word = f"stopped with exit code {exit_code}"
            return exit_code
        except BaseException as error:
            last_word = f"stopped by {type(error).__name__}"
            self._take_down_after(error)
            raise
        finally:
            if view is not None:
                view.stop()
            self._signs.end(last_word)

    def _take_down_after(self, error: BaseException) -> None:
        """Whatever it was, nothing of ours may be left resting because of it."""
        if self._signs.phase is RunPhase.STOPPING:
            self.system.stop()
            return
        exit_code = error.exit_code if isinstance(error, UserError) else EXIT_SOFTWARE
        self._shut_down(Stop(who=f"{type(error).__name__}: {error}", exit_code=exit_code))

    def _until_stopped(self) -> int:
        self._start.start()
        while True:
            event = self.events.next(LOOK_EVERY_S)
            self._signs.beat()
            match event:
                case Stop():
                    return self._shut_down(event)
                case Kill(on, who):
                    self.system.switch_kill(on=on, who=who)
                case Reload():
                    self._reload()
                case StartFailed(error):
                    raise error
                case Started():
                    self._opened(self)
                    self._is_open = True
                    self._signs.enter(RunPhase.TRADING)
                case None:
                    pass
            self._look_at_the_clock()

    def _view_model(self) -> ViewModel:
        system, settings = self.system, self.system.settings
        return view_model(
            system.boards.markets.states(),
            system.boards.risk.state(),
            system.supervisor.supervision_status().children,
            self.telemetry.board.recent(),
            run=RunFacts(
                mode=settings.mode,
                venue=settings.venue.name,
                strategy=settings.strategy_name,
                speed=str(self.venue.clock.speed),
            ),
            killed_by=self.telemetry.board.killed_by(),
            realized=self.realized(),
            now=system.clock.now(),
            uptime=Duration(self.uptime_ns),
        )

    @property
    def uptime_ns(self) -> int:
        """Real time since the start."""
        return monotonic_ns() - self.began_ns

    # --- what is due --------------------------------------------------------------------------------------------

    def _look_at_the_clock(self) -> None:
        now = monotonic_ns()
        self.gate_history.look()
        if now >= self._next_heartbeat_ns:
            self._next_heartbeat_ns += HEARTBEAT_EVERY_NS
            self.system.record(self._heartbeat())
        if self._is_open:
            self._look_at_the_options()
        slept_ns = self._sleep.look()
        if slept_ns and not self.venue.is_embedded:
            who = f"the machine slept for {slept_ns // SECOND} s, and our clock with it"
            self.events.put(Stop(who=who, exit_code=EXIT_TRY_AGAIN))
        elif self.system.supervisor.ended.is_set():
            self.events.put(Stop(who=f"supervisor: {self._obituary()}", exit_code=EXIT_SOFTWARE))
        elif self.venue.child is not None:
            self._watch_the_child()

    def _look_at_the_options(self) -> None:
        self._switches.throw_due(Duration(self.uptime_ns))
        if self.options.duration is not None and self.uptime_ns >= self.options.duration:
            self.events.put(Stop(who="duration"))

    def _obituary(self) -> str:
        died = self.system.supervisor.obituary
        return "gone" if died is None else died.reason_text

    def _watch_the_child(self) -> None:
        child = self.venue.child
        assert child is not None
        if child.exit_code is not None:
            self.events.put(Stop(who=f"the embedded exchange ended with exit code {child.exit_code}", exit_code=70))
        elif self._is_open and self.roster.all_over() and self.venue.is_programme_over():
            self.events.put(Stop(who="every market is over"))

    def _heartbeat(self) -> Heartbeat:
        system = self.system
        steps = system.boards.markets.steps()
        children = system.supervisor.supervision_status().children
        inboxes = [child.inbox for child in children if child.inbox is not None]
        per_second = (steps - self._steps_at_heartbeat) * SECOND // HEARTBEAT_EVERY_NS
        self._steps_at_heartbeat = steps
        states = system.boards.markets.states()
        return Heartbeat(
            at=system.clock.now(),
            uptime_s=Duration(self.uptime_ns),
            markets=len(states),
            positions=sum(1 for state in states if state.position.sign),
            realized=self.realized(),
            messages=steps,
            messages_per_s=per_second,
            conflated=sum(inbox.conflated for inbox in inboxes),
            inbox_depth_max=max((inbox.depth for inbox in inboxes), default=0),
            decide_us_p50=system.boards.markets.step_percentile_us(50),
            decide_us_p99=system.boards.markets.step_percentile_us(99),
            lines_lost=self.telemetry.run.lines_lost,
        )

    def realized(self) -> Money:
        """What this run has realised, net of fees, dropped markets included."""
        held = sum(state.position.realized for state in self.system.boards.markets.states())
        return Money(held + self.roster.dropped_realized)

    # --- settings -----------------------------------------------------------------------------------------------

    def _reload(self) -> None:
        """SIGHUP: take over what may change while running, and say what needs a restart."""
        at, old = self.system.clock.now(), self.system.settings
        try:
            new = load(self.options.config_path, command_line=self.options.command_line, environ=os.environ).settings
        except SettingsError as error:
            self.system.record(ConfigReload(at=at, applied=(), needs_restart=(), error=str(error)))
            return
        applied, needs_restart = changes(old, new)
        taken_over = _taken_over(old, new)
        # The figures that the log is judged by, before the first order that follows them.
        markets = [state.market for state in self.system.boards.markets.states()]
        self.system.record(*(startup_check(market, taken_over.strategy_for(market.ticker), at) for market in markets))
        self.system.apply_settings(taken_over)
        if "trading.disable_new_quotes" in applied:
            self.system.switch_kill(on=new.trading.disable_new_quotes, who="setting")
        self.system.record(ConfigReload(at=at, applied=applied, needs_restart=needs_restart, error=None))

    # --- signals and the way down -------------------------------------------------------------------------------

    def take_signals(self) -> None:
        """From now on signals are events, and `run` acts on them at once, also while the start waits for the venue."""

        def take(number: int, act: Callable[[], None]) -> None:
            signal.signal(number, lambda _number, _frame: act())

        take(signal.SIGINT, lambda: self._asked_to_stop("SIGINT"))
        take(signal.SIGTERM, lambda: self._asked_to_stop("SIGTERM"))
        take(signal.SIGHUP, lambda: self.events.put(Reload()))
        take(signal.SIGUSR1, lambda: self.events.put(Kill(on=True, who="SIGUSR1")))
        take(signal.SIGUSR2, lambda: self.events.put(Kill(on=False, who="SIGUSR2")))

    def _asked_to_stop(self, who: str) -> None:
        """In the signal's own frame, so that a second one works even when the main thread is stuck."""
        if not self._is_stopping:
            self._is_stopping = True
            self.events.put(Stop(who=who))
            return
        live = [order.client_order_id for state in self.system.boards.markets.states() for order in state.orders]
        words = f"still open: {', '.join(live)}" if live else self._no_live_order()
        line = {"action": "shutdown_aborted", "level": "error", "run": self.system.run,
                "message": f"second {who}: stopped at once; {words}"}  # fmt: skip
        if self._view is not None:
            self._view.leave_now()
        os.write(sys.stderr.fileno(), (json.dumps(line, separators=(",", ":")) + "\n").encode())
        if self.venue.child is not None:
            os.kill(self.venue.child.pid, signal.SIGKILL)
        os._exit(EXIT_SECOND_SIGNAL)

    def _no_live_order(self) -> str:
        if self._is_open:
            return "no order of ours was known to be live"
        return "the start was not done: no order of this run was known to be live, an earlier run's may be"

    def _shut_down(self, reason: Stop) -> int:
        """Close the gate, cancel everything, confirm by the venue's own list, flush."""
        self._is_stopping = True
        self._signs.enter(RunPhase.STOPPING)
        self._start.abandon()
        system = self.system
        system.record(ShutdownBegin(at=system.clock.now(), who=reason.who))
        self.roster.stop()
        left = system.close_orders()
        self._let_markets_hear()
        is_clean = left is not None and left.is_confirmed and not left.open_orders
        exit_code = reason.exit_code or (0 if is_clean else EXIT_ORDERS_LEFT)
        system.record(self._done(left, exit_code))
        if not system.stop():
            self._say("some actors did not end in time")
        return exit_code

    def _let_markets_hear(self) -> None:
        """Until every market has told the end of its orders, so that the run's last line stands behind theirs."""
        pause = threading.Event()
        for _ in range(int(HEARING_TIMEOUT_S / HEARING_LOOK_S)):
            if not any(state.orders for state in self.system.boards.markets.states()):
                return
            pause.wait(HEARING_LOOK_S)

    def _done(self, left: OpenOrdersLeft | None, exit_code: int) -> ShutdownDone:
        is_known = left is not None and (left.is_confirmed or bool(left.open_orders))
        if left is None or not left.is_confirmed:
            self._say("the venue did not confirm in time that every order is cancelled")
        for client_order_id in () if left is None else left.open_orders:
            self._say(f"may still be open: {client_order_id}")
        positions = () if left is None else tuple(_position_text(ticker, net) for ticker, net in left.positions)
        return ShutdownDone(
            at=self.system.clock.now(),
            open_orders=len(left.open_orders) if left is not None and is_known else -1,
            positions=positions,
            realized=self.realized(),
            exit_code=exit_code,
        )

    def _say(self, message: str) -> None:
        self.system.record(
            LibraryLog(at=self.system.clock.now(), logger="edgelock.run", severity="WARNING", message=message)
        )


def _taken_over(old: Settings, new: Settings) -> Settings:
    """The old settings with what a running bot may change replaced; the rest waits for a restart."""
    sections = {name: getattr(new, name) for name in RELOADABLE if "." not in name}
    sections["risk"] = new.risk.model_copy(update={"stale_after": old.risk.stale_after})
    trading = old.trading.model_copy(update={"disable_new_quotes": new.trading.disable_new_quotes})
    return old.model_copy(update={**sections, "trading": trading})


def _position_text(ticker: str, net: int) -> str:
    whole, rest = divmod(abs(net), CONTRACT)
    sign = "-" if net < 0 else ""
    return f"{ticker} {sign}{whole}.{rest:02d}"
