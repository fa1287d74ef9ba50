"""What may change while the bot runs, and what the names of modes and strategies are."""

import pytest
from pydantic import ValidationError

from edgelock.core.settings import DEFAULT_FAMILIES
from edgelock.core.units import SECOND
from edgelock.ops.settings import Settings, changes, flat


def settings(**sections: object) -> Settings:
    return Settings.model_validate(sections)


def test_equal_settings_have_no_changes():
    assert changes(settings(), settings()) == ((), ())


def test_changes_are_parted_into_applied_and_restart():
    new = settings(
        selection={"max_markets_to_trade": 3},
        risk={"max_daily_loss_usd": 10},
        trading={"disable_new_quotes": True, "shadow_mode": True},
        log={"backups": 1},
    )

    applied, needs_restart = changes(settings(), new)

    assert applied == ("risk.max_daily_loss_usd", "selection.max_markets_to_trade", "trading.disable_new_quotes")
    assert needs_restart == ("log.backups", "trading.shadow_mode")


def test_a_common_value_that_families_inherit_is_named_once():
    assert changes(settings(), settings(strategy={"min_edge_c": 3})) == (("strategy.min_edge_c",), ())


def test_a_value_of_one_family_is_named_with_it():
    families = {**DEFAULT_FAMILIES, "NHL": {**DEFAULT_FAMILIES["NHL"], "low": "0.47"}}

    assert changes(settings(), settings(families=families)) == (("families.NHL.low",), ())


def test_a_new_market_table_is_named_by_what_differs_from_before():
    applied, needs_restart = changes(settings(), settings(markets={"T1": {"dwell_s": 3}}))

    assert "markets.T1.dwell_s" in applied
    assert needs_restart == ()


def test_keys_are_written_as_in_the_file():
    keys = flat(settings())

    assert {"risk.breaker_soft.lasts_s", "families.NHL.series", "families.NHL.low", "embedded.balance_usd"} <= set(keys)


def test_use_legacy_logic_names_the_other_strategy():
    assert settings(trading={"use_legacy_logic": True}).strategy_name == "legacy"


def test_series_that_no_family_lists_may_be_selected_as_other():
    assert settings(selection={"series": ["other"]}).selection.series == ("other",)


def test_live_keys_become_engine_units():
    live = settings(live={"entry_life_s": "45", "group_limit_contracts": "12.5", "request_timeout_s": "0.5"}).live

    assert (live.entry_life, live.request_timeout) == (45 * SECOND, SECOND // 2)
    assert live.group_limit == 1250


def test_an_exit_must_live_as_long_at_the_venue_as_an_entry():
    with pytest.raises(ValidationError, match="entry_life_s must not be above exit_life_s"):
        settings(live={"entry_life_s": 120, "exit_life_s": 90})


def test_a_running_bot_does_not_take_over_live_keys():
    assert changes(settings(), settings(live={"max_in_flight": 8})) == ((), ("live.max_in_flight",))
