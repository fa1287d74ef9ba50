"""The infrastructure: starts in its order, and when one dies, it and all that started after it start again.

A death in it means: the one-for-one children are stopped, all at once; then the infrastructure that started after the
dead one, in reverse order; and after the back-off, which begins at the death, everything from the dead one on starts in
order. More deaths than the shared budget allows, or one that does not come back or does not stop, is escalated.
"""

from collections.abc import Callable

from edgelock.actors import notices as notice
from edgelock.actors.cell import ALIVE, Cell, ChildState
from edgelock.actors.crash_record import CrashRecord
from edgelock.actors.one_for_one import OneForOne
from edgelock.actors.restart_events import RestartBudget
from edgelock.actors.supervision_tree import SupervisionTree
from edgelock.actors.supervisor_messages import InfrastructureDue

STARTABLE = frozenset({ChildState.NEW, ChildState.BACKOFF, ChildState.WAITING})


class RestForOne:
    """`budget` is that of all infrastructure together; `jitter` a number in 0..1, drawn once per death."""

    def __init__(
        self, tree: SupervisionTree, others: OneForOne, *, budget: RestartBudget, jitter: Callable[[], float]
    ) -> None:
        self.budget = budget
        self._tree = tree
        self._others = others
        self._jitter = jitter
        self._record = CrashRecord(budget=budget)
        self._round = 0
        self._is_due = True
        self._is_falling = False

    def restarts_in_window(self) -> int:
        """Deaths that count against the shared budget now."""
        return self._record.in_window(self._tree.now())

    def start_next(self) -> None:
        """Start the next infrastructure child; when all are up, everybody else."""
        if self._tree.is_frozen or self._tree.is_ready or self._is_falling:
            return
        for cell in self._tree.children.infrastructure():
            if cell.state in STARTABLE:
                self._tree.launch(cell)
            if cell.state is not ChildState.RUNNING:
                return
        self._tree.is_ready = True
        self._record = self._record.ready(self._tree.now())
        self._tree.tell(notice.InfrastructureReady())
        self._others.start_waiting()

    def crashed(self, cell: Cell, reason: str, signature: str) -> None:
        """One of it died."""
        if self._tree.is_frozen:
            self._tree.children.close(cell)
            return
        self._tree.is_ready = False
        self._record = self._record.crashed(f"{cell.spec.name}: {signature}", self._tree.now())
        too_much = self._record.beyond_budget()
        if too_much is not None:
            self.give_up(cell, f"{reason}; {too_much}")
            return
        self._tree.children.back_off(cell)
        self._begin_again(cell, reason, self._record.backoff_ns(self._jitter()))

    def give_up(self, cell: Cell, reason: str) -> None:
        """It is not to be replaced."""
        self._tree.children.close(cell)
        self._tree.escalate(cell.spec.name, reason)

    def _begin_again(self, cell: Cell, reason: str, backoff_ns: int) -> None:
        cell.backoff_ns = backoff_ns
        cell.due_ns = self._tree.now() + backoff_ns
        self._is_falling, self._is_due = True, False
        self._round += 1
        self._tree.after("infrastructure", backoff_ns, InfrastructureDue(self._round))
        after_it = tuple(later.spec.name for later in self._living_after_the_dead())
        stopped = (*self._others.hold_all(), *after_it)
        self._tree.tell(
            notice.InfrastructureRestarting(name=cell.spec.name, reason=reason, stopped=stopped, backoff_ns=backoff_ns)
        )
        self.proceed()

    def due(self, number: int) -> None:
        """The back-off of this round is over."""
        if number == self._round:
            self._is_due = True
            self.proceed()

    def returns(self, cell: Cell) -> None:
        """It was stopped because one before it died."""
        cell.is_held = False
        self._tree.children.wait(cell)

    def proceed(self) -> None:
        """Something that was to end has ended, or the back-off has: go on with the fall, then with the rise."""
        if not self._is_falling or self._tree.is_frozen:
            return
        if any(cell.state is ChildState.STOPPING for cell in self._tree.children.others()):
            return
        if any(cell.state is ChildState.STOPPING for cell in self._tree.children.infrastructure()):
            return
        for cell in self._living_after_the_dead():
            cell.is_held, cell.backoff_ns = True, 0
            self._tree.stop(cell)
            return
        if self._is_due:
            self._is_falling = False
            self.start_next()

    def _living_after_the_dead(self) -> list[Cell]:
        """In the order in which they are stopped."""
        cells = list(self._tree.children.infrastructure())
        dead = next(place for place, cell in enumerate(cells) if cell.state is ChildState.BACKOFF)
        return [cell for cell in reversed(cells[dead:]) if cell.state in ALIVE]
