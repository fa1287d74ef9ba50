"""Every number that the strategy and the limits are made of, parsed once at the door.

The keys of `settings.yaml` carry the unit a person thinks in (`base_spread_c` is in cents, `dwell_s` in seconds);
the attributes carry the engine's integer units. Unknown keys, wrong types and values out of range are errors that
say what is allowed. The defaults are those of the strategy document; `settings.yaml` repeats each with a comment.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from edgelock.core.units import Duration, Money, Price, Size


class SettingsModel(BaseModel):
    """Frozen, and an error for every key it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def decimal_number(value: object) -> Decimal | None:
    """The number that `value` writes, or None. Booleans, infinities and texts that only look like numbers are not."""
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or "_" in text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _number(value: object) -> Decimal:
    number = decimal_number(value)
    if number is None:
        raise ValueError("must be a number")
    return number


def _between(low: str, high: str, unit: str, steps: int = 1) -> BeforeValidator:
    """Read a number of `unit`, check its range in that unit, return it in integer steps of 1/`steps` unit."""

    def convert(value: object) -> int:
        number = _number(value)
        if not Decimal(low) <= number <= Decimal(high):
            raise ValueError(f"must be between {low} and {high} {unit}".rstrip())
        scaled = number * steps
        if scaled != scaled.to_integral_value():
            raise ValueError(f"is finer than the smallest step, 1/{steps} {unit}".rstrip())
        return int(scaled)

    return BeforeValidator(convert)


def _fraction_between(low: str, high: str) -> BeforeValidator:
    def convert(value: object) -> Fraction:
        number = Fraction(_number(value))
        if not Fraction(low) <= number <= Fraction(high):
            raise ValueError(f"must be between {low} and {high}")
        return number

    return BeforeValidator(convert)


_NS_PER_S = 1_000_000_000
_NS_PER_MS = 1_000_000

Dollars = Annotated[Price, _between("0.0001", "0.9999", "dollars", 10_000)]
Cents = Annotated[Price, _between("0", "99", "cents", 100)]
Contracts = Annotated[Size, _between("0.01", "1000000", "contracts", 100)]
Usd = Annotated[Money, _between("0.01", "10000000", "dollars", 1_000_000)]
Seconds = Annotated[Duration, _between("0", "604800", "seconds", _NS_PER_S)]
PositiveSeconds = Annotated[Duration, _between("0.001", "604800", "seconds", _NS_PER_S)]
Milliseconds = Annotated[Duration, _between("0", "600000", "milliseconds", _NS_PER_MS)]
Ticks = Annotated[int, _between("0", "1000", "ticks")]
Count = Annotated[int, _between("1", "100000", "")]
UnitFraction = Annotated[Fraction, _fraction_between("0", "1")]
Multiplier = Annotated[Fraction, _fraction_between("0.01", "100")]


def setting(default: object, *, key: str | None = None) -> Any:
    """A field whose default is written as a person would, and is read and checked like any other value."""
    return Field(default=default, alias=key)


class StrategySettings(SettingsModel):
    """What one market trades with: the common values, overridden by its family's and then by its own."""

    # Price gates (§4): entries buy at or below `low` and sell at or above `high`.
    low: Dollars = setting("0.48")
    high: Dollars = setting("0.65")

    # Reference price (§2).
    reference_alpha: UnitFraction = setting("0.3")

    # Entries (§4).
    base_spread: Cents = setting("1", key="base_spread_c")
    size_per_fill: Contracts = setting("10", key="size_per_fill_contracts")
    max_inventory: Contracts = setting("50", key="max_inventory_per_market")
    price_bound_low: Dollars = setting("0.05")
    price_bound_high: Dollars = setting("0.95")
    price_resume_low: Dollars = setting("0.10")
    price_resume_high: Dollars = setting("0.90")
    no_entry_before_close: Seconds = setting("300", key="no_entry_before_close_s")
    hysteresis_ticks: Ticks = setting("4")
    cooldown_flat: Milliseconds = setting("300", key="cooldown_flat_ms")
    cooldown_skewed: Milliseconds = setting("2000", key="cooldown_skewed_ms")
    cooldown_per_contract: Milliseconds = setting("50", key="cooldown_per_contract_ms")
    cooldown_max: Milliseconds = setting("5000", key="cooldown_max_ms")

    # Take-profit (§5).
    entry_fee: Cents = setting("1.75", key="entry_fee_c")
    exit_fee: Cents = setting("1.75", key="exit_fee_c")
    min_edge: Cents = setting("2", key="min_edge_c")

    # Exits by age (§6).
    sweet_spot_from: PositiveSeconds = setting("480", key="sweet_spot_from_s")
    sweet_spot_to: PositiveSeconds = setting("720", key="sweet_spot_to_s")
    improve_one_tick_depth_multiple: Count = setting("2")
    improve_one_tick_depth_min: Contracts = setting("20", key="improve_one_tick_depth_min_contracts")
    improve_two_ticks_depth_multiple: Count = setting("4")
    improve_two_ticks_depth_min: Contracts = setting("50", key="improve_two_ticks_depth_min_contracts")
    dwell: Seconds = setting("5", key="dwell_s")
    hard_cap: PositiveSeconds = setting("2400", key="hard_cap_s")
    exit_retry: PositiveSeconds = setting("1", key="exit_retry_s")
    max_exit_slippage_ticks: Ticks = setting("10")
    time_at_risk: PositiveSeconds = setting("3600", key="time_at_risk_s")
    exit_blocked_alert: PositiveSeconds = setting("30", key="exit_blocked_alert_s")

    # MAE trim (§7).
    mae_trigger: Cents = setting("10", key="mae_trigger_c")
    mae_full: Cents = setting("18", key="mae_full_c")
    trim_fraction_min: UnitFraction = setting("0.25")
    trim_fraction_max: UnitFraction = setting("0.5")
    trim_cooldown: Seconds = setting("60", key="trim_cooldown_s")

    # Legacy logic (§10).
    legacy_skew: Contracts = setting("20", key="legacy_skew_contracts")
    legacy_flatten_contract_minutes: Count = setting("500")
    legacy_stop: Cents = setting("8", key="legacy_stop_c")
    legacy_stop_persists: Seconds = setting("8", key="legacy_stop_persist_s")

    @model_validator(mode="after")
    def _pairs_are_in_order(self) -> Self:
        _in_order("low", self.low, "high", self.high)
        _in_order("price_bound_low", self.price_bound_low, "price_bound_high", self.price_bound_high)
        _in_order("price_bound_low", self.price_bound_low - 1, "price_resume_low", self.price_resume_low)
        _in_order("price_resume_low", self.price_resume_low, "price_resume_high", self.price_resume_high)
        _in_order("price_resume_high", self.price_resume_high, "price_bound_high", self.price_bound_high + 1)
        _in_order("sweet_spot_from_s", self.sweet_spot_from, "sweet_spot_to_s", self.sweet_spot_to)
        _in_order("sweet_spot_to_s", self.sweet_spot_to - 1, "hard_cap_s", self.hard_cap)
        _in_order("mae_trigger_c", self.mae_trigger, "mae_full_c", self.mae_full)
        if self.trim_fraction_max < self.trim_fraction_min:
            raise ValueError("trim_fraction_min must not be above trim_fraction_max")
        return self


def _in_order(low_name: str, low: int, high_name: str, high: int) -> None:
    if low >= high:
        raise ValueError(f"{low_name} must be below {high_name}")


class BreakerTier(SettingsModel):
    """Cancels and replaces caused by quoting that trip one tier, and for how long it then holds."""

    cancels_30s: Count
    cancels_60s: Count
    lasts: PositiveSeconds = Field(alias="lasts_s")


class RiskSettings(SettingsModel):
    """Limits over all markets (§8)."""

    max_global_inventory: Contracts = setting("100", key="max_global_inventory_contracts")
    max_order_notional: Usd = setting("100", key="max_order_notional_usd")
    max_daily_loss: Usd = setting("50", key="max_daily_loss_usd")
    breaker_soft: BreakerTier = setting({"cancels_30s": 12, "cancels_60s": 18, "lasts_s": 12})
    breaker_hard: BreakerTier = setting({"cancels_30s": 16, "cancels_60s": 24, "lasts_s": 30})
    breaker_skewed_multiplier: Multiplier = setting("1.25")
    breaker_one_tick_multiplier: Multiplier = setting("0.8")
    portfolio_breaker_multiplier: Multiplier = setting("3")
    reject_streak: Count = setting("5")
    reject_pause: PositiveSeconds = setting("60", key="reject_pause_s")
    exit_token_reserve: Annotated[int, _between("0", "1000", "tokens")] = setting("20")
    stale_after: PositiveSeconds = setting("10", key="stale_after_s")
    max_clock_skew: Milliseconds = setting("1000", key="max_clock_skew_ms")
    permit_life: PositiveSeconds = setting("5", key="permit_life_s")

    @model_validator(mode="after")
    def _hard_is_above_soft(self) -> Self:
        _in_order("breaker_soft.cancels_30s", self.breaker_soft.cancels_30s, "breaker_hard.cancels_30s",
                  self.breaker_hard.cancels_30s)  # fmt: skip
        _in_order("breaker_soft.cancels_60s", self.breaker_soft.cancels_60s, "breaker_hard.cancels_60s",
                  self.breaker_hard.cancels_60s)  # fmt: skip
        return self


class FamilySettings(SettingsModel):
    """Markets that share one set of values: the series that belong to it, and what they trade with."""

    series: tuple[str, ...]
    strategy: StrategySettings


DEFAULT_FAMILIES: Mapping[str, Mapping[str, object]] = {
    "NHL": {"series": ["KXNHLGAME", "NHL"], "low": "0.48", "high": "0.65"},
    "NFL": {"series": ["KXNFLGAME", "NFL"], "low": "0.44", "high": "0.72"},
    "CFB": {"series": ["KXNCAAFGAME", "CFB"], "low": "0.42", "high": "0.75"},
}
OTHER_FAMILY = "other"
"""Name of the family of a series that no family lists; it trades with the common values."""


class TradingSettings(SettingsModel):
    """The common values, the families' and the markets' (each already merged with what it overrides)."""

    strategy: StrategySettings = setting({})
    risk: RiskSettings = setting({})
    families: dict[str, FamilySettings] = setting({})
    markets: dict[str, StrategySettings] = setting({})

    @model_validator(mode="before")
    @classmethod
    def _merge_overrides(cls, raw: object) -> object:
        if not isinstance(raw, Mapping):
            return raw
        common = _table_or_nothing(raw.get("strategy"), "strategy")
        families = _table_or_nothing(raw.get("families", DEFAULT_FAMILIES), "families")
        merged_families = {
            name: {
                "series": table.get("series", ()),
                "strategy": {**common, **{key: value for key, value in table.items() if key != "series"}},
            }
            for name, entry in families.items()
            for table in (_table(entry, f"families.{name}"),)
        }
        merged_markets = {}
        for ticker, entry in _table_or_nothing(raw.get("markets"), "markets").items():
            family = merged_families.get(_family_name(ticker, merged_families), {"strategy": common})
            merged_markets[ticker] = {**_table(family["strategy"], ticker), **_table(entry, f"markets.{ticker}")}
        return {**raw, "strategy": common, "families": merged_families, "markets": merged_markets}

    def family_of(self, ticker: str) -> str:
        """The family that lists the ticker's series, or "other"."""
        return _family_name(ticker, {name: {"series": f.series} for name, f in self.families.items()})

    def strategy_for(self, ticker: str) -> StrategySettings:
        """What this market trades with: its own values over its family's over the common ones."""
        if ticker in self.markets:
            return self.markets[ticker]
        family = self.families.get(self.family_of(ticker))
        return family.strategy if family is not None else self.strategy


def series_of(ticker: str) -> str:
    """The series part of a ticker: what stands before the first hyphen."""
    return ticker.partition("-")[0]


def _family_name(ticker: str, families: Mapping[str, Mapping[str, object]]) -> str:
    series = series_of(ticker)
    for name, family in families.items():
        listed = family.get("series")
        if isinstance(listed, list | tuple) and series in listed:
            return name
    return OTHER_FAMILY


def _table(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where} must be a table of keys and values")
    return {str(key): entry for key, entry in value.items()}


def _table_or_nothing(value: object, where: str) -> dict[str, object]:
    """A key without a value is an empty table; any other value that is no table is an error."""
    return {} if value is None else _table(value, where)
