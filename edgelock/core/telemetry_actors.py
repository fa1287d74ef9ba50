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
    """A life ended unasked. `message` is the message that it died of, absent when it was none."""

    action = "actor_crash"
    level = Level.ERROR
    market: str | None
    actor: str
    incarnation: int
    phase: str
    message: str | None
    error: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorRestart(Record):
    """A new incarnation took over after down_s; recovered_* is what it found on record."""

    action = "actor_restart"
    level = Level.WARNING
    market: str | None
    actor: str
    incarnation: int
    restarts_in_window: int
    backoff_s: Duration
    down_s: Duration
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


@dataclass(frozen=True, slots=True, kw_only=True)
class InfrastructureRestart(Record):
    """An actor that others lean on died: those in `stopped` were stopped with it and start again after backoff_s."""

    action = "infrastructure_restart"
    level = Level.ERROR
    actor: str
    reason: str
    stopped: tuple[str, ...]
    backoff_s: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartStorm(Record):
    """Many different actors crashed together: nobody is restarted for hold_s, and no entries are made."""

    action = "restart_storm"
    level = Level.ERROR
    actors: tuple[str, ...]
    hold_s: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartStormOver(Record):
    """Restarts go on; `probe` is the actor that lived through its trial, None when nobody was waiting."""

    action = "restart_storm_over"
    level = Level.WARNING
    NULLABLE = frozenset({"probe"})
    probe: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxDeep(Record):
    """So many messages that must not be lost wait for one actor: it does not keep up."""

    action = "mailbox_deep"
    level = Level.WARNING
    market: str | None
    actor: str
    depth: int
