"""Runs and orders in the journal: each in its scope, and what is old is let go only when it has ended."""

from dataclasses import replace

import pytest

from edgelock.actors.journal import FILE_NAME, Journal, JournalError
from edgelock.actors.journal_orders import KEPT_NS
from edgelock.core.order import OrderState
from edgelock.core.units import Timestamp
from tests.actors.journal_examples import CRASH, FILL, INTENT, NOON, SCOPE, record

LATER = Timestamp(NOON + KEPT_NS + 1)


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path)
    yield journal
    journal.close()


def names(journal: Journal, scope: str | None) -> list[str]:
    return [recorded.intent.client_order_id for recorded in journal.unfinished_intents(scope=scope)]


def test_orders_are_found_in_their_scope_and_in_doubt_without_one(journal):
    journal.begin_run("r1", SCOPE, NOON)
    journal.begin_run("r2", "live:demo:other", NOON)
    for run in ("r1", "r2", "never_begun"):
        record(journal, replace(INTENT, client_order_id=f"{run}-1"), run=run)

    assert names(journal, SCOPE) == ["r1-1", "never_begun-1"]
    assert names(journal, "live:demo:other") == ["r2-1", "never_begun-1"]
    assert names(journal, None) == ["r1-1", "r2-1", "never_begun-1"]


def test_a_run_begins_once_and_in_a_scope(journal):
    journal.begin_run("r1", SCOPE, NOON)

    with pytest.raises(JournalError, match="UNIQUE"):
        journal.begin_run("r1", SCOPE, NOON)
    with pytest.raises(ValueError, match="scope"):
        journal.begin_run("r2", "", NOON)


def test_the_runs_of_a_scope_are_known_even_when_the_file_was_lost(journal):
    journal.begin_run("r1", SCOPE, NOON)
    journal.close()
    journal.path.unlink()

    again = Journal(journal.path.parent)
    again.begin_run("r2", SCOPE, NOON)
    again.begin_run("r3", "paper:r3", NOON)

    assert again.runs_of(SCOPE) == ("r1", "r2")
    again.close()


def test_a_run_knows_its_scope_after_the_file_was_opened_again(journal):
    journal.begin_run("r1", SCOPE, NOON)
    journal.close()

    again = Journal(journal.path.parent)
    again.record_fill(FILL)
    assert again.fills_of("T", scope=SCOPE) == (FILL,)
    again.close()


def test_what_ended_long_ago_is_let_go_when_a_run_begins_and_nothing_else(journal):
    journal.begin_run("r1", SCOPE, NOON)
    for number in (1, 2, 3):
        record(journal, replace(INTENT, client_order_id=f"r1-{number}"))
    journal.record_end(client_order_id="r1-1", state=OrderState.CANCELED, at=NOON)
    journal.record_end(client_order_id="r1-2", state=OrderState.CANCELED, at=LATER)
    journal.record_fill(FILL)
    journal.record_life(CRASH)
    journal.record_life(replace(CRASH, at=LATER))
    journal.save_risk("old", scope="paper:r0", at=NOON)
    journal.save_risk("new", scope=SCOPE, at=LATER)

    journal.begin_run("r2", SCOPE, LATER)

    assert names(journal, SCOPE) == ["r1-3"]
    with journal._file.reading() as connection:
        assert connection.execute("SELECT count(*) FROM order_intents").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM order_ends").fetchone() == (1,)
    assert journal.fills_of("T", scope=SCOPE) == (FILL,)
    assert [note.at for note in journal.lives_of("market:T", most=9)] == [LATER]
    assert (journal.load_risk(scope="paper:r0"), journal.load_risk(scope=SCOPE)) == (None, "new")
    assert journal.path.name == FILE_NAME
