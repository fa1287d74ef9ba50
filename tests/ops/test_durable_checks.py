"""The rows about the journal and the kill switch."""

import sqlite3
from pathlib import Path

import pytest

from edgelock.actors.journal import FILE_NAME, Journal
from edgelock.actors.risk_actor import KILL_LATCH
from edgelock.core.risk import RiskState, RiskStep
from edgelock.core.units import Timestamp
from edgelock.ops.check_result import CheckResult
from edgelock.ops.durable_checks import durable_checks
from edgelock.ops.settings import Settings


def rows(directory: Path, **sections: object) -> dict[str, CheckResult]:
    settings = Settings.model_validate({"state": {"directory": str(directory)}, **sections})
    return {row.check: row for row in durable_checks(settings)}


def test_nothing_is_written_where_there_was_no_journal(tmp_path: Path):
    assert rows(tmp_path)["state store"].outcome == "pass"
    assert list(tmp_path.iterdir()) == []


def test_a_sound_journal_passes_and_a_damaged_one_fails_with_the_remedy(tmp_path: Path):
    Journal(tmp_path).close()
    assert rows(tmp_path)["state store"].detail.endswith("is sound, 0 orders have no recorded end")

    (tmp_path / FILE_NAME).write_bytes(b"not a journal at all" * 100)
    damaged = rows(tmp_path)["state store"]
    assert (damaged.outcome, "the file is not a journal" in damaged.detail) == ("fail", True)
    assert "kept aside" in damaged.remedy
    assert "python run.py resume" in damaged.remedy


def test_a_journal_that_another_process_holds_is_told_with_the_remedy(tmp_path: Path):
    Journal(tmp_path).close()
    holder = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    held = rows(tmp_path)["state store"]

    holder.execute("ROLLBACK")
    holder.close()
    assert (held.outcome, "locked" in held.detail) == ("fail", True)
    assert "stop whoever uses it" in held.remedy


def test_a_journal_that_is_gone_is_a_warning_of_what_the_next_start_does(tmp_path: Path):
    journal = Journal(tmp_path)
    journal.begin_run("r1", "live:demo:abc", Timestamp(1))
    journal.close()
    journal.path.unlink()

    gone = rows(tmp_path)["state store"]

    assert (gone.outcome, "gone" in gone.detail) == ("warn", True)
    assert "python run.py resume" in gone.remedy


def test_a_latch_that_is_still_on_is_told_and_left_on(tmp_path: Path):
    journal = Journal(tmp_path)
    journal.set_latch(KILL_LATCH, is_on=True, who="command", at=Timestamp(1))
    journal.close()

    assert rows(tmp_path)["state store"].outcome == "warn"
    assert "the kill switch is on (by command)" in rows(tmp_path)["state store"].detail


@pytest.mark.parametrize("low", ["0.48", "0.10", "0.90"])
def test_the_kill_switch_is_exercised_with_the_operators_numbers(tmp_path: Path, low: str):
    found = rows(tmp_path, strategy={"low": low, "high": "0.95"})["kill switch"]

    assert found.detail == "exercised: kept across a restart, REDUCE_ONLY, entries withdrawn, exits stay"


def test_a_kill_switch_that_does_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def idle(state: RiskState, *_: object, **__: object) -> RiskStep:
        return RiskStep(state)

    monkeypatch.setattr("edgelock.ops.durable_checks.kill_switched", idle)

    assert rows(tmp_path)["kill switch"].outcome == "fail"
