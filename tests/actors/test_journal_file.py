"""The journal's file: a changed byte is noticed, trouble is told and ends, and a file that is deleted comes back."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgelock.actors import journal_file
from edgelock.actors.journal import FILE_NAME, Journal, JournalDamaged, JournalError
from tests.actors.journal_examples import FILL, INTENT, NOON, SCOPE, everything, record, with_some_of_everything


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = with_some_of_everything(tmp_path)
    yield journal
    journal.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[object, ...]]:
    directory = tmp_path_factory.mktemp("sound")
    journal = with_some_of_everything(directory)
    journal.close()
    again = Journal(directory)
    said = everything(again)
    again.close()
    return directory, said


@contextmanager
def locked(path: Path) -> Iterator[None]:
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    yield
    holder.execute("ROLLBACK")
    holder.close()


def one_line(error: pytest.ExceptionInfo[JournalError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_anywhere_is_noticed_or_changes_nothing(data, sound, tmp_path_factory):
    directory, said = sound
    content = bytearray((directory / FILE_NAME).read_bytes())
    used = [number for number, byte in enumerate(content) if byte]
    place = data.draw(st.sampled_from(used) | st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    damaged = tmp_path_factory.mktemp("damaged")
    shutil.copytree(directory, damaged, dirs_exist_ok=True)
    (damaged / FILE_NAME).write_bytes(content)

    try:
        journal = Journal(damaged)
    except JournalError:
        return
    found = everything(journal)
    journal.close()
    assert found == said


@pytest.mark.parametrize("keep", [0, 1, 99, 4096, -8192, -4096], ids=lambda keep: f"{keep}_bytes")
def test_a_truncated_file_is_damaged(sound, tmp_path, keep):
    content = (sound[0] / FILE_NAME).read_bytes()
    (tmp_path / FILE_NAME).write_bytes(content[:keep])

    with pytest.raises(JournalDamaged) as error:
        Journal(tmp_path)
    assert "journal" in one_line(error)


def test_every_page_of_rubbish_is_noticed(sound, tmp_path):
    content = (sound[0] / FILE_NAME).read_bytes()
    for start in range(0, len(content), 4096):
        (tmp_path / FILE_NAME).write_bytes(content[:start] + os.urandom(4096) + content[start + 4096 :])
        with pytest.raises(JournalDamaged):
            Journal(tmp_path)


def test_an_index_that_disagrees_with_its_table_is_damage(journal):
    journal.close()
    with sqlite3.connect(journal.path) as editor:
        editor.execute("PRAGMA writable_schema = ON")
        editor.execute("UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'fills')"
                       " WHERE name = 'fills_of_market'")  # fmt: skip
    editor.close()

    with pytest.raises(JournalDamaged):
        Journal(journal.path.parent)


def test_the_file_is_its_owners_alone(journal):
    for path in (journal.path, journal.path.with_name(f"{FILE_NAME}-wal"), journal.path.with_name("kill.latch")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_sound_journal_is_in_no_trouble(journal):
    assert journal.probe() is None
    assert journal.trouble is None


def test_a_lock_is_told_until_a_write_goes_through_and_delays_only_the_first(journal):
    with locked(journal.path):
        for number in range(100):  # a quarter of a second each would be longer than this test may take
            with pytest.raises(JournalError, match="locked"):
                journal.record_fill(replace(FILL, trade_id=f"new{number}"))
        assert journal.trouble is not None
        assert "another process holds it locked" in journal.trouble
        assert journal.probe() == journal.trouble
        assert journal.fills_of("T", scope=SCOPE) == (FILL,)

    assert journal.probe() is None
    assert journal.record_fill(replace(FILL, trade_id="new1"))


def test_a_duplicate_is_no_trouble_of_the_file(journal):
    with pytest.raises(JournalError, match="UNIQUE"):
        record(journal)

    assert journal.trouble is None


def test_a_write_that_is_refused_leaves_nothing_half_done(journal):
    def fails_half_way() -> None:
        with journal._file.writing() as connection:
            connection.execute("DELETE FROM fills")
            connection.execute("DELETE FROM no_such_table")

    with pytest.raises(JournalError):
        fails_half_way()

    assert journal.fills_of("T", scope=SCOPE) == (FILL,)
    assert journal.record_fill(replace(FILL, trade_id="t2"))


def test_a_file_that_cannot_be_written_is_told_and_tried_again(journal):
    with journal._file.reading() as connection:
        connection.execute("PRAGMA query_only = ON")
    assert "cannot be written" in (journal.probe() or "")

    with journal._file.reading() as connection:
        connection.execute("PRAGMA query_only = OFF")
    assert journal.probe() is None


def test_little_room_is_trouble_while_exits_can_still_be_recorded(journal, monkeypatch):
    nearly_full = SimpleNamespace(f_bavail=10, f_frsize=4096)
    with monkeypatch.context() as patch:
        patch.setattr(journal_file.os, "statvfs", lambda _: nearly_full)
        assert "only 40 KiB are left" in (journal.probe() or "")
        record(journal, replace(INTENT, client_order_id="r1-9"))
        assert journal.trouble is not None

    assert journal.probe() is None
    assert journal.trouble is None


@pytest.mark.parametrize("gone", [("",), ("-wal",), ("-shm",), ("", "-wal", "-shm")], ids="+".join)
def test_a_file_deleted_under_us_is_written_anew_with_all_that_was_in_it(journal, gone):
    said = everything(journal)
    for end in gone:
        journal.path.with_name(f"{FILE_NAME}{end}").unlink()
    journal.record_fill(replace(FILL, trade_id="t2"))

    assert "deleted under us" in (journal.probe() or "")
    assert journal.probe() is None
    journal.record_fill(replace(FILL, trade_id="t3"))
    journal.close()

    again = Journal(journal.path.parent)
    assert [fill.trade_id for fill in again.fills_of("T", scope=SCOPE)] == ["t1", "t2", "t3"]
    assert everything(again)[3:] == said[3:]
    again.close()


def test_another_file_in_its_place_is_left_alone_and_nothing_is_written_any_more(journal):
    other = b"restored from somewhere"
    journal.path.unlink()
    journal.path.write_bytes(other)

    for _ in range(2):
        assert "another file has taken its place" in (journal.probe() or "")
    with pytest.raises(JournalDamaged, match="taken its place"):
        journal.record_fill(replace(FILL, trade_id="t2"))
    assert journal.path.read_bytes() == other
    assert journal.fills_of("T", scope=SCOPE) == (FILL,)


def test_a_row_that_changed_under_us_is_damage_and_the_file_is_not_trusted_again(journal):
    with sqlite3.connect(journal.path) as editor:
        editor.execute("UPDATE fills SET price = price + 1")
    editor.close()

    with pytest.raises(JournalDamaged, match="not what was written"):
        journal.fills_of("T", scope=SCOPE)
    assert "not what was written" in (journal.probe() or "")
    with pytest.raises(JournalDamaged):
        journal.set_latch("x", is_on=False, who="command", at=NOON)


def test_a_beginning_that_was_cut_off_is_no_loss(tmp_path):
    (tmp_path / f"{FILE_NAME}.new").write_bytes(b"half a beginning")
    (tmp_path / f"{FILE_NAME}-wal").write_bytes(b"of a file that is gone")

    journal = Journal(tmp_path)
    assert journal.unfinished_intents() == ()
    journal.close()
