"""The numbers of supervision that are not one child's."""

from dataclasses import dataclass

from edgelock.actors.restart_events import SECOND_NS, RestartBudget, StormRule


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionLimits:
    """Times are real nanoseconds.

    infrastructure    how often infrastructure, all of it together, may come back; beyond that is escalation
    storm             when many different children crash together
    watch_every_ns    pause between two rounds of the watchdog
    beat_every_ns     pause between two heartbeats of one child; for 400 children at 1 s they cost about 2 % of a core
    starved_after_ns  a round later than this accuses nobody: the process was starved, not its actors
    zombies_max       more abandoned threads alive than this, and the program should start afresh
    deep_fifo         this many waiting messages that must not be lost are told to the world
    deep_again_ns     at most so often per child
    """

    infrastructure: RestartBudget = RestartBudget(max_restarts=2, window_ns=300 * SECOND_NS)
    storm: StormRule = StormRule()
    watch_every_ns: int = SECOND_NS // 4
    beat_every_ns: int = SECOND_NS
    starved_after_ns: int = 5 * SECOND_NS // 2
    zombies_max: int = 8
    deep_fifo: int = 1_000
    deep_again_ns: int = 3_600 * SECOND_NS
