"""The supervisor: starts the children of its table, hears of every death, and decides nothing itself.

Whether and when a child returns is decided by `restart_policy` (pure); this actor carries it out. It is the only one
that holds actors and inboxes. It never waits: a child is up when its `Started` arrives, down when its `Died` does,
and every patience is a deadline at the timer. It is itself watched by the program, through `ended` and `obituary`.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edgelock.actors import notices as notice
from edgelock.actors import restart_events as restart
from edgelock.actors import restart_policy as policy
from edgelock.actors.address import Address
from edgelock.actors.base import SupervisedActor, signature_of
from edgelock.actors.cell import ALIVE, Cell, ChildState
from edgelock.actors.child_spec import ChildKind, ChildSpec
from edgelock.actors.child_table import ChildTable
from edgelock.actors.inbox import LanedInbox
from edgelock.actors.lifecycle import Died, Incarnation, Started
from edgelock.actors.notices import Notice
from edgelock.actors.supervision_status import SupervisionStatus, status_of
from edgelock.actors.supervisor_messages import (
    AddChild,
    PolicyTimer,
    RemoveChild,
    RestartChild,
    Shutdown,
    StartChildren,
    StopDeadline,
    WatchTick,
)
from edgelock.actors.timer import Timer, TimerKey
from edgelock.actors.watchdog import Accusation, accuse


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionLimits:
    """The numbers that are not one child's. Times are real nanoseconds.

    watch_every_ns    pause between two rounds of the watchdog
    starved_after_ns  a round later than this accuses nobody: the process was starved, not its actors
    zombies_max       more abandoned threads alive than this, and the program should start afresh
    """

    storm: restart.StormRule = restart.StormRule()
    watch_every_ns: int = restart.SECOND_NS // 4
    starved_after_ns: int = 5 * restart.SECOND_NS // 2
    zombies_max: int = 8


class Supervisor(SupervisedActor):
    """The root of the tree. `launch` it, tell its `address`, end it with `shut_down`, read `supervision_status`.

    infrastructure  children in start order; each starts when the one before is ready
    timer           must outlive the supervisor, for its deadlines
    notices         called in the supervisor's thread; must not block
    jitter          a number in 0..1, drawn once per crash
    """

    def __init__(
        self,
        *,
        infrastructure: Sequence[ChildSpec],
        timer: Timer,
        notices: Callable[[Notice], None],
        monotonic_ns: Callable[[], int],
        jitter: Callable[[], float],
        limits: SupervisionLimits | None = None,
        name: str = "supervisor",
    ) -> None:
        address, inbox = Address(name), LanedInbox(monotonic_ns)
        address.point_at(inbox)
        super().__init__(
            Incarnation(name=name, number=1, address=address, inbox=inbox, supervisor=None, monotonic_ns=monotonic_ns)
        )
        self.address = address
        self._now = monotonic_ns
        self._timer = timer
        self._jitter = jitter
        self._limits = limits or SupervisionLimits()
        self._tell_world = notices
        # Guards the table, so that `supervision_status` may be read from any thread.
        self._table = threading.RLock()
        self._unsent: list[Notice] = []
        self._notices_failed = 0
        self._children = ChildTable(address, monotonic_ns)
        self._policy = policy.RestartState(rule=self._limits.storm)
        self._is_started = False
        self._is_ready = False
        self._is_stopping = False
        self._escalated: str | None = None
        for spec in infrastructure:
            if spec.kind is not ChildKind.INFRASTRUCTURE or spec.name in self._children:
                raise ValueError(f"{spec.name} must be infrastructure, and in the table once")
            self._children.take_in(spec)

    def shut_down(self, timeout_s: float) -> bool:
        """Stop everything in order and wait for it; not from an actor. True when it ended in time."""
        self.address.tell(Shutdown())
        return self.ended.wait(timeout_s)

    def supervision_status(self) -> SupervisionStatus:
        """The tree at this moment; from any thread."""
        with self._table:
            now_ns = self._now()
            return SupervisionStatus(
                children=tuple(
                    status_of(
                        cell,
                        restarts_in_window=self._policy.restarts_in_window(cell.spec.name, now_ns),
                        now_ns=now_ns,
                    )
                    for cell in self._children
                ),
                is_stopping=self._is_stopping,
                is_storm=self._policy.storm is not None,
                escalated=self._escalated,
                zombies=self._children.zombies(),
                notices_failed=self._notices_failed,
            )

    def handle(self, message: Any) -> None:
        """Carry out one message, then tell the world what came of it."""
        with self._table:
            self._carry_out(message)
            unsent, self._unsent = self._unsent, []
        for each in unsent:
            try:
                self._tell_world(each)
            except Exception:  # noqa: BLE001 - supervision must outlive its spectators
                self._notices_failed += 1

    def _carry_out(self, message: Any) -> None:
        match message:
            case Started():
                self._child_started(message)
            case Died():
                self._child_died(message)
            case WatchTick():
                self._watch(message)
            case StopDeadline():
                self._give_up_waiting(message)
            case PolicyTimer():
                self._consult(message.event)
            case StartChildren():
                self._start_children()
            case AddChild():
                self._add(message.spec)
            case RemoveChild():
                self._remove(message.name)
            case RestartChild():
                self._restart(message.name)
            case Shutdown():
                self._shut_down()
            case _:
                self._refuse("?", type(message).__name__, "a supervisor does not understand this")

    # Start.

    def _start_children(self) -> None:
        if self._is_started or self._is_frozen():
            return
        self._is_started = True
        self._schedule_watch()
        self._start_next()

    def _start_next(self) -> None:
        """Start the next infrastructure child; when all are up, everybody else."""
        if self._is_frozen() or self._is_ready:
            return
        for cell in self._children.infrastructure():
            if cell.state is ChildState.NEW:
                self._launch(cell)
            if cell.state is not ChildState.RUNNING:
                return
        self._is_ready = True
        self._unsent.append(notice.InfrastructureReady())
        for cell in self._children.others():
            self._launch(cell)

    def _launch(self, cell: Cell) -> None:
        try:
            self._children.launch(cell)
        except BaseException as error:  # noqa: BLE001 - firewall: a child's constructor runs in this thread
            reason = f"{type(error).__name__}: {error}"
            self._crashed(cell, reason=reason, signature=signature_of(error), phase="launch")

    def _child_started(self, message: Started) -> None:
        cell = self._children.present(message.name, message.incarnation)
        if cell is None or cell.state is not ChildState.STARTING:
            return
        cell.move_to(ChildState.RUNNING, self._now())
        if cell.down_since_ns is None:
            self._unsent.append(notice.ChildStarted(name=message.name, incarnation=message.incarnation))
        else:
            self._unsent.append(
                notice.ChildRestarted(
                    name=message.name,
                    incarnation=message.incarnation,
                    restarts_in_window=self._policy.restarts_in_window(message.name, self._now()),
                    backoff_ns=cell.backoff_ns,
                    down_ns=self._now() - cell.down_since_ns,
                )
            )
        self._consult(restart.Ready(name=message.name))
        self._start_next()

    # Death.

    def _child_died(self, message: Died) -> None:
        cell = self._children.present(message.name, message.incarnation)
        if cell is None:
            return
        cell.actor = None
        if cell.state is ChildState.STOPPING and message.expected:
            self._ended(cell, is_abandoned=False)
            return
        self._crashed(
            cell,
            reason=message.reason_text if not message.expected else "stopped by itself",
            signature=message.signature,
            phase=message.phase,
            message=message.message,
            traceback=message.traceback_text,
        )

    def _crashed(
        self, cell: Cell, *, reason: str, signature: str, phase: str, message: str = "", traceback: str = ""
    ) -> None:
        self._unsent.append(
            notice.ChildCrashed(
                name=cell.spec.name,
                incarnation=cell.incarnation,
                reason=reason,
                signature=signature,
                phase=phase,
                message=message,
                traceback=traceback,
            )
        )
        if message:
            cell.fatal_messages += 1
        self._after_crash(cell, reason, signature)

    def _hung(self, cell: Cell, accusation: Accusation) -> None:
        self._unsent.append(
            notice.ChildHung(
                name=cell.spec.name,
                incarnation=cell.incarnation,
                busy_with=accusation.doing,
                busy_ns=accusation.for_ns,
                stack=accusation.stack,
            )
        )
        self._children.abandon(cell)
        self._after_crash(cell, f"hung: {accusation.doing}", f"Hung@{accusation.doing}")

    def _after_crash(self, cell: Cell, reason: str, signature: str) -> None:
        cell.last_signature, cell.last_crash = signature, reason
        cell.down_since_ns = self._now()
        if cell.state is ChildState.STOPPING:
            self._ended(cell, is_abandoned=False)
            return
        self._timer.retire(cell.spec.name, cell.incarnation)
        if cell.spec.kind is ChildKind.INFRASTRUCTURE or self._is_frozen():
            self._children.close(cell)
            if cell.spec.kind is ChildKind.INFRASTRUCTURE:
                self._escalate(cell.spec.name, reason)
            return
        # From here on the mail waits for the next life, with what this life left unread in front.
        self._children.expect(cell)
        self._consult(restart.Crashed(name=cell.spec.name, signature=signature, jitter=self._jitter()))

    def _escalate(self, name: str, reason: str) -> None:
        if self._escalated is None and not self._is_stopping:
            self._escalated = f"{name}: {reason}"
            self._unsent.append(notice.Escalated(name=name, reason=reason))

    # Restart.

    def _consult(self, event: restart.Event) -> None:
        """Ask the policy, and do what it says unless nothing is to be restarted any more."""
        self._policy, actions = policy.after(self._policy, event, self._now())
        for action in actions:
            if not self._is_frozen():
                self._act(action)

    def _act(self, action: restart.Action) -> None:
        match action:
            case restart.RestartAfter():
                cell = self._children[action.name]
                if cell.state is not ChildState.BACKOFF:
                    cell.move_to(ChildState.BACKOFF, self._now())
                cell.backoff_ns = action.delay_ns
                cell.due_ns = self._now() + action.delay_ns
                elapsed = restart.BackoffElapsed(name=action.name)
                self._after(f"restart {action.name}", action.delay_ns, PolicyTimer(elapsed))
            case restart.Restart():
                cell = self._children[action.name]
                if cell.state in (ChildState.BACKOFF, ChildState.QUARANTINED, ChildState.STOPPING):
                    self._timer.cancel(self._key(f"restart {action.name}"))
                    self._launch(cell)
            case restart.Quarantine():
                self._quarantine(action)
            case restart.StormBegan():
                self._unsent.append(notice.StormHeld(children=action.children, hold_ns=action.hold_ns))
                self._after("storm", action.hold_ns, PolicyTimer(restart.HoldElapsed(round=action.round)))
            case restart.TryProbe():
                self._after("storm", action.trial_ns, PolicyTimer(restart.TrialElapsed(round=action.round)))
            case restart.StormEnded():
                self._unsent.append(notice.StormOver(probe=action.probe))

    def _quarantine(self, action: restart.Quarantine) -> None:
        cell = self._children[action.name]
        self._children.quarantine(cell)
        self._unsent.append(
            notice.ChildQuarantined(
                name=action.name,
                incarnation=cell.incarnation,
                reason=action.reason,
                restarts_in_window=action.restarts_in_window,
                signature=cell.last_signature or "",
            )
        )

    # Requests.

    def _add(self, spec: ChildSpec) -> None:
        if self._is_frozen():
            self._refuse(spec.name, "add", "nothing is started any more")
        elif spec.name in self._children:
            self._refuse(spec.name, "add", "is in the table already")
        elif spec.kind is not ChildKind.ONE_FOR_ONE:
            self._refuse(spec.name, "add", "infrastructure is declared at construction")
        else:
            cell = self._children.take_in(spec)
            self._consult(restart.Added(name=spec.name, budget=spec.budget))
            if self._is_ready:
                self._launch(cell)

    def _remove(self, name: str) -> None:
        cell = self._requested(name, "remove")
        if cell is None:
            return
        cell.is_leaving = True
        if cell.state in ALIVE:
            self._stop_child(cell)
        elif cell.state is not ChildState.STOPPING:
            self._ended(cell, is_abandoned=False)

    def _restart(self, name: str) -> None:
        cell = self._requested(name, "restart")
        if cell is None:
            return
        if cell.state in ALIVE:
            cell.is_restart_wanted = True
            self._stop_child(cell)
        elif cell.state in (ChildState.BACKOFF, ChildState.QUARANTINED):
            self._consult(restart.OperatorRestart(name=name))
        else:
            self._refuse(name, "restart", f"is {cell.state}")

    def _requested(self, name: str, request: str) -> Cell | None:
        cell = self._children.get(name)
        if cell is None:
            self._refuse(name, request, "is not in the table")
        elif cell.spec.kind is ChildKind.INFRASTRUCTURE:
            self._refuse(name, request, "is infrastructure, which starts and stops with the program")
        elif self._is_frozen():
            self._refuse(name, request, "nothing is started any more")
        else:
            return cell
        return None

    def _refuse(self, name: str, request: str, reason: str) -> None:
        self._unsent.append(notice.RequestRefused(name=name, request=request, reason=reason))

    # Stop.

    def _shut_down(self) -> None:
        if self._is_stopping:
            return
        self._is_stopping = True
        self._timer.cancel(self._key("watch"))
        for cell in self._children.others():
            self._stop_or_close(cell)
        self._continue_shutdown()

    def _continue_shutdown(self) -> None:
        """The others first, all at once; then infrastructure in reverse start order, one by one; then ourselves."""
        if any(cell.state is ChildState.STOPPING for cell in self._children.others()):
            return
        for cell in reversed(self._children.infrastructure()):
            self._stop_or_close(cell)
            if cell.state is ChildState.STOPPING:
                return
        self._timer.retire(self.incarnation.name, self.incarnation.number)
        self.stop()

    def _stop_or_close(self, cell: Cell) -> None:
        if cell.state in ALIVE:
            self._stop_child(cell)
        elif cell.state not in (ChildState.STOPPING, ChildState.STOPPED):
            self._children.close(cell)

    def _stop_child(self, cell: Cell) -> None:
        self._children.tell_to_stop(cell)
        cell.down_since_ns = self._now()
        deadline = StopDeadline(cell.spec.name, cell.incarnation)
        self._after(f"stop {cell.spec.name}", cell.spec.shutdown_ns, deadline)

    def _give_up_waiting(self, message: StopDeadline) -> None:
        cell = self._children.present(message.name, message.incarnation)
        if cell is not None and cell.state is ChildState.STOPPING:
            self._children.abandon(cell)
            self._ended(cell, is_abandoned=True)

    def _ended(self, cell: Cell, *, is_abandoned: bool) -> None:
        """A life that was told to stop is over; or a child that is to be forgotten has none."""
        name = cell.spec.name
        self._timer.cancel(self._key(f"stop {name}"))
        self._timer.cancel(self._key(f"restart {name}"))
        self._timer.retire(name, cell.incarnation)
        self._unsent.append(notice.ChildStopped(name=name, incarnation=cell.incarnation, is_abandoned=is_abandoned))
        if cell.is_restart_wanted and not cell.is_leaving and not self._is_frozen():
            cell.is_restart_wanted = False
            cell.backoff_ns = 0
            self._children.expect(cell)
            self._consult(restart.OperatorRestart(name=name))
            return
        self._children.close(cell)
        if cell.is_leaving:
            self._children.forget(cell)
            self._consult(restart.Removed(name=name))
        if self._is_stopping:
            self._continue_shutdown()

    # Watching.

    def _watch(self, tick: WatchTick) -> None:
        if self._is_stopping:
            return
        late_ns = self._now() - tick.due_ns
        if late_ns > self._limits.starved_after_ns:
            self._unsent.append(notice.WatchdogStarved(late_ns=late_ns))
        else:
            for cell in self._children:
                accusation = accuse(cell, self._now())
                if accusation is not None:
                    self._hung(cell, accusation)
        zombies = self._children.zombies()
        if zombies > self._limits.zombies_max:
            self._escalate(self.incarnation.name, f"{zombies} abandoned threads are alive")
        self._schedule_watch()

    def _schedule_watch(self) -> None:
        due_ns = self._now() + self._limits.watch_every_ns
        self._timer.schedule(self._key("watch"), due_ns, self.address, WatchTick(due_ns))

    def _is_frozen(self) -> bool:
        """Nothing is started or restarted any more."""
        return self._is_stopping or self._escalated is not None

    def _after(self, purpose: str, delay_ns: int, message: PolicyTimer | StopDeadline) -> None:
        self._timer.schedule(self._key(purpose), self._now() + delay_ns, self.address, message)

    def _key(self, purpose: str) -> TimerKey:
        return TimerKey(self.incarnation.name, self.incarnation.number, purpose)
