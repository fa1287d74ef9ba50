"""The journal: what was recorded survives, counts once, and trouble is one line."""

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from edgelock.actors.journal import FILE_NAME, Journal, JournalDamaged, JournalError, Latch
from edgelock.actors.journal_schema import sealed
from edgelock.core.market import Side
from edgelock.core.order import OrderState
from edgelock.core.units import Size, Timestamp
from tests.actors.journal_examples import FILL, INTENT, NOON, record


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path)
    yield journal
    journal.close()


def reopened(journal: Journal) -> Journal:
    journal.close()
    return Journal(journal.path.parent)


def test_an_intent_reads_back_as_it_was_until_its_end_is_recorded(journal):
    record(journal)
    record(journal, replace(INTENT, client_order_id="r1-2", side=Side.ASK, post_only=False))

    (first, second) = journal.unfinished_intents()
    assert (first.run, first.ticker, first.incarnation, first.intent, first.at) == ("r1", "T", 3, INTENT, NOON)
    assert second.intent == replace(INTENT, client_order_id="r1-2", side=Side.ASK, post_only=False)

    journal.record_end(client_order_id="r1-1", state=OrderState.CANCELED, at=NOON)
    journal.record_end(client_order_id="r1-1", state=OrderState.FILLED, at=NOON)
    assert [i.intent.client_order_id for i in journal.unfinished_intents()] == ["r1-2"]


def test_a_client_order_id_is_recorded_once(journal):
    record(journal)

    with pytest.raises(JournalError, match=r"UNIQUE constraint failed: order_intents\.client_order_id"):
        record(journal)


def test_a_live_state_is_not_an_end(journal):
    with pytest.raises(ValueError, match="not the end"):
        journal.record_end(client_order_id="r1-1", state=OrderState.UNKNOWN, at=NOON)


def test_a_fill_counts_once_by_its_trade_id(journal):
    assert journal.record_fill(FILL)
    assert not journal.record_fill(replace(FILL, size=Size(999)))
    assert journal.record_fill(replace(FILL, trade_id="t2"))

    assert journal.fills("T", run="r1") == (FILL, replace(FILL, trade_id="t2"))
    assert journal.fills("T", run="r2") == ()


def test_everything_is_there_after_the_file_was_closed_and_opened(journal):
    record(journal)
    journal.record_fill(FILL)
    journal.set_latch("kill", is_on=True, who="command", at=NOON)
    journal.record_incarnation("T", 1)

    again = reopened(journal)

    assert len(again.unfinished_intents()) == 1
    assert again.fills("T", run="r1") == (FILL,)
    assert again.read_latch("kill") == Latch(is_on=True, who="command", at=NOON)
    assert again.last_incarnation("T") == 1
    again.close()


def test_a_latch_is_where_it_was_moved_last(journal):
    assert journal.read_latch("kill") is None
    journal.set_latch("kill", is_on=True, who="signal", at=NOON)
    journal.set_latch("kill", is_on=False, who="command", at=Timestamp(NOON + 1))

    assert journal.read_latch("kill") == Latch(is_on=False, who="command", at=Timestamp(NOON + 1))


def test_threads_share_one_journal(journal):
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda n: journal.record_fill(replace(FILL, trade_id=f"t{n % 50}")), range(200)))

    assert sum(told) == 50


def test_what_was_recorded_survives_a_killed_process(tmp_path):
    program = (
        "import os, signal, sys; from pathlib import Path; from edgelock.actors.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1])); journal.set_latch('kill', is_on=True, who='signal', at=1)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    ended = subprocess.run([sys.executable, "-c", program, os.fspath(tmp_path)], check=False)

    assert ended.returncode == -signal.SIGKILL
    journal = Journal(tmp_path)
    assert journal.read_latch("kill") == Latch(is_on=True, who="signal", at=Timestamp(1))
    journal.close()


def one_line(error: pytest.ExceptionInfo) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"not a database, but long enough to be looked at" * 100)

    with pytest.raises(JournalError) as error:
        Journal(tmp_path)
    assert "not a journal" in one_line(error)


def test_a_database_of_somebody_else_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / FILE_NAME) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()

    with pytest.raises(JournalError) as error:
        Journal(tmp_path)
    assert "not a journal" in one_line(error)


def edited(journal: Journal, change: str) -> None:
    journal.close()
    with sqlite3.connect(journal.path) as editor:
        editor.execute(change)
    editor.close()


def test_the_schema_of_a_newer_version_is_refused_and_is_no_damage(journal):
    edited(journal, "UPDATE schema_version SET version = 99")

    with pytest.raises(JournalError) as error:
        Journal(journal.path.parent)
    assert "schema 99, this version reads 1 to 2" in one_line(error)
    assert not isinstance(error.value, JournalDamaged)


def test_a_journal_that_does_not_say_its_schema_is_damaged(journal):
    edited(journal, "DELETE FROM schema_version")

    with pytest.raises(JournalDamaged, match="does not say which schema"):
        Journal(journal.path.parent)


def test_a_journal_locked_by_another_process_is_told_in_one_line(journal):
    holder = sqlite3.connect(journal.path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    with pytest.raises(JournalError) as error:
        record(journal)
    assert "locked" in one_line(error)

    holder.execute("ROLLBACK")
    holder.close()
    record(journal)


def test_a_full_disk_is_told_in_one_line_and_loses_nothing_recorded(journal):
    record(journal)
    with journal._file.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    fills = [replace(FILL, trade_id=f"t{number}") for number in range(10_000)]
    with pytest.raises(JournalError) as error:
        list(map(journal.record_fill, fills))
    assert "the disk is full" in one_line(error)
    assert len(journal.unfinished_intents()) == 1


def test_a_state_directory_that_is_a_file_is_told_in_one_line(tmp_path):
    (tmp_path / "state").write_text("a file")

    with pytest.raises(JournalError) as error:
        Journal(tmp_path / "state")
    assert "state directory" in one_line(error)


def test_a_journal_path_that_is_a_directory_is_told_in_one_line(tmp_path):
    (tmp_path / FILE_NAME).mkdir()

    with pytest.raises(JournalError) as error:
        Journal(tmp_path)
    assert "cannot be opened" in one_line(error)


def test_an_intent_that_cannot_be_read_is_told_in_one_line(journal):
    record(journal)
    with journal._file.writing() as connection:
        (row,) = connection.execute("SELECT * FROM order_intents").fetchall()
        changed = sealed(*row[:5], '{"side": 1}', row[6])
        connection.execute("UPDATE order_intents SET intent = ?, seal = ?", (changed[5], changed[7]))

    with pytest.raises(JournalError) as error:
        journal.unfinished_intents()
    assert "order intent cannot be read" in one_line(error)


def test_a_closed_journal_says_so(tmp_path):
    journal = Journal(Path(tmp_path))
    journal.close()

    with pytest.raises(JournalError, match="closed"):
        journal.read_latch("kill")
