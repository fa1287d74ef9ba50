"""What the restart policy hears and what it answers: budgets, events and actions, as frozen values.

All times are real (monotonic) nanoseconds.
"""

from dataclasses import dataclass

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartBudget:
    """How often one child, or all infrastructure together, may come back.

    Counts are crashes, times nanoseconds, `jitter_percent` of the back-off.
    """

    max_restarts: int = 5
    window_ns: int = 600 * SECOND_NS
    backoff_base_ns: int = SECOND_NS // 2
    backoff_cap_ns: int = 30 * SECOND_NS
    jitter_percent: int = 20
    healthy_ns: int = 60 * SECOND_NS
    equal_signatures_max: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class StormRule:
    """When many different children crash together. A storm is more than the larger of the two thresholds."""

    children_min: int = 3
    children_percent: int = 10
    window_ns: int = 30 * SECOND_NS
    hold_ns: int = 60 * SECOND_NS
    probe_trial_ns: int = 5 * SECOND_NS
    stagger_ns: int = SECOND_NS // 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A child the policy answers for."""

    name: str
    budget: RestartBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """The child is gone on purpose."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The child handles messages."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The child was stopped because infrastructure starts again; it returns without having crashed."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed:
    """The child died, hung, or could not start. `jitter` in 0..1 is drawn by the caller."""

    name: str
    signature: str
    jitter: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffElapsed:
    """The delay of a `RestartAfter` is over."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRestart:
    """A person says that the cause is gone: the child's record is cleared and it starts now, storm or not."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldElapsed:
    """The delay of a `StormBegan` is over. `round` tells an old timer from the present one."""

    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialElapsed:
    """The delay of a `TryProbe` is over."""

    round: int


Event = Added | Removed | Ready | Held | Crashed | BackoffElapsed | OperatorRestart | HoldElapsed | TrialElapsed


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartAfter:
    """Start the child's next incarnation after `delay_ns`; then report `BackoffElapsed`."""

    name: str
    delay_ns: int
    restarts_in_window: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Start the child's next incarnation now."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Do not start the child again until a person says so."""

    name: str
    reason: str
    restarts_in_window: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StormBegan:
    """Hold all restarts and report `HoldElapsed(round)` after `hold_ns`. `children` crashed lately."""

    children: tuple[str, ...]
    hold_ns: int
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TryProbe:
    """The probe is up: report `TrialElapsed(round)` after `trial_ns`."""

    name: str
    trial_ns: int
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StormEnded:
    """Restarts are free again."""

    probe: str | None


Action = RestartAfter | Restart | Quarantine | StormBegan | TryProbe | StormEnded
