"""Telemetry of fills and of what came of them: exits, profit, loss, settlement."""

from dataclasses import dataclass
from fractions import Fraction

from edgelock.core.telemetry_record import CentsOf, Level, MarketRecord, Percent, PriceRatio, RoleName, SideName
from edgelock.core.units import Duration, Money, Price, Size


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
