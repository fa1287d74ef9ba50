"""One child as its supervisor sees it: a place in the table that lives are put into and taken out of."""

from dataclasses import dataclass, field
from enum import StrEnum

from edgelock.actors.base import SupervisedActor
from edgelock.actors.child_spec import ChildSpec
from edgelock.actors.inbox import LanedInbox


class ChildState(StrEnum):
    """Where a child is in its life. In BACKOFF it died; WAITING, it starts as soon as infrastructure is up."""

    NEW = "new"
    STARTING = "starting"
    RUNNING = "running"
    BACKOFF = "backoff"
    WAITING = "waiting"
    QUARANTINED = "quarantined"
    STOPPING = "stopping"
    STOPPED = "stopped"


_S = ChildState
# fmt: off
NEXT: dict[ChildState, frozenset[ChildState]] = {
    _S.NEW:         frozenset({_S.STARTING, _S.STOPPED}),
    _S.STARTING:    frozenset({_S.RUNNING, _S.BACKOFF, _S.STOPPING, _S.STOPPED}),
    _S.RUNNING:     frozenset({_S.BACKOFF, _S.STOPPING, _S.STOPPED}),
    _S.BACKOFF:     frozenset({_S.STARTING, _S.WAITING, _S.QUARANTINED, _S.STOPPED}),
    _S.WAITING:     frozenset({_S.STARTING, _S.STOPPED}),
    _S.QUARANTINED: frozenset({_S.STARTING, _S.WAITING, _S.STOPPED}),
    _S.STOPPING:    frozenset({_S.WAITING, _S.STOPPED}),
    _S.STOPPED:     frozenset(),
}
# fmt: on
ALIVE = frozenset({ChildState.STARTING, ChildState.RUNNING})
PRESENT = ALIVE | {ChildState.STOPPING}
ABSENT = frozenset({ChildState.NEW, ChildState.BACKOFF, ChildState.WAITING})


@dataclass(slots=True, kw_only=True)
class Cell:
    """Mutable, owned by one supervisor.

    incarnation       number of the present or latest life; `first_incarnation - 1` before the first
    inbox             where the next or present life reads; None when nobody is coming
    abandoned         threads given up on; those still alive are zombies
    is_restart_wanted the present life is being stopped only to be replaced, by an operator's wish
    is_held           the present life is being stopped only until infrastructure is up again
    is_leaving        the child is forgotten once its present life has ended
    beat_ns           when the present life was sent the heartbeat it has to answer; None when none is on its way
    deep_told_ns      when the world was last told how full its inbox is
    since_ns          when it came into its present state
    due_ns            when its back-off is over; None when it is in none
    last_crash        why the latest life ended that did not end as told
    fatal_messages    messages that killed a life; they were not delivered again
    down_since_ns     when the previous life ended, None in the first
    """

    spec: ChildSpec
    incarnation: int
    state: ChildState = ChildState.NEW
    actor: SupervisedActor | None = None
    inbox: LanedInbox | None = None
    abandoned: list[SupervisedActor] = field(default_factory=list)
    backoff_ns: int = 0
    since_ns: int
    due_ns: int | None = None
    last_signature: str | None = None
    last_crash: str | None = None
    fatal_messages: int = 0
    down_since_ns: int | None = None
    is_restart_wanted: bool = False
    is_held: bool = False
    is_leaving: bool = False
    beat_ns: int | None = None
    deep_told_ns: int | None = None

    def move_to(self, state: ChildState, now_ns: int) -> None:
        """Change state along the table; anything else is a defect of the supervisor."""
        if state not in NEXT[self.state]:
            raise ValueError(f"{self.spec.name} cannot go from {self.state} to {state}")
        self.state = state
        self.since_ns = now_ns
        self.due_ns = None

    def zombies(self) -> int:
        """Abandoned threads that still run; forgets the ones that ended."""
        self.abandoned = [actor for actor in self.abandoned if not actor.ended.is_set()]
        return len(self.abandoned)
