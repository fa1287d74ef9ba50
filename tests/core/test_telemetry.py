"""The log's vocabulary: people's commands depend on its words, so the words are checked here."""

from dataclasses import fields, is_dataclass
from typing import ClassVar, get_args, get_origin, get_type_hints

import pytest

from edgelock.core import telemetry
from edgelock.core.telemetry import Level, MarketContext, MarketRecord, Record
from edgelock.core.units import Duration

DOCUMENTED_BY_TOPIC = (
    "quote_place order_ack order_reject quote_cancel quote_amend order_unknown order_resolved shadow_quote",
    "FILL REALIZE state_change take_profit_exit sweet_spot_exit hard_cap_exit legacy_exit",
    "mae_trim exit_blocked settlement",
    "cb_soft cb_hard cb_clear inventory_limit loss_limit kill_on kill_off rate_limited",
    "actor_start actor_crash actor_restart actor_quarantine actor_hung",
    "book_snapshot feed_gap feed_stale feed_resume ws_connect ws_disconnect market_status",
    "startup_check preflight reconcile config config_reload heartbeat shutdown_begin shutdown_done log",
)
DOCUMENTED = frozenset(action for topic in DOCUMENTED_BY_TOPIC for action in topic.split())
ADDED = frozenset(
    {"order_gone", "time_at_risk", "reject_pause", "clock_skew", "exit_average", "market_add", "market_retire"}
    | {"exchange_status", "entries_held", "live_risk"}
    | {"journal_trouble", "journal_ok"}
    | {"infrastructure_restart", "restart_storm", "restart_storm_over", "mailbox_deep"}
)
"""Words of ours beyond the document; a new one is added here on purpose."""

RECORDS = sorted(
    (
        value
        for value in vars(telemetry).values()
        if isinstance(value, type) and issubclass(value, Record) and "action" in vars(value)
    ),
    key=lambda record: record.action,
)


def field_names(record: type[Record]) -> set[str]:
    return {field.name for field in fields(record)}


def test_the_vocabulary_is_the_documents_and_ours():
    assert {record.action for record in RECORDS} == DOCUMENTED | ADDED


def test_no_two_records_share_an_action():
    assert len({record.action for record in RECORDS}) == len(RECORDS)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.action)
def test_a_record_is_a_frozen_slotted_value_with_a_level(record):
    assert is_dataclass(record)
    assert record.__dataclass_params__.frozen
    assert "__slots__" in vars(record)
    assert isinstance(record.level, Level)
    assert field_names(record) >= record.NULLABLE


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.action)
def test_no_field_of_a_record_is_a_float(record):
    hints = {name: hint for name, hint in get_type_hints(record).items() if get_origin(hint) is not ClassVar}

    assert not [name for name, hint in hints.items() if float in (hint, *get_args(hint))]


@pytest.mark.parametrize("record", [r for r in RECORDS if "exit" in r.action], ids=lambda record: record.action)
def test_every_exit_carries_its_age(record):
    """People average `age_s` over every action whose name contains "exit"."""
    assert get_type_hints(record)["age_s"] is Duration


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.action)
def test_orders_and_fills_use_side_and_changes_use_order_side(record):
    with_side = {"quote_place", "shadow_quote", "FILL"}
    with_order_side = {"quote_cancel", "quote_amend", "order_gone"}

    assert ("side" in field_names(record)) is (record.action in with_side)
    assert ("order_side" in field_names(record)) is (record.action in with_order_side)


@pytest.mark.parametrize(
    ("action", "names"),
    [
        ("quote_place", "side price qty role kind client_order_id post_only tif cooldown_ms"),
        ("order_reject", "code text"),
        ("quote_cancel", "order_side reason"),
        ("quote_amend", "order_side from_price to_price reason"),
        ("shadow_quote", "side price qty would_cross cancels_30_projected"),
        ("FILL", "side price qty role in_zone fee is_taker trade_id kind queue_position state_after"),
        ("REALIZE", "qty entry_vwap exit_price pnl fees age_s exit_reason"),
        ("state_change", "old_state new_state"),
        ("take_profit_exit", "age_s qty exit_price spread_ticks depth"),
        ("mae_trim", "mae_c severity trim_pct trim_qty age_s"),
        ("cb_soft", "scope cb_tier cancels_30 cancels_60 until"),
        ("cb_hard", "scope cb_tier cancels_30 cancels_60 until"),
        ("kill_on", "who"),
        ("actor_crash", "actor incarnation message error traceback"),
        ("actor_restart", "actor incarnation restarts_in_window backoff_s down_s"),
        ("actor_restart", "recovered_net recovered_vwap recovered_orders"),
        ("startup_check", "message"),
    ],
)
def test_a_record_carries_what_the_document_promises(action, names):
    (record,) = [r for r in RECORDS if r.action == action]

    assert set(names.split()) <= field_names(record)


def test_every_line_about_a_market_carries_its_state_and_prices():
    assert {field.name for field in fields(MarketContext)} == {
        "state", "net", "vwap", "tp", "best_bid", "best_ask", "mid_ema",
    }  # fmt: skip
    assert {field.name for field in fields(MarketContext)} >= MarketContext.NULLABLE
    assert {"market", "context", "at"} <= field_names(MarketRecord)


def test_whole_system_records_carry_no_market():
    for record in RECORDS:
        if record.action in {"heartbeat", "config", "shutdown_begin", "shutdown_done", "log", "kill_on", "preflight"}:
            assert "market" not in field_names(record)
