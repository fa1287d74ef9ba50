"""Latches in two places, holds, and the memory of the risk side."""

import sqlite3

import pytest

from edgelock.actors.journal import Journal, JournalError, Latch
from edgelock.core.units import Timestamp
from tests.actors.journal_examples import NOON, SCOPE

ON = Latch(is_on=True, who="command", at=NOON)
LATER = Timestamp(NOON + 1)


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path)
    yield journal
    journal.close()


def move(journal: Journal, *, is_on: bool, at: Timestamp = NOON) -> None:
    journal.set_latch("kill", is_on=is_on, who="command", at=at)


def lock(journal: Journal) -> sqlite3.Connection:
    holder = sqlite3.connect(journal.path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    return holder


def test_a_latch_outlives_the_loss_of_either_of_its_places(journal):
    move(journal, is_on=True)
    journal.close()

    latch_file = journal.path.with_name("kill.latch")
    for lost in (latch_file, journal.path):
        content = lost.read_bytes()
        lost.unlink()
        again = Journal(journal.path.parent)
        assert again.read_latch("kill") == ON
        again.close()
        lost.write_bytes(content)


def test_halting_needs_one_place_and_letting_go_needs_both(journal):
    holder = lock(journal)
    move(journal, is_on=True)
    assert journal.read_latch("kill") == ON
    with pytest.raises(JournalError, match="locked"):
        move(journal, is_on=False)
    assert journal.read_latch("kill") is not None
    holder.execute("ROLLBACK")
    holder.close()

    latch_file = journal.path.with_name("kill.latch")
    latch_file.unlink()
    latch_file.mkdir()
    move(journal, is_on=True)
    with pytest.raises(JournalError):
        move(journal, is_on=False)
    latch_file.rmdir()
    assert journal.read_latch("kill") == ON


def test_halting_with_both_places_gone_is_told(journal):
    journal.path.with_name("kill.latch").mkdir()
    holder = lock(journal)

    with pytest.raises(JournalError):
        move(journal, is_on=True)

    holder.execute("ROLLBACK")
    holder.close()


def test_a_latch_that_was_let_go_half_way_is_still_on(journal):
    """The process dies between the two places."""
    move(journal, is_on=True)
    journal._witness.set_latch("kill", Latch(is_on=False, who="command", at=LATER))

    assert journal.read_latch("kill") == ON

    move(journal, is_on=False, at=LATER)
    assert journal.read_latch("kill") == Latch(is_on=False, who="command", at=LATER)


def test_the_memory_of_the_risk_side_is_one_text_per_scope(journal):
    assert journal.load_risk(scope=SCOPE) is None
    journal.save_risk("first", scope=SCOPE, at=NOON)
    journal.save_risk("second", scope=SCOPE, at=NOON)
    journal.save_risk("elsewhere", scope="paper:x", at=NOON)

    assert (journal.load_risk(scope=SCOPE), journal.load_risk(scope="paper:x")) == ("second", "elsewhere")
