"""The children that live and die by themselves: added, removed, restarted, held back and quarantined one by one.

Whether and when one returns is decided by `restart_policy` (pure); this carries it out. None of them is started before
all infrastructure is up: until then a child that is due waits.
"""

from collections.abc import Callable

from edgelock.actors import notices as notice
from edgelock.actors import restart_events as events
from edgelock.actors import restart_policy as policy
from edgelock.actors.cell import ALIVE, Cell, ChildState
from edgelock.actors.child_spec import ChildKind, ChildSpec
from edgelock.actors.supervision_tree import SupervisionTree
from edgelock.actors.supervisor_messages import PolicyTimer


class OneForOne:
    """`jitter` is a number in 0..1, drawn once per crash."""

    def __init__(self, tree: SupervisionTree, *, storm: events.StormRule, jitter: Callable[[], float]) -> None:
        self._tree = tree
        self._jitter = jitter
        self._policy = policy.RestartState(rule=storm)

    @property
    def is_storm(self) -> bool:
        """Restarts are held because many crashed together."""
        return self._policy.storm is not None

    def restarts_in_window(self, name: str) -> int:
        """Crashes that count against this child's budget now."""
        return self._policy.restarts_in_window(name, self._tree.now())

    # Together with the infrastructure.

    def start_waiting(self) -> None:
        """Infrastructure is up: start everybody who was waiting for that."""
        for cell in self._tree.children.others():
            if cell.state in (ChildState.NEW, ChildState.WAITING):
                self._tree.launch(cell)

    def hold_all(self) -> tuple[str, ...]:
        """Infrastructure is down: stop everybody who lives, all at once, to start again later. Returns their names."""
        living = [cell for cell in self._tree.children.others() if cell.state in ALIVE]
        for cell in living:
            cell.is_held = True
            self._tree.stop(cell)
            self.consult(events.Held(name=cell.spec.name))
        return tuple(cell.spec.name for cell in living)

    # One child.

    def ready(self, cell: Cell) -> None:
        """It handles messages."""
        self.consult(events.Ready(name=cell.spec.name))

    def crashed(self, cell: Cell, signature: str) -> None:
        """It died or hung. Its mail waits for the next life, with what this life left unread in front."""
        if self._tree.is_frozen:
            self._tree.children.close(cell)
            return
        self._tree.children.back_off(cell)
        self.consult(events.Crashed(name=cell.spec.name, signature=signature, jitter=self._jitter()))

    def returns(self, cell: Cell) -> None:
        """It was stopped only to be replaced: by an operator's wish, or when infrastructure is up again."""
        is_wanted, cell.is_restart_wanted, cell.is_held = cell.is_restart_wanted, False, False
        self._tree.children.wait(cell)
        if is_wanted:
            self.consult(events.OperatorRestart(name=cell.spec.name))

    def forget(self, cell: Cell) -> None:
        """It is gone for good."""
        self._tree.children.forget(cell)
        self.consult(events.Removed(name=cell.spec.name))

    # Requests.

    def add(self, spec: ChildSpec) -> None:
        """Take it in; it starts as soon as infrastructure is up."""
        if self._tree.is_frozen:
            self._refuse(spec.name, "add", "nothing is started any more")
        elif spec.name in self._tree.children:
            self._refuse(spec.name, "add", "is in the table already")
        elif spec.kind is not ChildKind.ONE_FOR_ONE:
            self._refuse(spec.name, "add", "infrastructure is declared at construction")
        else:
            cell = self._tree.children.take_in(spec)
            self.consult(events.Added(name=spec.name, budget=spec.budget))
            if self._tree.is_ready:
                self._tree.launch(cell)

    def remove(self, name: str) -> Cell | None:
        """Stop it, to be forgotten. Returns the cell when there is nothing to wait for."""
        cell = self._requested(name, "remove")
        if cell is None:
            return None
        cell.is_leaving = True
        if cell.state in ALIVE:
            self._tree.stop(cell)
        return None if cell.state is ChildState.STOPPING else cell

    def restart(self, name: str) -> None:
        """Clear its record and start it anew."""
        cell = self._requested(name, "restart")
        if cell is None:
            return
        if cell.state in ALIVE:
            cell.is_restart_wanted = True
            self._tree.stop(cell)
        elif cell.state is ChildState.STOPPING and cell.is_held:
            cell.is_restart_wanted = True
        elif cell.state in (ChildState.BACKOFF, ChildState.WAITING, ChildState.QUARANTINED):
            self.consult(events.OperatorRestart(name=name))
        else:
            self._refuse(name, "restart", f"is {cell.state}")

    def _requested(self, name: str, request: str) -> Cell | None:
        cell = self._tree.children.get(name)
        if cell is None:
            self._refuse(name, request, "is not in the table")
        elif cell.spec.kind is ChildKind.INFRASTRUCTURE:
            self._refuse(name, request, "is infrastructure, which starts and stops with the program")
        elif self._tree.is_frozen:
            self._refuse(name, request, "nothing is started any more")
        else:
            return cell
        return None

    def _refuse(self, name: str, request: str, reason: str) -> None:
        self._tree.tell(notice.RequestRefused(name=name, request=request, reason=reason))

    # The policy.

    def consult(self, event: events.Event) -> None:
        """Ask the policy, and do what it says unless nothing is to be restarted any more."""
        self._policy, actions = policy.after(self._policy, event, self._tree.now())
        for action in actions:
            if not self._tree.is_frozen:
                self._act(action)

    def _act(self, action: events.Action) -> None:
        match action:
            case events.RestartAfter():
                self._restart_after(self._tree.children[action.name], action.delay_ns)
            case events.Restart():
                self._restart_now(self._tree.children[action.name])
            case events.Quarantine():
                self._quarantine(self._tree.children[action.name], action)
            case events.StormBegan():
                self._tree.tell(notice.StormHeld(children=action.children, hold_ns=action.hold_ns))
                self._tree.after("storm", action.hold_ns, PolicyTimer(events.HoldElapsed(round=action.round)))
            case events.TryProbe():
                self._tree.after("storm", action.trial_ns, PolicyTimer(events.TrialElapsed(round=action.round)))
            case events.StormEnded():
                self._tree.tell(notice.StormOver(probe=action.probe))

    def _restart_after(self, cell: Cell, delay_ns: int) -> None:
        # After a storm a child gets its place in the queue, which may come after an operator's restart of it.
        if cell.state is ChildState.BACKOFF:
            cell.backoff_ns = delay_ns
            cell.due_ns = self._tree.now() + delay_ns
            elapsed = events.BackoffElapsed(name=cell.spec.name)
            self._tree.after(f"restart {cell.spec.name}", delay_ns, PolicyTimer(elapsed))

    def _restart_now(self, cell: Cell) -> None:
        if cell.state not in (ChildState.BACKOFF, ChildState.WAITING, ChildState.QUARANTINED):
            return
        self._tree.cancel(f"restart {cell.spec.name}")
        if self._tree.is_ready:
            self._tree.launch(cell)
        elif cell.state is not ChildState.WAITING:
            self._tree.children.wait(cell)

    def _quarantine(self, cell: Cell, action: events.Quarantine) -> None:
        self._tree.children.quarantine(cell)
        self._tree.tell(
            notice.ChildQuarantined(
                name=action.name,
                incarnation=cell.incarnation,
                reason=action.reason,
                restarts_in_window=action.restarts_in_window,
                signature=cell.last_signature or "",
            )
        )
