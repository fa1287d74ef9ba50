"""What happened to actors: numbers that only grow, and a restart log that does not grow for ever."""

from dataclasses import replace

import pytest

from edgelock.actors import journal_lives
from edgelock.actors.journal import Journal
from tests.actors.journal_examples import CRASH


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path)
    yield journal
    journal.close()


def test_the_highest_incarnation_of_a_market_is_kept(journal):
    assert journal.last_incarnation("A") == 0
    for number in (1, 7, 3):
        journal.record_incarnation("A", number)
    journal.close()

    again = Journal(journal.path.parent)
    assert (again.last_incarnation("A"), again.last_incarnation("B")) == (7, 0)
    again.close()


def test_lives_are_told_newest_first_and_at_most_so_many(journal):
    back = replace(CRASH, event="restart", incarnation=4, detail="2 lots", traceback="", took_ns=40_000_000)
    for note in (CRASH, replace(CRASH, actor="risk"), back):
        journal.record_life(note)

    assert journal.lives_of("market:T", most=9) == (back, CRASH)
    assert journal.lives_of("market:T", most=1) == (back,)
    assert journal.lives_of("feed", most=9) == ()


def test_of_each_actor_only_the_newest_are_kept(journal, monkeypatch):
    monkeypatch.setattr(journal_lives, "LIVES_KEPT", 5)
    journal.record_life(replace(CRASH, actor="risk"))
    for number in range(8):
        journal.record_life(replace(CRASH, incarnation=number))

    assert [note.incarnation for note in journal.lives_of("market:T", most=99)] == [7, 6, 5, 4, 3]
    assert len(journal.lives_of("risk", most=99)) == 1


def test_only_what_happens_to_actors_is_recorded(journal):
    with pytest.raises(ValueError, match="holiday"):
        journal.record_life(replace(CRASH, event="holiday"))
