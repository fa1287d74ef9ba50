"""What a supervisor tells the world about its children: the restart log, as values. All times nanoseconds, real.

The composition root turns them into telemetry. The supervisor is the one author, so nobody else reports a death.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStarted:
    """A child's first life in this process handles messages."""

    name: str
    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRestarted:
    """A later life handles messages. `down_ns` is from the crash (or the operator's wish) until now."""

    name: str
    incarnation: int
    restarts_in_window: int
    backoff_ns: int
    down_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildCrashed:
    """A life ended unasked. `phase` is "on_start", "handle", "on_stop", or "launch" when it never got a thread.

    `message` is what its last handler was given, as text; empty when no handler failed. It is not delivered again.
    """

    name: str
    incarnation: int
    reason: str
    signature: str
    phase: str
    message: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildHung:
    """A life does not come back; its thread is abandoned. `stack` is where the thread is stuck."""

    name: str
    incarnation: int
    busy_with: str
    busy_ns: int
    stack: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildQuarantined:
    """The child stays down until an operator restarts it."""

    name: str
    incarnation: int
    reason: str
    restarts_in_window: int
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStopped:
    """The child ended because it was told to. `is_abandoned`: not in time, its thread was given up."""

    name: str
    incarnation: int
    is_abandoned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefused:
    """A request about a child could not be carried out."""

    name: str
    request: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InfrastructureReady:
    """Every infrastructure child is up, for the first time or again; the others start now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfrastructureRestarting:
    """Infrastructure died: it and all that started after it will start again, in order.

    name, reason  who died, and of what
    stopped       who is stopped because of that: the markets, then infrastructure in the order of its stop
    backoff_ns    the pause before the dead one starts again
    """

    name: str
    reason: str
    stopped: tuple[str, ...]
    backoff_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxDeep:
    """So many messages that must not be lost are waiting for this child."""

    name: str
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StormHeld:
    """Many different children crashed together; no restarts for `hold_ns`."""

    children: tuple[str, ...]
    hold_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StormOver:
    """Restarts go on. `probe` is the child that lived through its trial, None when nobody was waiting."""

    probe: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogStarved:
    """The watchdog itself came `late_ns` late: the whole process was starved, so nobody is accused this time."""

    late_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated:
    """The supervisor cannot help: the program should cancel everything, shut down and exit non-zero."""

    name: str
    reason: str


Notice = (
    ChildStarted
    | ChildRestarted
    | ChildCrashed
    | ChildHung
    | ChildQuarantined
    | ChildStopped
    | RequestRefused
    | InfrastructureReady
    | InfrastructureRestarting
    | MailboxDeep
    | StormHeld
    | StormOver
    | WatchdogStarved
    | Escalated
)
