"""Fills and settlements: each once within its scope, and in the order in which they happened."""

from dataclasses import replace

import pytest

from edgelock.actors.journal import Journal, RecordedSettlement
from edgelock.core.units import Money, Price, Size, Timestamp
from tests.actors.journal_examples import FILL, NOON, SCOPE

OTHER = "live:demo:other"


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path)
    for run, scope in (("r1", SCOPE), ("r2", SCOPE), ("x1", OTHER)):
        journal.begin_run(run, scope, NOON)
    yield journal
    journal.close()


def test_fills_of_all_runs_of_a_scope_come_oldest_first(journal):
    fills = [
        replace(FILL, run="r2", trade_id="late", at=Timestamp(NOON + 9)),
        replace(FILL, run="r1", trade_id="early", at=Timestamp(NOON + 1)),
        replace(FILL, run="r2", trade_id="also_early", at=Timestamp(NOON + 1)),
        replace(FILL, run="r1", ticker="U", trade_id="elsewhere"),
    ]
    assert all(map(journal.record_fill, fills))

    assert [fill.trade_id for fill in journal.fills_of("T", scope=SCOPE)] == ["early", "also_early", "late"]
    assert [fill.trade_id for fill in journal.fills("T", run="r2")] == ["late", "also_early"]


def test_a_trade_counts_once_in_all_runs_of_a_scope_and_again_in_another_world(journal):
    assert journal.record_fill(FILL)
    assert not journal.record_fill(replace(FILL, run="r2"))
    assert journal.record_fill(replace(FILL, run="x1", size=Size(1)))

    assert journal.fills_of("T", scope=SCOPE) == (FILL,)
    assert journal.fills_of("T", scope=OTHER) == (replace(FILL, run="x1", size=Size(1)),)


def test_a_market_is_settled_once_in_a_scope(journal):
    known = {"ticker": "T", "value": Price(10_000), "net": Size(-300), "fee": Money(5), "at": NOON}

    assert journal.settlement_of("T", scope=SCOPE) is None
    assert journal.record_settlement(run="r1", **known)
    assert not journal.record_settlement(run="r2", **{**known, "value": Price(0)})
    assert journal.record_settlement(run="x1", **{**known, "value": Price(0)})

    assert journal.settlement_of("T", scope=SCOPE) == RecordedSettlement(run="r1", **known)
    assert journal.settlement_of("U", scope=SCOPE) is None
