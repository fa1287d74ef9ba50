"""The journal as the place of the risk side's memory: one text for each account and world."""

import pytest

from edgelock.actors.journal import Journal, JournalError
from edgelock.actors.risk_memory_store import JournaledRiskMemory
from tests.actors.trading_doubles import HandClock


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path)
    yield journal
    journal.close()


def test_nothing_was_saved_at_first(journal):
    assert JournaledRiskMemory(journal, "here", HandClock()).load() is None


def test_the_text_saved_last_survives_the_journals_close(journal, tmp_path):
    memory = JournaledRiskMemory(journal, "here", HandClock())
    memory.save("one")
    memory.save("two")
    journal.close()

    again = Journal(tmp_path)

    assert JournaledRiskMemory(again, "here", HandClock()).load() == "two"
    again.close()


def test_each_scope_has_a_text_of_its_own(journal):
    JournaledRiskMemory(journal, "here", HandClock()).save("ours")

    assert JournaledRiskMemory(journal, "there", HandClock()).load() is None


def test_a_sound_journal_is_no_trouble_and_one_that_is_closed_is(journal):
    memory = JournaledRiskMemory(journal, "here", HandClock())
    sound = memory.trouble()
    journal.close()

    with pytest.raises(JournalError):
        memory.save("late")
    assert sound is None
    assert memory.trouble()
