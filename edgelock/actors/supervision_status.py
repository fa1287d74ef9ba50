"""The supervision tree at one moment, as frozen values for `status`, the live view and tests."""

from dataclasses import dataclass

from edgelock.actors.address import LostMessages
from edgelock.actors.cell import Cell, ChildState
from edgelock.actors.child_spec import ChildKind
from edgelock.actors.inbox import InboxCounters
from edgelock.actors.restart_events import RestartBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStatus:
    """One child. Times are real nanoseconds; `inbox` is None when nobody is there and nobody is coming.

    restarts            lives after its first in this process
    restarts_in_window  crashes that count against the budget now: more than `restarts_max` in `window_ns` are too many
    backoff_left_ns     how long until it starts again, when its state is `backoff`; 0 when that waits for others
    state_since_ns      when it came into its state, by the real, monotonic clock; `state_for_ns` is how long ago
    last_crash          why its latest life ended that did not end as told, on one line; None when none did
    fatal_messages      messages that killed a life, and were not delivered again
    busy_with, busy_ns  the message being handled and for how long; None and 0 when idle
    handled_count       messages the present life has handled
    """

    name: str
    kind: ChildKind
    state: ChildState
    incarnation: int
    restarts: int
    restarts_in_window: int
    restarts_max: int
    window_ns: int
    backoff_left_ns: int
    state_since_ns: int
    state_for_ns: int
    last_signature: str | None
    last_crash: str | None
    fatal_messages: int
    busy_with: str | None
    busy_ns: int
    handled_count: int
    zombies: int
    inbox: InboxCounters | None
    lost: LostMessages


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionStatus:
    """The whole tree, children in start order. `escalated` is the reason the supervisor gave up, if it did."""

    children: tuple[ChildStatus, ...]
    is_stopping: bool
    is_storm: bool
    escalated: str | None
    zombies: int
    notices_failed: int

    def child(self, name: str) -> ChildStatus:
        """The child of that name. Raises KeyError when there is none."""
        for status in self.children:
            if status.name == name:
                return status
        raise KeyError(name)


def status_of(cell: Cell, *, restarts_in_window: int, budget: RestartBudget, now_ns: int) -> ChildStatus:
    """What there is to say about one cell at `now_ns`; `budget` is the one that its crashes count against."""
    actor = cell.actor
    mark = actor.busy if actor is not None else None
    return ChildStatus(
        name=cell.spec.name,
        kind=cell.spec.kind,
        state=cell.state,
        incarnation=cell.incarnation,
        restarts=max(cell.incarnation - cell.spec.first_incarnation, 0),
        restarts_in_window=restarts_in_window,
        restarts_max=budget.max_restarts,
        window_ns=budget.window_ns,
        backoff_left_ns=max(0, cell.due_ns - now_ns) if cell.due_ns is not None else 0,
        state_since_ns=cell.since_ns,
        state_for_ns=now_ns - cell.since_ns,
        last_signature=cell.last_signature,
        last_crash=cell.last_crash,
        fatal_messages=cell.fatal_messages,
        busy_with=mark.doing if mark is not None else None,
        busy_ns=now_ns - mark.since_ns if mark is not None else 0,
        handled_count=actor.handled_count if actor is not None else 0,
        zombies=cell.zombies(),
        inbox=cell.spec.address.inbox_counters(),
        lost=cell.spec.address.lost(),
    )
