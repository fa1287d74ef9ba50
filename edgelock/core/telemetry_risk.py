"""Telemetry of the guards: breakers, limits, pauses, the kill switch and the venue's own word."""

from dataclasses import dataclass
from typing import Literal

from edgelock.core.telemetry_record import Level, MarketRecord, Record
from edgelock.core.units import Duration, Money, Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRecord(Record):
    """A circuit breaker tripped. market is absent when the whole portfolio is meant."""

    level = Level.WARNING
    market: str | None
    scope: Literal["market", "portfolio"]
    cb_tier: Literal["soft", "hard"]
    cancels_30: int
    cancels_60: int
    threshold_30: int
    threshold_60: int
    until: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSoft(BreakerRecord):
    action = "cb_soft"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerHard(BreakerRecord):
    action = "cb_hard"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerClear(Record):
    action = "cb_clear"
    market: str | None
    scope: Literal["market", "portfolio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryLimit(MarketRecord):
    """A limit refused an order at the last gate; found and allowed are in the limit's own unit."""

    action = "inventory_limit"
    level = Level.WARNING
    limit: str
    found: int
    allowed: int
    client_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LossLimit(Record):
    action = "loss_limit"
    level = Level.ERROR
    realized_today: Money
    allowed: Money
    until: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectPause(Record):
    """Too many order rejects in a row: entries are off for this market until then."""

    action = "reject_pause"
    level = Level.WARNING
    market: str
    rejects_in_row: int
    until: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSkew(Record):
    """Our wall clock and the venue's came apart, or together again; ahead_* bound by how much ours is ahead."""

    action = "clock_skew"
    level = Level.WARNING
    is_beyond: bool
    ahead_least_ms: int
    ahead_most_ms: int
    allowed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeStatusRecord(Record):
    """A shard of the venue stands otherwise than before; `scheduled` when the venue had announced it."""

    action = "exchange_status"
    level = Level.WARNING
    NULLABLE = frozenset({"until"})
    shard: int
    standing: str
    previous: str
    scheduled: bool
    until: Timestamp | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesHeld(Record):
    """The venue's side gives a reason to enter no more, of one market or shard or of all; or it is gone."""

    action = "entries_held"
    level = Level.WARNING
    reason: Literal["private_feed", "order_group", "drift"]
    is_held: bool
    market: str | None = None
    shard: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KillOn(Record):
    action = "kill_on"
    level = Level.WARNING
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KillOff(Record):
    action = "kill_off"
    level = Level.WARNING
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalTrouble(Record):
    """The journal cannot be written, or what was known before cannot be read: nobody enters."""

    action = "journal_trouble"
    level = Level.ERROR
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalOk(Record):
    """That trouble is over; held_s is how long it kept everybody from entering."""

    action = "journal_ok"
    held_s: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited(Record):
    action = "rate_limited"
    level = Level.WARNING
    market: str | None
    what: str
    wait_s: Duration
