"""Telemetry of the life of a run: its start, its settings, its markets, its pulse and its end."""

from dataclasses import dataclass
from typing import Literal

from edgelock.core.telemetry_record import Level, Record
from edgelock.core.units import Duration, Money, Price, Size


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
    """open_orders is the venue's own count after everything was cancelled, -1 when it could not be had; positions
    remain and are named.
    """

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
