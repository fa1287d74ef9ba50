"""The block that people look for at the start is computed by the code that trades."""

from edgelock.core.settings import StrategySettings
from edgelock.ops.startup_block import startup_check
from tests.core.builders import FINE_ENDS, NOON, TICKER, a_market, cents, some_settings


def test_the_block_holds_the_words_of_the_runbook():
    check = startup_check(a_market(), StrategySettings(), NOON)

    assert check.message.splitlines() == [
        "=" * 62,
        f"[{TICKER}] STARTUP SANITY CHECKS",
        "=" * 62,
        "TP Math:",
        "  Fees: 1.75¢ + 1.75¢ = 3.50¢",
        "  TP Offset: 7¢",
        "  Example: VWAP=$0.60 → TP_LONG=$0.67",
        "Price gates (NHL): buy ≤ $0.48, sell ≥ $0.65",
    ]
    assert (check.gate_low, check.gate_high, check.tp_offset, check.tick) == (cents(48), cents(65), cents(7), cents(1))


def test_its_figures_are_those_of_the_markets_own_settings():
    settings = some_settings(low="0.0525", high="0.72", min_edge_c=3)

    check = startup_check(a_market(family="NFL", grid=FINE_ENDS), settings, NOON)

    assert "Price gates (NFL): buy ≤ $0.0525, sell ≥ $0.72" in check.message
    assert check.tick == 10
    assert f"TP Offset: {check.tp_offset / 100:g}¢" in check.message
