"""Everything an operator may change, as one frozen value, and which of it may change while the bot runs.

The keys of `settings.yaml` are the aliases of these fields, with the unit a person thinks in at their end; the
attributes are the engine's integers. The strategy's own sections (strategy, risk, families, markets) come from
`core.settings`. `ops.settings_file` reads the layers; nothing else in the program opens `settings.yaml`.
"""

import difflib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from edgelock.core.settings import (
    OTHER_FAMILY,
    Contracts,
    Count,
    FamilySettings,
    PositiveSeconds,
    SettingsModel,
    TradingSettings,
    Usd,
    decimal_number,
    setting,
)
from edgelock.core.units import SECOND, Duration, Price
from edgelock.exchange.scenarios import SCENARIO_NAMES

FLAGS: Mapping[str, bool] = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _flag(value: object) -> bool:
    flag = FLAGS.get(str(value).strip().lower())
    if flag is None:
        raise ValueError("must be one of true, false, 1, 0, yes, no")
    return flag


def _whole(low: int, high: int, unit: str = "") -> BeforeValidator:
    def convert(value: object) -> int:
        number = decimal_number(value)
        if number is None or number != number.to_integral_value() or not low <= number <= high:
            raise ValueError(f"must be a whole number between {low} and {high} {unit}".rstrip())
        return int(number)

    return BeforeValidator(convert)


def _ratio(low: str, high: str) -> BeforeValidator:
    def convert(value: object) -> Fraction:
        number = value if isinstance(value, Fraction) else decimal_number(value)
        if number is None or not Fraction(low) <= Fraction(number) <= Fraction(high):
            raise ValueError(f"must be a number between {low} and {high}")
        return Fraction(number)

    return BeforeValidator(convert)


def _cents(low: int, high: int) -> BeforeValidator:
    """Whole or broken cents as price units."""

    def convert(value: object) -> Price:
        number = decimal_number(value)
        if number is None or not low <= number <= high or number * 100 % 1:
            raise ValueError(f"must be between {low} and {high} cents, in steps of 0.01")
        return Price(int(number * 100))

    return BeforeValidator(convert)


def _seconds(low: str, high: str) -> BeforeValidator:
    """Seconds as nanoseconds, in whole nanoseconds."""

    def convert(value: object) -> Duration:
        number = decimal_number(value)
        if number is None or not Decimal(low) <= number <= Decimal(high) or number * SECOND % 1:
            raise ValueError(f"must be between {low} and {high} seconds")
        return Duration(int(number * SECOND))

    return BeforeValidator(convert)


def _path(value: object) -> Path:
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise ValueError("must be the path of a file")
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError("names the home of a user whom this machine does not know") from None


def _optional_path(value: object) -> Path | None:
    return None if value is None or value == "" else _path(value)


def _scenario(value: object) -> str:
    if not isinstance(value, str) or value not in SCENARIO_NAMES:
        raise ValueError(f"must be one of {', '.join(SCENARIO_NAMES)}{nearest(str(value), SCENARIO_NAMES)}")
    return value


Flag = Annotated[bool, BeforeValidator(_flag)]
FilePath = Annotated[Path, BeforeValidator(_path)]
OptionalFilePath = Annotated[Path | None, BeforeValidator(_optional_path)]
ScenarioName = Annotated[str, BeforeValidator(_scenario)]
Names = Annotated[tuple[str, ...], Field(min_length=1)]


class ModeSettings(SettingsModel):
    """What the bot may do; the runbook's variables."""

    live_trading_enabled: Flag = setting(False)
    shadow_mode: Flag = setting(False)
    disable_new_quotes: Flag = setting(False)
    use_legacy_logic: Flag = setting(False)


class VenueSettings(SettingsModel):
    """Whose market data and, once live, whose orders."""

    name: Literal["embedded", "demo", "prod"] = setting("embedded")


class EmbeddedSettings(SettingsModel):
    """The exchange of our own that needs no account."""

    scenario: ScenarioName = setting("evening")
    seed: Annotated[int, _whole(0, 4_294_967_295)] = setting(7)
    speed: Annotated[Fraction, _ratio("0.1", "10000")] = setting("1")
    recording: OptionalFilePath = setting(None)
    balance: Usd = setting("10000", key="balance_usd")


class LiveSettings(SettingsModel):
    """How real orders are kept at the venue: what the venue itself ends when we cannot, and how we ask it.

    entry_life, exit_life  engine time; an order that rests is renewed at half of it
    request_timeout, backfill_interval  real time
    group_limit            contracts matched per rolling 15 s before the venue itself withdraws all entries
    token_margin_percent   share of the venue's request bucket that stays unused against jitter
    """

    entry_life: Annotated[Duration, _seconds("10", "600")] = setting("60", key="entry_life_s")
    exit_life: Annotated[Duration, _seconds("60", "86400")] = setting("900", key="exit_life_s")
    group_limit: Contracts = setting("100", key="group_limit_contracts")
    request_timeout: Annotated[Duration, _seconds("0.5", "30")] = setting("3", key="request_timeout_s")
    max_in_flight: Annotated[int, _whole(2, 16, "requests")] = setting(4)
    backfill_interval: Annotated[Duration, _seconds("1", "300")] = setting("10", key="backfill_interval_s")
    token_margin_percent: Annotated[int, _whole(0, 50, "percent")] = setting(20)

    @model_validator(mode="after")
    def _exits_live_as_long_as_entries(self) -> Self:
        if self.entry_life > self.exit_life:
            raise ValueError("entry_life_s must not be above exit_life_s")
        return self


class SelectionSettings(SettingsModel):
    """Which markets to trade: family names, how many, and how they are found."""

    series: Names = setting(["NHL"])
    max_markets_to_trade: Annotated[int, _whole(1, 400, "markets")] = setting(8)
    min_spread: Annotated[Price, _cents(0, 99)] = setting("2", key="min_spread_c")
    discovery_interval: PositiveSeconds = setting("60", key="discovery_interval_s")


class SupervisionSettings(SettingsModel):
    """How often a market may crash, how it comes back, and what becomes of it when it may not (real seconds)."""

    max_restarts: Count = setting(5)
    window: PositiveSeconds = setting("600", key="window_s")
    backoff_base: PositiveSeconds = setting("0.1", key="backoff_base_s")
    backoff_cap: PositiveSeconds = setting("30", key="backoff_cap_s")
    equal_failures: Count = setting(3)
    hung_after: PositiveSeconds = setting("5", key="hung_after_s")
    on_quarantine: Literal["keep", "flatten", "cancel"] = setting("keep")

    @model_validator(mode="after")
    def _base_is_not_above_cap(self) -> Self:
        if self.backoff_base > self.backoff_cap:
            raise ValueError("backoff_base_s must not be above backoff_cap_s")
        return self


class LogSettings(SettingsModel):
    """The telemetry file: JSON lines, rotated by size."""

    path: FilePath = setting("state/edgelock.jsonl")
    max_bytes: Annotated[int, _whole(65_536, 10_000_000_000, "bytes")] = setting(50_000_000)
    backups: Annotated[int, _whole(0, 1000, "files")] = setting(5)


class StateSettings(SettingsModel):
    """Where the lock, the kill latch and the control socket live."""

    directory: FilePath = setting("state")


class Settings(TradingSettings):
    """`settings.yaml` with everything laid over it. Frozen; `changes` compares two of them."""

    trading: ModeSettings = setting({})
    venue: VenueSettings = setting({})
    embedded: EmbeddedSettings = setting({})
    live: LiveSettings = setting({})
    selection: SelectionSettings = setting({})
    supervision: SupervisionSettings = setting({})
    log: LogSettings = setting({})
    state: StateSettings = setting({})

    @model_validator(mode="after")
    def _selected_families_are_known(self) -> Self:
        for name in self.selection.series:
            if name not in self.families and name != OTHER_FAMILY:
                raise ValueError(
                    f"selection.series names the family {name!r}, which families does not have"
                    + nearest(name, self.families)
                )
        return self

    @property
    def mode(self) -> Literal["paper", "shadow", "live"]:
        """Shadow wins over live; paper is the default."""
        if self.trading.shadow_mode:
            return "shadow"
        return "live" if self.trading.live_trading_enabled else "paper"

    @property
    def strategy_name(self) -> Literal["edge_locked", "legacy"]:
        """The strategy that decides entries and exits."""
        return "legacy" if self.trading.use_legacy_logic else "edge_locked"


RELOADABLE = ("strategy", "risk", "families", "markets", "selection", "trading.disable_new_quotes")
"""Sections and keys that a running bot takes over on SIGHUP; every other key needs a restart."""


NEEDS_RESTART = ("risk.stale_after_s",)
"""The exceptions: the feed keeps the patience it was built with."""


def is_reloadable(key: str) -> bool:
    """Whether the dotted key may change while the bot runs."""
    return key not in NEEDS_RESTART and any(key == entry or key.startswith(f"{entry}.") for entry in RELOADABLE)


def changes(old: Settings, new: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Dotted keys whose value differs: those that a running bot applies, and those that need a restart.

    A common strategy value that a family or a market merely inherits is named once, as `strategy.…`.
    """
    before, after = flat(old), flat(new)
    changed = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    named = [key for key in changed if not _only_inherits(key, before, after)]
    applied = tuple(key for key in named if is_reloadable(key))
    return applied, tuple(key for key in named if not is_reloadable(key))


def flat(settings: BaseModel) -> dict[str, object]:
    """Every value by its dotted key as written in `settings.yaml`; families and markets with all they inherit."""
    return dict(_flatten("", settings))


def nearest(name: str, known: Iterable[str]) -> str:
    """ "; did you mean 'x'?", or nothing when no known name is near."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def _flatten(prefix: str, value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, FamilySettings):
        yield f"{prefix}series", value.series
        yield from _flatten(prefix, value.strategy)
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _flatten_entry(f"{prefix}{field.alias or name}", getattr(value, name))
    elif isinstance(value, Mapping):
        for name, entry in value.items():
            yield from _flatten_entry(f"{prefix}{name}", entry)


def _flatten_entry(key: str, value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, BaseModel | Mapping):
        yield from _flatten(f"{key}.", value)
    else:
        yield key, value


def _only_inherits(key: str, before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    section, _, rest = key.partition(".")
    if section not in ("families", "markets"):
        return False
    common = f"strategy.{rest.rpartition('.')[2]}"
    return all(key in values and values[key] == values.get(common) for values in (before, after))
