"""What a supervisor can be told: by the program and the operator, and by its own timer."""

from dataclasses import dataclass
from typing import ClassVar

from edgelock.actors.child_spec import ChildSpec
from edgelock.actors.inbox import Lane
from edgelock.actors.restart_events import BackoffElapsed, HoldElapsed, TrialElapsed


@dataclass(frozen=True, slots=True)
class StartChildren:
    """Start the infrastructure in its order, then the children added so far."""


@dataclass(frozen=True, slots=True)
class AddChild:
    """Take a ONE_FOR_ONE child into the table; it starts as soon as the infrastructure is up."""

    spec: ChildSpec


@dataclass(frozen=True, slots=True)
class RemoveChild:
    """Stop a ONE_FOR_ONE child and forget it. Its next life under the same name continues its numbers."""

    name: str


@dataclass(frozen=True, slots=True)
class RestartChild:
    """An operator's wish: end the child's quarantine or back-off, or replace the running life; clears its record."""

    name: str


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Stop everything in reverse start order and end. From now on nothing is restarted."""

    lane: ClassVar[Lane] = Lane.CONTROL


@dataclass(frozen=True, slots=True)
class WatchTick:
    """The watchdog's round, expected at this moment of the real clock."""

    lane: ClassVar[Lane] = Lane.CONTROL

    due_ns: int


@dataclass(frozen=True, slots=True)
class StopDeadline:
    """A stopping life has had its time."""

    lane: ClassVar[Lane] = Lane.CONTROL

    name: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class InfrastructureDue:
    """The back-off after a death of infrastructure is over. `round` tells an old timer from the present one."""

    round: int


@dataclass(frozen=True, slots=True)
class PolicyTimer:
    """A delay that the restart policy asked for is over."""

    event: BackoffElapsed | HoldElapsed | TrialElapsed
