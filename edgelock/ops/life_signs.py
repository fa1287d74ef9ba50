"""The run's life-signs: a thread that looks at everything that matters and, while all of it comes back, says so.

Silence is the alarm. The thread is its own, because a start waits for the venue and a stop for the exchange's word,
and neither may pass for a death; a main thread that is stuck silences it all the same, since it must come round. A C
call that keeps the interpreter lock, and a disk that never returns, silence it without anybody's help.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from edgelock.actors.clock import monotonic_ns, wall_clock_ns
from edgelock.actors.supervisor import Supervisor
from edgelock.core.facts import FeedStatus
from edgelock.core.market_state import MarketState
from edgelock.ops.alive_file import LifeSign, text_of, write_sign
from edgelock.ops.health import Health, RunPhase, Vitals, health
from edgelock.ops.service_notify import READY, STOPPING, WATCHDOG, ServiceNotify, status_line

EVERY_S = 1.0
PER_WATCHDOG = 3
"""Signs within the manager's patience, so that one that is lost or late is no death."""
STOP_TIMEOUT_S = 1.0


class LifeSigns:
    """`start` it, `beat` on every turn of the main loop, `enter` each phase, `end` with the last word.

    markets          the markets' boards
    journal_trouble  what is wrong with the journal, None when nothing is; must not block
    notify           the service manager; None without one
    say              takes one line for people, when the sign cannot be written
    """

    def __init__(
        self,
        *,
        run: str,
        directory: Path,
        supervisor: Supervisor,
        markets: Callable[[], tuple[MarketState, ...]],
        journal_trouble: Callable[[], str | None],
        notify: ServiceNotify | None,
        say: Callable[[str], None],
        monotonic: Callable[[], int] = monotonic_ns,
    ) -> None:
        self._run_id = run
        self._directory = directory
        self._supervisor = supervisor
        self._markets = markets
        self._journal_trouble = journal_trouble
        self._notify = notify
        self._say = say
        self._monotonic = monotonic
        now_ns = monotonic()
        self._phase = RunPhase.STARTING
        self._phase_since_ns = self._main_ns = self._supervisor_ns = now_ns
        self._supervisor_count = -1
        self._status = ""
        self._trouble: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="life signs", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def beat(self) -> None:
        """The main thread has come round."""
        self._main_ns = self._monotonic()

    @property
    def phase(self) -> RunPhase:
        """The one that was entered last."""
        return self._phase

    def enter(self, phase: RunPhase) -> None:
        """The run's next phase; the service manager is told at once."""
        self.beat()
        self._phase_since_ns = self._monotonic()
        self._phase = phase
        if self._notify is not None and phase is not RunPhase.STARTING:
            self._notify.tell(READY if phase is RunPhase.TRADING else STOPPING)

    def end(self, last_word: str) -> None:
        """No more signs; the file says why."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_TIMEOUT_S)
        if not self._thread.is_alive():
            self._write(Health(is_alive=False, is_ready=False, why=last_word))

    def look(self) -> Health:
        """Look once, and say what was found. Only a living run speaks to the service manager's watchdog."""
        found = health(self._vitals())
        if found.is_alive and self._notify is not None and self._notify.watchdog_s is not None:
            self._notify.tell(WATCHDOG)
        self._tell_status(found)
        self._write(found)
        return found

    def _tell_status(self, found: Health) -> None:
        if self._notify is not None and found.why != self._status:
            self._status = found.why
            self._notify.tell(status_line(found.why))

    def _write(self, found: Health) -> None:
        sign = LifeSign(
            pid=os.getpid(),
            run=self._run_id,
            at=text_of(wall_clock_ns()),
            alive=found.is_alive,
            healthy=found.is_ready,
            why=found.why,
        )
        try:
            write_sign(self._directory, sign)
            trouble = None
        except OSError as error:
            trouble = f"the life-sign cannot be written: {error.strerror}"
        if trouble is not None and trouble != self._trouble:
            self._say(trouble)
        self._trouble = trouble

    def _vitals(self) -> Vitals:
        supervisor, states = self._supervisor, self._markets()
        now_ns = self._monotonic()
        count = supervisor.handled_count
        if count != self._supervisor_count:
            self._supervisor_count, self._supervisor_ns = count, now_ns
        return Vitals(
            phase=self._phase,
            phase_ns=now_ns - self._phase_since_ns,
            main_silent_ns=now_ns - self._main_ns,
            supervisor_silent_ns=now_ns - self._supervisor_ns,
            is_supervisor_gone=supervisor.ended.is_set(),
            supervision=supervisor.supervision_status(),
            markets=len(states),
            feeds_live=sum(1 for state in states if state.feed is FeedStatus.LIVE),
            journal_trouble=self._journal_trouble(),
        )

    def _every_s(self) -> float:
        watchdog_s = None if self._notify is None else self._notify.watchdog_s
        return EVERY_S if watchdog_s is None else min(EVERY_S, watchdog_s / PER_WATCHDOG)

    def _run(self) -> None:
        every_s = self._every_s()
        while not self._stopping.wait(every_s):
            self.look()
