"""The supervisor: the actor that hears of every start, death and silence of its children, and hands it to who decides.

`rest_for_one` runs the infrastructure, `one_for_one` the others, `ordered_stop` the end, `watchdog` finds who hangs. It
is the only one that holds actors and inboxes. It never waits: a child is up when its `Started` arrives, down when its
`Died` does, and every patience is a deadline at the timer. It is itself watched by the program, through `ended` and
`obituary`.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from edgelock.actors import notices as notice
from edgelock.actors.address import Address
from edgelock.actors.base import SupervisedActor
from edgelock.actors.cell import Cell, ChildState
from edgelock.actors.child_spec import ChildKind, ChildSpec, RestartType
from edgelock.actors.inbox import LanedInbox
from edgelock.actors.lifecycle import Died, Incarnation, Started
from edgelock.actors.notices import Notice
from edgelock.actors.one_for_one import OneForOne
from edgelock.actors.ordered_stop import OrderedStop
from edgelock.actors.rest_for_one import RestForOne
from edgelock.actors.supervision_limits import SupervisionLimits
from edgelock.actors.supervision_status import ChildStatus, SupervisionStatus, status_of
from edgelock.actors.supervision_tree import SupervisionTree
from edgelock.actors.supervisor_messages import (
    AddChild,
    InfrastructureDue,
    PolicyTimer,
    RemoveChild,
    RestartChild,
    Shutdown,
    StartChildren,
    StopDeadline,
    WatchTick,
)
from edgelock.actors.timer import Timer
from edgelock.actors.watchdog import Accusation, Watchdog

INFRASTRUCTURE = ChildKind.INFRASTRUCTURE


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
        self._limits = limits or SupervisionLimits()
        self._tell_world = notices
        # Guards the tree, so that `supervision_status` may be read from any thread.
        self._guard = threading.RLock()
        self._notices_failed = 0
        self._is_started = False
        self._tree = SupervisionTree(address, timer, monotonic_ns)
        self._others = OneForOne(self._tree, storm=self._limits.storm, jitter=jitter)
        self._infrastructure = RestForOne(self._tree, self._others, budget=self._limits.infrastructure, jitter=jitter)
        self._stopping = OrderedStop(self._tree)
        self._watchdog = Watchdog(self._limits)
        for spec in infrastructure:
            if spec.kind is not INFRASTRUCTURE or spec.name in self._tree.children:
                raise ValueError(f"{spec.name} must be infrastructure, and in the table once")
            if spec.restart is not RestartType.PERMANENT:
                raise ValueError(f"{spec.name} is infrastructure, which is permanent")
            self._tree.children.take_in(spec)

    def shut_down(self, timeout_s: float) -> bool:
        """Stop everything in order and wait for it; not from an actor. True when it ended in time."""
        self.address.tell(Shutdown())
        return self.ended.wait(timeout_s)

    def supervision_status(self) -> SupervisionStatus:
        """The tree at this moment; from any thread."""
        with self._guard:
            return SupervisionStatus(
                children=tuple(self._status_of(cell) for cell in self._tree.children),
                is_stopping=self._tree.is_stopping,
                is_storm=self._others.is_storm,
                escalated=self._tree.escalated,
                zombies=self._tree.children.zombies(),
                notices_failed=self._notices_failed,
            )

    def _status_of(self, cell: Cell) -> ChildStatus:
        return status_of(
            cell,
            restarts_in_window=self._restarts_in_window(cell),
            budget=self._limits.infrastructure if cell.spec.kind is INFRASTRUCTURE else cell.spec.budget,
            now_ns=self._tree.now(),
        )

    def _restarts_in_window(self, cell: Cell) -> int:
        if cell.spec.kind is INFRASTRUCTURE:
            return self._infrastructure.restarts_in_window()
        return self._others.restarts_in_window(cell.spec.name)

    def handle(self, message: Any) -> None:
        """Carry out one message, then tell the world what came of it."""
        with self._guard:
            self._carry_out(message)
            untold = self._tree.take_untold()
        for each in untold:
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
                self._others.consult(message.event)
            case InfrastructureDue():
                self._infrastructure.due(message.round)
            case StartChildren():
                self._start_children()
            case AddChild():
                self._others.add(message.spec)
            case RemoveChild():
                self._remove(message.name)
            case RestartChild():
                self._others.restart(message.name)
            case Shutdown():
                self._shut_down()
            case _:
                reason = "a supervisor does not understand this"
                self._tree.tell(notice.RequestRefused(name="?", request=type(message).__name__, reason=reason))

    # Beginnings.

    def _start_children(self) -> None:
        if self._is_started or self._tree.is_frozen:
            return
        self._is_started = True
        self._schedule_watch()
        self._infrastructure.start_next()

    def _child_started(self, message: Started) -> None:
        cell = self._tree.children.present(message.name, message.incarnation)
        if cell is None or cell.state is not ChildState.STARTING:
            return
        cell.move_to(ChildState.RUNNING, self._tree.now())
        if cell.down_since_ns is None:
            self._tree.tell(notice.ChildStarted(name=message.name, incarnation=message.incarnation))
        else:
            self._tree.tell(
                notice.ChildRestarted(
                    name=message.name,
                    incarnation=message.incarnation,
                    restarts_in_window=self._restarts_in_window(cell),
                    backoff_ns=cell.backoff_ns,
                    down_ns=self._tree.now() - cell.down_since_ns,
                )
            )
        if cell.spec.kind is INFRASTRUCTURE:
            self._infrastructure.start_next()
        else:
            self._others.ready(cell)

    # Ends.

    def _child_died(self, message: Died) -> None:
        cell = self._tree.children.present(message.name, message.incarnation)
        if cell is None:
            return
        cell.actor = None
        if message.expected and cell.spec.restart is RestartType.TRANSIENT:
            cell.is_leaving = True
        if message.expected and (cell.state is ChildState.STOPPING or cell.is_leaving):
            self._ended(cell, is_abandoned=False)
            return
        reason = message.reason_text if not message.expected else "stopped by itself"
        self._tree.record_crash(cell, reason, message)
        if cell.state is ChildState.STOPPING:
            self._ended(cell, is_abandoned=False)
        elif cell.spec.kind is INFRASTRUCTURE:
            self._infrastructure.crashed(cell, reason, message.signature)
        else:
            self._others.crashed(cell, message.signature)

    def _hung(self, accusation: Accusation) -> None:
        cell, reason = accusation.cell, f"hung: {accusation.doing}"
        signature = f"Hung@{accusation.doing}"
        self._tree.record_hang(cell, accusation, reason, signature)
        if cell.spec.kind is INFRASTRUCTURE:
            self._infrastructure.give_up(cell, reason)
        else:
            self._others.crashed(cell, signature)

    def _remove(self, name: str) -> None:
        cell = self._others.remove(name)
        if cell is not None:
            self._ended(cell, is_abandoned=False)

    def _give_up_waiting(self, message: StopDeadline) -> None:
        cell = self._tree.children.present(message.name, message.incarnation)
        if cell is not None and cell.state is ChildState.STOPPING:
            self._tree.children.abandon(cell)
            self._ended(cell, is_abandoned=True)

    def _ended(self, cell: Cell, *, is_abandoned: bool) -> None:
        """A life that was told to stop is over; or a child that is to be forgotten has none."""
        self._tree.bury(cell)
        self._tree.tell(
            notice.ChildStopped(name=cell.spec.name, incarnation=cell.incarnation, is_abandoned=is_abandoned)
        )
        if self._tree.is_frozen or cell.is_leaving:
            self._tree.children.close(cell)
            if cell.is_leaving:
                self._others.forget(cell)
        elif cell.spec.kind is not INFRASTRUCTURE:
            cell.backoff_ns = 0
            self._others.returns(cell)
        elif is_abandoned:
            # Two of them in one process would be worse than none.
            self._infrastructure.give_up(cell, "did not stop in time")
        else:
            self._infrastructure.returns(cell)
        if self._tree.is_stopping:
            self._continue_stop()
        else:
            self._infrastructure.proceed()

    def _shut_down(self) -> None:
        if not self._tree.is_stopping:
            self._stopping.begin()
            self._continue_stop()

    def _continue_stop(self) -> None:
        if self._stopping.proceed():
            self.stop()

    # Watching.

    def _watch(self, tick: WatchTick) -> None:
        if self._tree.is_stopping:
            return
        now_ns = self._tree.now()
        if self._watchdog.is_starved(now_ns - tick.due_ns, now_ns):
            self._tree.tell(notice.WatchdogStarved(late_ns=now_ns - tick.due_ns))
        for accusation in self._watchdog.accused(self._tree.children, now_ns):
            self._hung(accusation)
        for name, depth in self._watchdog.deep(self._tree.children, now_ns):
            self._tree.tell(notice.MailboxDeep(name=name, depth=depth))
        zombies = self._tree.children.zombies()
        if zombies > self._limits.zombies_max:
            self._tree.escalate(self.incarnation.name, f"{zombies} abandoned threads are alive")
        self._schedule_watch()

    def _schedule_watch(self) -> None:
        pause_ns = self._limits.watch_every_ns
        self._tree.after("watch", pause_ns, WatchTick(self._tree.now() + pause_ns))
