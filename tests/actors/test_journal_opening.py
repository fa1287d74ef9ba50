"""Opening after a loss: what was damaged is kept, a new journal is begun, and entries wait for an operator."""

import sqlite3
from pathlib import Path

import pytest

from edgelock.actors.journal import FILE_NAME, Journal, JournalDamaged, JournalError
from edgelock.actors.journal_opening import open_journal
from edgelock.actors.journal_witness import Witness
from edgelock.actors.risk_actor import KILL_LATCH
from tests.actors.journal_examples import NOON, SCOPE, with_some_of_everything


def a_run_was_here(directory: Path) -> Path:
    journal = Journal(directory)
    journal.begin_run("r1", SCOPE, NOON)
    journal.close()
    return journal.path


def opened(directory: Path) -> tuple[bool, str | None, tuple[str, ...]]:
    """Whether entries are held, what the operator is told, and the runs that are known."""
    journal, told = open_journal(directory)
    latch = journal.read_latch(KILL_LATCH)
    runs = journal.runs_of(SCOPE)
    journal.close()
    return latch is not None and latch.is_on, told, runs


def test_a_first_start_and_a_sound_journal_hold_nothing(tmp_path):
    assert opened(tmp_path) == (False, None, ())
    a_run_was_here(tmp_path)
    assert opened(tmp_path) == (False, None, ("r1",))


@pytest.mark.parametrize("is_on", [False, True])
def test_the_latch_has_its_room_on_the_disk_before_it_is_needed(tmp_path, is_on):
    if is_on:
        with_some_of_everything(tmp_path).close()
        (tmp_path / "kill.latch").unlink()

    assert opened(tmp_path)[:2] == (is_on, None)

    latch = Witness(tmp_path).latch(KILL_LATCH)
    assert latch is not None
    assert latch.is_on == is_on


def test_a_journal_that_is_gone_is_told_and_holds_entries_until_resume(tmp_path):
    a_run_was_here(tmp_path).unlink()

    is_held, told, runs = opened(tmp_path)
    assert is_held
    assert told is not None
    assert "gone" in told
    assert "python run.py resume" in told
    assert runs == ("r1",)

    assert opened(tmp_path) == (True, None, ("r1",))


@pytest.mark.parametrize("content", [b"", b"rubbish" * 1000], ids=["empty", "rubbish"])
def test_a_damaged_journal_is_kept_aside_with_its_companions(tmp_path, content):
    path = a_run_was_here(tmp_path)
    path.write_bytes(content)
    path.with_name(f"{FILE_NAME}-wal").write_bytes(b"its wal")

    is_held, told, runs = opened(tmp_path)

    assert is_held
    assert told is not None
    assert f"kept as {FILE_NAME}.damaged-1" in told
    assert runs == ("r1",)
    assert (tmp_path / f"{FILE_NAME}.damaged-1").read_bytes() == content
    assert (tmp_path / f"{FILE_NAME}.damaged-1-wal").read_bytes() == b"its wal"


def test_damage_after_damage_overwrites_nothing(tmp_path):
    for content in (b"first", b"second"):
        a_run_was_here(tmp_path / content.decode()).write_bytes(content)
        (tmp_path / FILE_NAME).write_bytes(content)
        assert opened(tmp_path)[0]

    assert [(tmp_path / f"{FILE_NAME}.damaged-{number}").read_bytes() for number in (1, 2)] == [b"first", b"second"]


def test_a_crash_between_setting_aside_and_beginning_anew_still_holds_entries(tmp_path, monkeypatch):
    a_run_was_here(tmp_path).write_bytes(b"")
    calls = []

    class DiesAtTheSecond(Journal):
        def __init__(self, directory: Path) -> None:
            calls.append(directory)
            if len(calls) == 2:
                raise KeyboardInterrupt
            super().__init__(directory)

    with monkeypatch.context() as patch:
        patch.setattr("edgelock.actors.journal_opening.Journal", DiesAtTheSecond)
        with pytest.raises(KeyboardInterrupt):
            open_journal(tmp_path)

    assert opened(tmp_path)[0]


def test_resume_after_a_loss_lets_go_for_good(tmp_path):
    a_run_was_here(tmp_path).unlink()
    journal, _ = open_journal(tmp_path)
    journal.set_latch(KILL_LATCH, is_on=False, who="command", at=NOON)
    journal.close()

    assert opened(tmp_path)[:2] == (False, None)


def test_a_journal_of_a_newer_version_is_refused_and_left_where_it_is(tmp_path):
    path = a_run_was_here(tmp_path)
    with sqlite3.connect(path) as editor:
        editor.execute("UPDATE schema_version SET version = 99")
    editor.close()

    with pytest.raises(JournalError, match="schema 99") as error:
        open_journal(tmp_path)
    assert not isinstance(error.value, JournalDamaged)
    assert path.exists()


def test_a_journal_locked_by_another_process_is_refused_and_left_where_it_is(tmp_path):
    path = a_run_was_here(tmp_path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    with pytest.raises(JournalError, match="locked") as error:
        open_journal(tmp_path)
    assert not isinstance(error.value, JournalDamaged)
    holder.execute("ROLLBACK")
    holder.close()
    assert path.exists()


def test_the_file_that_is_kept_aside_still_has_what_could_be_read(tmp_path):
    with_some_of_everything(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as editor:
        editor.execute("UPDATE fills SET price = price + 1")
    editor.close()

    assert opened(tmp_path)[0]

    with sqlite3.connect(tmp_path / f"{FILE_NAME}.damaged-1") as reader:
        assert reader.execute("SELECT trade_id FROM fills").fetchall() == [("t1",)]
    reader.close()
