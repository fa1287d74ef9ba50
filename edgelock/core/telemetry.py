"""Everything worth recording, as types: the log is an interface, and this file is its vocabulary.

Each class is one `action`; each attribute is one field of the JSON line, in this order, and its type says its unit:
`Price` and exact price ratios become dollars, `Size` contracts, `Money` dollars, `Duration` seconds, `Timestamp` epoch
seconds (see `actors/telemetry_format.py`, which makes floats for the eye at the last moment). A field that is None is
written as null when the class says so in `NULLABLE`, and left out otherwise. Words and names are those of the
telemetry document; people grep for them.
"""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import ClassVar, Literal, NewType

from edgelock.core.units import Duration, Money, Price, Size, Timestamp

PriceRatio = NewType("PriceRatio", Fraction)
"""An exact price that need not be whole units, such as a VWAP: printed as dollars to four decimals."""

Percent = NewType("Percent", Fraction)
"""A share of one; printed in percent."""

CentsOf = NewType("CentsOf", Fraction)
"""A price difference in price units; printed in cents."""

SideName = Literal["bid", "ask"]
RoleName = Literal["entry", "exit"]


class Level(Enum):
    """How much a person should care."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketContext:
    """What every line about a market carries: its state, position and prices at that moment."""

    NULLABLE: ClassVar[frozenset[str]] = frozenset({"vwap", "tp", "best_bid", "best_ask", "mid_ema"})

    state: str
    net: Size
    vwap: PriceRatio | None
    tp: PriceRatio | None
    best_bid: Price | None
    best_ask: Price | None
    mid_ema: PriceRatio | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of telemetry. `at` is the engine's clock; market and context are absent for the whole system."""

    action: ClassVar[str]
    level: ClassVar[Level] = Level.INFO
    NULLABLE: ClassVar[frozenset[str]] = frozenset()

    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRecord(Record):
    """A line about one market."""

    market: str
    context: MarketContext


# --- order flow -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotePlace(MarketRecord):
    action = "quote_place"
    side: SideName
    price: Price
    qty: Size
    role: RoleName
    kind: str
    client_order_id: str
    post_only: bool
    tif: str
    cooldown_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowQuote(MarketRecord):
    action = "shadow_quote"
    side: SideName
    price: Price
    qty: Size
    role: RoleName
    kind: str
    client_order_id: str
    post_only: bool
    tif: str
    would_cross: bool
    cancels_30_projected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAck(MarketRecord):
    action = "order_ack"
    client_order_id: str
    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReject(MarketRecord):
    action = "order_reject"
    level = Level.WARNING
    client_order_id: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCancel(MarketRecord):
    action = "quote_cancel"
    order_side: SideName
    reason: str
    kind: str
    client_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(MarketRecord):
    """The venue confirmed that the order is off the book (by our wish or by its own)."""

    action = "order_gone"
    order_side: SideName
    reason: str
    client_order_id: str
    unfilled: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteAmend(MarketRecord):
    action = "quote_amend"
    order_side: SideName
    kind: str
    client_order_id: str
    from_price: Price
    from_qty: Size
    to_price: Price
    to_qty: Size
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnknown(MarketRecord):
    action = "order_unknown"
    level = Level.WARNING
    client_order_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderResolved(MarketRecord):
    action = "order_resolved"
    client_order_id: str
    became: str


# --- fills and results ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill(MarketRecord):
    """context.state is the state in which the filled order was placed; state_after what the fill made of it."""

    action = "FILL"
    side: SideName
    price: Price
    qty: Size
    role: RoleName
    in_zone: bool
    fee: Money
    is_taker: bool
    trade_id: str
    client_order_id: str
    kind: str
    queue_position: Size | None
    state_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Realize(MarketRecord):
    """mae_c is the worst adverse excursion of the position so far."""

    action = "REALIZE"
    qty: Size
    entry_vwap: PriceRatio
    exit_price: Price
    pnl: Money
    fees: Money
    age_s: Duration
    mae_c: CentsOf
    exit_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange(MarketRecord):
    action = "state_change"
    old_state: str
    new_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRecord(MarketRecord):
    """Fields shared by the exits; every action whose name contains "exit" carries a numeric age_s."""

    age_s: Duration
    qty: Size
    exit_price: Price
    spread_ticks: int | None
    depth: Size | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeProfitExit(ExitRecord):
    """A take-profit order completed; age_s is the age of the oldest lot that it closed."""

    action = "take_profit_exit"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweetSpotExit(ExitRecord):
    action = "sweet_spot_exit"


@dataclass(frozen=True, slots=True, kw_only=True)
class HardCapExit(ExitRecord):
    action = "hard_cap_exit"
    level = Level.WARNING


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyExit(ExitRecord):
    action = "legacy_exit"
    trigger: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MaeTrim(MarketRecord):
    action = "mae_trim"
    level = Level.WARNING
    mae_c: CentsOf
    severity: Fraction
    trim_pct: Percent
    trim_qty: Size
    age_s: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitBlocked(MarketRecord):
    action = "exit_blocked"
    level = Level.WARNING
    age_s: Duration
    exit_kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeAtRisk(MarketRecord):
    action = "time_at_risk"
    level = Level.WARNING
    age_s: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement(MarketRecord):
    action = "settlement"
    value: Price
    qty: Size
    pnl: Money


# --- risk -------------------------------------------------------------------------------------------------------


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
class RateLimited(Record):
    action = "rate_limited"
    level = Level.WARNING
    market: str | None
    what: str
    wait_s: Duration


# --- actors: the per-market restart log -------------------------------------------------------------------------


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


# --- market data ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSnapshot(MarketRecord):
    action = "book_snapshot"
    spread_ticks: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedGap(MarketRecord):
    action = "feed_gap"
    level = Level.WARNING
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStale(MarketRecord):
    action = "feed_stale"
    level = Level.WARNING
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedResume(MarketRecord):
    action = "feed_resume"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStatusRecord(MarketRecord):
    action = "market_status"
    status: str
    close_time: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketConnected(Record):
    action = "ws_connect"
    url: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketDisconnected(Record):
    action = "ws_disconnect"
    level = Level.WARNING
    url: str
    reason: str
    retry_s: Duration | None


# --- life of the run --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupCheck(Record):
    """The STARTUP SANITY CHECKS of one market: the block for people in message, its figures as fields."""

    action = "startup_check"
    market: str
    family: str
    gate_low: Price
    gate_high: Price
    tp_offset: Price
    tick: Price
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight(Record):
    action = "preflight"
    check: str
    outcome: Literal["pass", "warn", "fail", "skipped"]
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRisk(Record):
    """What a live run puts at risk, told before its first order.

    account         the key that trades, shortened
    balance         available cash as the venue says
    exposure        the most that the limits allow to be lost at one time: qty contracts at price, with fees
    order_notional  the most that one order may risk
    daily_loss      the realised loss of a UTC day after which no entry follows
    markets         tickers it may trade, or one text that says how many of which families
    """

    action = "live_risk"
    level = Level.WARNING
    venue: str
    account: str
    balance: Money
    exposure: Money
    qty: Size
    price: Price
    fees: Price
    order_notional: Money
    daily_loss: Money
    markets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcile(Record):
    action = "reconcile"
    found: int
    adopted: int
    cancelled: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(Record):
    """The settings a run started with; settings is JSON text without secrets."""

    action = "config"
    mode: str
    venue: str
    strategy: str
    version: str
    speed: str
    settings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigReload(Record):
    action = "config_reload"
    level = Level.WARNING
    applied: tuple[str, ...]
    needs_restart: tuple[str, ...]
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat(Record):
    """Every 30 s of real time: how the run is doing."""

    action = "heartbeat"
    uptime_s: Duration
    markets: int
    positions: int
    realized: Money
    messages: int
    messages_per_s: int
    conflated: int
    inbox_depth_max: int
    decide_us_p50: int
    decide_us_p99: int
    lines_lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitAverage(Record):
    """Mean age over `lines` lines with an age; market is absent for the group of the whole system."""

    action = "exit_average"
    market: str | None
    age_s: Duration
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketAdded(Record):
    action = "market_add"
    market: str
    family: str
    volume_24h: Size | None
    spread_ticks: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRetired(Record):
    action = "market_retire"
    market: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownBegin(Record):
    action = "shutdown_begin"
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownDone(Record):
    """open_orders is the venue's own count after everything was cancelled; positions remain and are named."""

    action = "shutdown_done"
    open_orders: int
    positions: tuple[str, ...]
    realized: Money
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryLog(Record):
    """Anything a library or the interpreter had to say."""

    action = "log"
    logger: str
    severity: str
    message: str
