"""One row of the supervisor's table: who the child is, how it is built, and what its death means."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from edgelock.actors.address import Address
from edgelock.actors.base import SupervisedActor
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.restart_events import SECOND_NS, RestartBudget


class ChildKind(StrEnum):
    """What a child's death means for the others; the values are OTP's strategies.

    ONE_FOR_ONE     this child alone starts again, within its own budget; beyond it, it is quarantined
    INFRASTRUCTURE  the child, all infrastructure after it and every ONE_FOR_ONE child start again, in order, within
                    the budget that all infrastructure shares; beyond it the supervisor escalates
    """

    INFRASTRUCTURE = "rest_for_one"
    ONE_FOR_ONE = "one_for_one"


class RestartType(StrEnum):
    """Which deaths are followed by another life; the values are OTP's.

    PERMANENT  every one; a child that stops by itself has crashed. Infrastructure is always permanent
    TRANSIENT  those with an error; a child that stops by itself without one is done, and forgotten
    """

    PERMANENT = "permanent"
    TRANSIENT = "transient"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """A child of the table; its place in the start order is its place in the table. Times are real nanoseconds.

    address            where the child is told things, in all its lives; its name is the child's name
    factory            builds the actor of one incarnation, in the supervisor's thread: assigns fields, opens nothing;
                       called again for every life, whose number it is given
    shutdown_ns        how long it may take to stop before its thread is abandoned
    hung_after_ns      how long one handler (or on_start), or a heartbeat's answer, may take before the life is hung
    budget             how often it may come back; ONE_FOR_ONE only, infrastructure shares `SupervisionLimits`'
    first_incarnation  number of its first life in this process: one above the last that any earlier process used
    """

    address: Address
    factory: Callable[[Incarnation], SupervisedActor]
    kind: ChildKind
    restart: RestartType = RestartType.PERMANENT
    shutdown_ns: int = 5 * SECOND_NS
    hung_after_ns: int = 5 * SECOND_NS
    budget: RestartBudget = RestartBudget()
    first_incarnation: int = 1

    @property
    def name(self) -> str:
        """The child's name, such as "risk" or "market:TICKER"."""
        return self.address.name
