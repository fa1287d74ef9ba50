"""Is the run alive, and is it ready? Pure: what was seen at one moment in, a verdict with its reason out.

Alive means that a new start would make nothing better: every thread that everything depends on comes back. Ready
means that it does all it is there for. The two are kept apart because a watchdog kills what is not alive, and a bot
that cannot write its journal, or waits for a paused exchange, must not be killed: it still guards what it holds.
"""

from dataclasses import dataclass
from enum import StrEnum

from edgelock.actors.cell import ChildState
from edgelock.actors.child_spec import ChildKind
from edgelock.actors.supervision_status import ChildStatus, SupervisionStatus
from edgelock.core.units import SECOND


class RunPhase(StrEnum):
    """Where a run is between its first actor and its last line."""

    STARTING = "starting"
    TRADING = "trading"
    STOPPING = "stopping"


PATIENCE_NS = {RunPhase.STARTING: 120 * SECOND, RunPhase.STOPPING: 40 * SECOND}
"""How long a phase that should pass may take: each is more than the sum of its own deadlines (docs/service.md)."""
MAIN_SILENT_NS = 10 * SECOND
SUPERVISOR_SILENT_NS = 10 * SECOND
"""Its watchdog tells it something four times a second, so this covers the timer as well."""
BUSY_NS = 10 * SECOND
"""Of infrastructure with one message: twice what the supervisor forgives."""
MARKETS_RUNNING_PERCENT = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What was seen at one moment. Durations are real nanoseconds.

    phase_ns              since the phase began
    main_silent_ns        since the main thread last came round
    supervisor_silent_ns  since the supervisor last finished a message
    is_supervisor_gone    whether its thread has ended
    markets, feeds_live   markets traded, and those of them whose book is live
    journal_trouble       what is wrong with the journal; None when nothing is
    """

    phase: RunPhase
    phase_ns: int
    main_silent_ns: int
    supervisor_silent_ns: int
    is_supervisor_gone: bool
    supervision: SupervisionStatus
    markets: int
    feeds_live: int
    journal_trouble: str | None


@dataclass(frozen=True, slots=True)
class Health:
    """The verdict, and in one line the reason for it."""

    is_alive: bool
    is_ready: bool
    why: str


def health(seen: Vitals) -> Health:
    """The verdict on what was seen. The first reason against life, else all reasons against readiness."""
    against_life = _against_life(seen)
    if against_life is not None:
        return Health(is_alive=False, is_ready=False, why=against_life)
    against_readiness = _against_readiness(seen)
    if against_readiness:
        return Health(is_alive=True, is_ready=False, why="; ".join(against_readiness))
    return Health(is_alive=True, is_ready=True, why=f"trading {seen.markets} markets")


def _against_life(seen: Vitals) -> str | None:
    patience_ns = PATIENCE_NS.get(seen.phase)
    if patience_ns is not None and seen.phase_ns > patience_ns:
        return f"{seen.phase} for {_seconds(seen.phase_ns)}"
    if seen.phase is RunPhase.STOPPING:
        return None  # the actors are being stopped, and the main thread waits for them
    if seen.main_silent_ns > MAIN_SILENT_NS:
        return f"the main thread has not come round for {_seconds(seen.main_silent_ns)}"
    if seen.supervision.escalated is not None:
        return f"given up, and not stopping: {seen.supervision.escalated}"
    if seen.is_supervisor_gone:
        return "the supervisor is gone"
    if seen.supervisor_silent_ns > SUPERVISOR_SILENT_NS:
        return f"the supervisor or its timer has been silent for {_seconds(seen.supervisor_silent_ns)}"
    for child in _infrastructure(seen):
        if child.busy_with is not None and child.busy_ns > BUSY_NS:
            return f"{child.name} has been busy with {child.busy_with} for {_seconds(child.busy_ns)}"
    return None


def _against_readiness(seen: Vitals) -> list[str]:
    supervision = seen.supervision
    reasons = [] if seen.phase is RunPhase.TRADING else [str(seen.phase)]
    reasons += [f"{c.name} is {c.state}" for c in _infrastructure(seen) if c.state is not ChildState.RUNNING]
    if supervision.is_storm:
        reasons.append("too many markets crashed together")
    reasons += _about_markets(seen)
    if seen.journal_trouble is not None:
        reasons.append(f"journal: {seen.journal_trouble}")
    return reasons


def _about_markets(seen: Vitals) -> list[str]:
    """While starting there are none yet; a run that found none to trade is ready all the same."""
    markets = [child for child in seen.supervision.children if child.kind is ChildKind.ONE_FOR_ONE]
    running = sum(1 for child in markets if child.state is ChildState.RUNNING)
    reasons = []
    if running * 100 < len(markets) * MARKETS_RUNNING_PERCENT:
        reasons.append(f"{running} of {len(markets)} markets are running")
    if seen.markets and not seen.feeds_live:
        reasons.append("no book is live")
    return reasons


def _infrastructure(seen: Vitals) -> list[ChildStatus]:
    return [child for child in seen.supervision.children if child.kind is ChildKind.INFRASTRUCTURE]


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds // SECOND} s"
