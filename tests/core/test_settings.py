"""Settings are parsed once at the door: units, ranges, pairs, overrides, and errors that name what is wrong."""

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edgelock.core.settings import (
    OTHER_FAMILY,
    BreakerTier,
    RiskSettings,
    StrategySettings,
    TradingSettings,
    series_of,
)

SECOND, MILLISECOND = 1_000_000_000, 1_000_000

# Every key as a person writes it: its default, another valid value, and what the engine then holds.
STRATEGY_KEYS = {
    "low": ("low", "0.48", "0.40", 4000),
    "high": ("high", "0.65", "0.70", 7000),
    "reference_alpha": ("reference_alpha", "0.3", "0.5", Fraction(1, 2)),
    "base_spread_c": ("base_spread", "1", "1.5", 150),
    "size_per_fill_contracts": ("size_per_fill", "10", "2.25", 225),
    "max_inventory_per_market": ("max_inventory", "50", "60", 6000),
    "price_bound_low": ("price_bound_low", "0.05", "0.04", 400),
    "price_bound_high": ("price_bound_high", "0.95", "0.96", 9600),
    "price_resume_low": ("price_resume_low", "0.10", "0.12", 1200),
    "price_resume_high": ("price_resume_high", "0.90", "0.88", 8800),
    "no_entry_before_close_s": ("no_entry_before_close", "300", "0", 0),
    "hysteresis_ticks": ("hysteresis_ticks", "4", "7", 7),
    "cooldown_flat_ms": ("cooldown_flat", "300", "0.5", MILLISECOND // 2),
    "cooldown_skewed_ms": ("cooldown_skewed", "2000", "1", MILLISECOND),
    "cooldown_per_contract_ms": ("cooldown_per_contract", "50", "60", 60 * MILLISECOND),
    "cooldown_max_ms": ("cooldown_max", "5000", "6000", 6 * SECOND),
    "entry_fee_c": ("entry_fee", "1.75", "0", 0),
    "exit_fee_c": ("exit_fee", "1.75", "0.01", 1),
    "min_edge_c": ("min_edge", "2", "3", 300),
    "sweet_spot_from_s": ("sweet_spot_from", "480", "60", 60 * SECOND),
    "sweet_spot_to_s": ("sweet_spot_to", "720", "900", 900 * SECOND),
    "improve_one_tick_depth_multiple": ("improve_one_tick_depth_multiple", "2", "3", 3),
    "improve_one_tick_depth_min_contracts": ("improve_one_tick_depth_min", "20", "25", 2500),
    "improve_two_ticks_depth_multiple": ("improve_two_ticks_depth_multiple", "4", "5", 5),
    "improve_two_ticks_depth_min_contracts": ("improve_two_ticks_depth_min", "50", "55", 5500),
    "dwell_s": ("dwell", "5", "0.25", SECOND // 4),
    "hard_cap_s": ("hard_cap", "2400", "3000", 3000 * SECOND),
    "exit_retry_s": ("exit_retry", "1", "2", 2 * SECOND),
    "max_exit_slippage_ticks": ("max_exit_slippage_ticks", "10", "0", 0),
    "time_at_risk_s": ("time_at_risk", "3600", "7200", 7200 * SECOND),
    "exit_blocked_alert_s": ("exit_blocked_alert", "30", "10", 10 * SECOND),
    "mae_trigger_c": ("mae_trigger", "10", "9", 900),
    "mae_full_c": ("mae_full", "18", "20", 2000),
    "trim_fraction_min": ("trim_fraction_min", "0.25", "0.1", Fraction(1, 10)),
    "trim_fraction_max": ("trim_fraction_max", "0.5", "1", Fraction(1)),
    "trim_cooldown_s": ("trim_cooldown", "60", "30", 30 * SECOND),
    "legacy_skew_contracts": ("legacy_skew", "20", "15", 1500),
    "legacy_flatten_contract_minutes": ("legacy_flatten_contract_minutes", "500", "400", 400),
    "legacy_stop_c": ("legacy_stop", "8", "6", 600),
    "legacy_stop_persist_s": ("legacy_stop_persists", "8", "4", 4 * SECOND),
}
TIER = {"cancels_30s": 20, "cancels_60s": 30, "lasts_s": 40}
RISK_KEYS = {
    "max_global_inventory_contracts": ("max_global_inventory", "100", "150", 15_000),
    "max_order_notional_usd": ("max_order_notional", "100", "0.5", 500_000),
    "max_daily_loss_usd": ("max_daily_loss", "50", "75", 75_000_000),
    "breaker_soft": (
        "breaker_soft",
        {"cancels_30s": 12, "cancels_60s": 18, "lasts_s": 12},
        {"cancels_30s": 1, "cancels_60s": 2, "lasts_s": 3},
        BreakerTier(cancels_30s=1, cancels_60s=2, lasts_s=3),
    ),
    "breaker_hard": (
        "breaker_hard",
        {"cancels_30s": 16, "cancels_60s": 24, "lasts_s": 30},
        TIER,
        BreakerTier(**TIER),
    ),
    "breaker_skewed_multiplier": ("breaker_skewed_multiplier", "1.25", "2", Fraction(2)),
    "breaker_one_tick_multiplier": ("breaker_one_tick_multiplier", "0.8", "1", Fraction(1)),
    "portfolio_breaker_multiplier": ("portfolio_breaker_multiplier", "3", "2.5", Fraction(5, 2)),
    "reject_streak": ("reject_streak", "5", "3", 3),
    "reject_pause_s": ("reject_pause", "60", "30", 30 * SECOND),
    "exit_token_reserve": ("exit_token_reserve", "20", "0", 0),
    "stale_after_s": ("stale_after", "10", "5", 5 * SECOND),
    "max_clock_skew_ms": ("max_clock_skew", "1000", "500", 500 * MILLISECOND),
    "permit_life_s": ("permit_life", "5", "2", 2 * SECOND),
}


def errors_of(model: type, values: object) -> str:
    with pytest.raises(ValidationError) as error:
        model.model_validate(values)
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.value.errors())


@pytest.mark.parametrize(("model", "keys"), [(StrategySettings, STRATEGY_KEYS), (RiskSettings, RISK_KEYS)])
def test_the_keys_of_a_person_are_all_the_keys_there_are(model, keys):
    assert {field.alias or name for name, field in model.model_fields.items()} == set(keys)


@pytest.mark.parametrize(
    ("model", "key", "row"),
    [(StrategySettings, *item) for item in STRATEGY_KEYS.items()]
    + [(RiskSettings, *item) for item in RISK_KEYS.items()],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_key_has_its_documented_default_and_its_unit(model, key, row):
    attribute, default, other, held = row

    assert getattr(model(), attribute) == getattr(model.model_validate({key: default}), attribute)
    assert getattr(model.model_validate({key: other}), attribute) == held


def test_the_defaults_are_those_of_the_strategy_document():
    strategy, risk = StrategySettings(), RiskSettings()

    assert (strategy.low, strategy.high, strategy.base_spread) == (4800, 6500, 100)
    assert strategy.entry_fee + strategy.exit_fee + 100 + strategy.min_edge == 650
    assert (strategy.sweet_spot_from, strategy.sweet_spot_to, strategy.hard_cap) == (
        480 * SECOND,
        720 * SECOND,
        2400 * SECOND,
    )
    assert (risk.breaker_soft.cancels_30s, risk.breaker_hard.cancels_60s) == (12, 24)
    assert (risk.breaker_skewed_multiplier, risk.breaker_one_tick_multiplier) == (Fraction(5, 4), Fraction(4, 5))


@pytest.mark.parametrize("value", [10, "10", 10.0, " 10 ", "1e1"])
def test_a_number_may_be_written_as_a_person_would(value):
    assert StrategySettings(hysteresis_ticks=value).hysteresis_ticks == 10
    assert type(StrategySettings(hysteresis_ticks=value).hysteresis_ticks) is int


@pytest.mark.parametrize("value", ["abc", "", None, True, [], {}, "nan", "inf", float("nan")])
@pytest.mark.parametrize("key", ["low", "hysteresis_ticks", "reference_alpha"])
def test_what_is_no_number_is_an_error(key, value):
    assert f"{key}: Value error, must be a number" in errors_of(StrategySettings, {key: value})


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("low", "0", "between 0.0001 and 0.9999 dollars"),
        ("high", "1", "between 0.0001 and 0.9999 dollars"),
        ("base_spread_c", "-1", "between 0 and 99 cents"),
        ("size_per_fill_contracts", "0", "between 0.01 and 1000000 contracts"),
        ("hard_cap_s", "0", "between 0.001 and 604800 seconds"),
        ("cooldown_flat_ms", "600001", "between 0 and 600000 milliseconds"),
        ("hysteresis_ticks", "1001", "between 0 and 1000 ticks"),
        ("legacy_flatten_contract_minutes", "0", "between 1 and 100000"),
        ("reference_alpha", "1.1", "between 0 and 1"),
    ],
)
def test_a_value_out_of_range_is_told_what_is_allowed(key, value, allowed):
    assert f"{key}: Value error, must be {allowed}" in errors_of(StrategySettings, {key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [("low", "0.48001"), ("base_spread_c", "1.001"), ("size_per_fill_contracts", "1.005"), ("hysteresis_ticks", "1.5")],
)
def test_a_value_finer_than_the_engines_unit_is_an_error(key, value):
    assert "is finer than the smallest step" in errors_of(StrategySettings, {key: value})


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"low": "0.65", "high": "0.65"}, "low must be below high"),
        ({"low": "0.66"}, "low must be below high"),
        ({"price_bound_low": "0.96"}, "price_bound_low must be below price_bound_high"),
        ({"price_resume_low": "0.04"}, "price_bound_low must be below price_resume_low"),
        ({"price_resume_low": "0.90"}, "price_resume_low must be below price_resume_high"),
        ({"price_resume_high": "0.96"}, "price_resume_high must be below price_bound_high"),
        ({"sweet_spot_from_s": "720"}, "sweet_spot_from_s must be below sweet_spot_to_s"),
        ({"hard_cap_s": "719"}, "sweet_spot_to_s must be below hard_cap_s"),
        ({"mae_trigger_c": "18"}, "mae_trigger_c must be below mae_full_c"),
        ({"trim_fraction_min": "0.6"}, "trim_fraction_min must not be above trim_fraction_max"),
    ],
)
def test_pairs_out_of_order_are_an_error_that_names_both(values, complaint):
    assert complaint in errors_of(StrategySettings, values)


@pytest.mark.parametrize(
    ("key", "value"),
    [("price_resume_low", "0.05"), ("price_resume_high", "0.95"), ("hard_cap_s", "720"), ("trim_fraction_min", "0.5")],
)
def test_bounds_that_touch_where_they_may_are_accepted(key, value):
    StrategySettings.model_validate({key: value})


@pytest.mark.parametrize("tier", ["cancels_30s", "cancels_60s"])
def test_the_hard_breaker_must_be_above_the_soft_one(tier):
    soft = {"cancels_30s": 12, "cancels_60s": 18, "lasts_s": 12, tier: 24}

    assert f"breaker_soft.{tier} must be below breaker_hard.{tier}" in errors_of(RiskSettings, {"breaker_soft": soft})


@pytest.mark.parametrize("model", [StrategySettings, RiskSettings, TradingSettings])
def test_an_unknown_key_is_an_error(model):
    assert "lwo: Extra inputs are not permitted" in errors_of(model, {"lwo": "0.48"})


@pytest.mark.parametrize("key", ["base_spread", "hard_cap"])
def test_an_attributes_own_name_is_no_key_where_the_key_carries_a_unit(key):
    assert f"{key}: Extra inputs are not permitted" in errors_of(StrategySettings, {key: "1"})


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        StrategySettings().low = 1


# --- families and markets ---


@pytest.mark.parametrize(
    ("ticker", "family", "gates"),
    [
        ("KXNHLGAME-26NOV22NYRBOS-NYR", "NHL", (4800, 6500)),
        ("NHL-NYR", "NHL", (4800, 6500)),
        ("KXNFLGAME-26NOV22KCBUF-KC", "NFL", (4400, 7200)),
        ("KXNCAAFGAME-26NOV22X-X", "CFB", (4200, 7500)),
        ("KXNBAGAME-26NOV22X-X", OTHER_FAMILY, (4800, 6500)),
        ("KXNHLGAMES-X", OTHER_FAMILY, (4800, 6500)),
        ("", OTHER_FAMILY, (4800, 6500)),
    ],
)
def test_a_series_trades_with_the_gates_of_its_family(ticker, family, gates):
    settings = TradingSettings()
    strategy = settings.strategy_for(ticker)

    assert settings.family_of(ticker) == family
    assert (strategy.low, strategy.high) == gates


def test_the_series_is_what_stands_before_the_first_hyphen():
    assert [series_of(t) for t in ("KXNHLGAME-A-B", "PLAIN", "")] == ["KXNHLGAME", "PLAIN", ""]


def test_a_market_overrides_its_family_and_a_family_the_common_values():
    settings = TradingSettings.model_validate(
        {
            "strategy": {"low": "0.30", "base_spread_c": "2", "min_edge_c": "5"},
            "families": {"A": {"series": ["SA"], "low": "0.35", "base_spread_c": "3"}},
            "markets": {"SA-1": {"low": "0.40"}, "SB-1": {"low": "0.45"}},
        }
    )

    def values(ticker):
        strategy = settings.strategy_for(ticker)
        return strategy.low, strategy.base_spread, strategy.min_edge

    assert values("SA-1") == (4000, 300, 500)
    assert values("SA-2") == (3500, 300, 500)
    assert values("SB-1") == (4500, 200, 500)
    assert values("SB-2") == (3000, 200, 500)


@pytest.mark.parametrize("raw", [{}, {"strategy": None, "families": None, "markets": None}])
def test_an_empty_table_is_the_common_values(raw):
    assert TradingSettings.model_validate(raw).strategy == StrategySettings()


def test_gates_that_only_inheritance_turns_upside_down_are_an_error():
    """Each family alone is fine, but together with what it inherits the gates are upside down."""
    complaint = errors_of(
        TradingSettings, {"strategy": {"low": "0.60"}, "families": {"A": {"series": ["SA"], "high": "0.55"}}}
    )

    assert "families.A.strategy: Value error, low must be below high" in complaint


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"strategy": "x"}, "strategy must be a table"),
        ({"strategy": 0}, "strategy must be a table"),
        ({"families": False}, "families must be a table"),
        ({"markets": []}, "markets must be a table"),
        ({"families": {"A": None}}, "families.A must be a table"),
        ({"families": "x"}, "families must be a table"),
        ({"families": {"A": "x"}}, "families.A must be a table"),
        ({"markets": {"T-1": "x"}}, "markets.T-1 must be a table"),
        ({"families": {"A": {"series": "SA"}}}, "families.A.series"),
        ({"families": {"A": {"series": ["SA"], "lwo": "1"}}}, "families.A.strategy.lwo"),
        ({"markets": {"T-1": {"lwo": "1"}}}, "markets.T-1.lwo"),
        ("x", "Input should be"),
    ],
)
def test_a_table_that_is_none_is_an_error_that_says_where(raw, complaint):
    assert complaint in errors_of(TradingSettings, raw)


@given(st.integers(1, 9998), st.data())
def test_any_two_gates_in_order_are_read_exactly(low, data):
    high = data.draw(st.integers(low + 1, 9999))

    strategy = StrategySettings.model_validate({"low": f"0.{low:04d}", "high": f"0.{high:04d}"})

    assert (strategy.low, strategy.high) == (low, high)


KEYS = st.sampled_from(["strategy", "families", "markets", "low", "series", "A"])


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(KEYS, inner, max_size=3),
        ),
        max_leaves=8,
    )
)
def test_whatever_is_in_the_file_is_settings_or_one_kind_of_error(raw):
    try:
        settings = TradingSettings.model_validate(raw)
    except ValidationError:
        return
    assert isinstance(raw, Mapping)
    assert settings.strategy.low < settings.strategy.high
