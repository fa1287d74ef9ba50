"""Telemetry of the actors: the restart log, one line for each turn in the life of an actor."""

from dataclasses import dataclass

from edgelock.core.telemetry_record import Level, PriceRatio, Record
from edgelock.core.units import Duration, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorStart(Record):
    action = "actor_start"
    actor: str
    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorCrash(Record):
    action = "actor_crash"
    level = Level.ERROR
    market: str | None
    actor: str
    incarnation: int
    phase: str
    error: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorRestart(Record):
    """A new incarnation took over; recovered_* is what it found on record."""

    action = "actor_restart"
    level = Level.WARNING
    market: str | None
    actor: str
    incarnation: int
    restarts_in_window: int
    backoff_s: Duration
    recovered_net: Size | None
    recovered_vwap: PriceRatio | None
    recovered_orders: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorQuarantine(Record):
    action = "actor_quarantine"
    level = Level.ERROR
    market: str | None
    actor: str
    incarnation: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorHung(Record):
    action = "actor_hung"
    level = Level.ERROR
    market: str | None
    actor: str
    incarnation: int
    busy_s: Duration
    message: str
