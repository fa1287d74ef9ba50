"""A journal of the first version becomes one of this version, and nothing that was in it is lost."""

import sqlite3

import msgspec
import pytest

from edgelock.actors.journal import FILE_NAME, Journal, JournalDamaged, Latch, RecordedFill
from edgelock.actors.journal_schema import SCHEMA_VERSION, is_sound, is_whole, sealed
from edgelock.core.market import Side
from edgelock.core.units import Money, Price, Size
from tests.actors.journal_examples import INTENT, NOON, SCOPE

VERSION_1 = """
CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;
CREATE TABLE order_intents (
    client_order_id TEXT PRIMARY KEY, run TEXT NOT NULL, ticker TEXT NOT NULL, incarnation INTEGER NOT NULL,
    intent TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE order_events (
    number INTEGER PRIMARY KEY, ticker TEXT NOT NULL, client_order_id TEXT NOT NULL, event TEXT NOT NULL,
    detail TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE order_ends (client_order_id TEXT PRIMARY KEY, state TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE fills (
    trade_id TEXT PRIMARY KEY, run TEXT NOT NULL, ticker TEXT NOT NULL, client_order_id TEXT NOT NULL,
    side TEXT NOT NULL, price INTEGER NOT NULL, size INTEGER NOT NULL, fee INTEGER NOT NULL,
    is_taker INTEGER NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE latches (name TEXT PRIMARY KEY, value INTEGER NOT NULL, who TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE incarnations (ticker TEXT PRIMARY KEY, incarnation INTEGER NOT NULL) STRICT;
INSERT INTO schema_version VALUES (1);
INSERT INTO order_ends VALUES ('r0-2', 'canceled', 1);
INSERT INTO order_events (ticker, client_order_id, event, detail, at) VALUES ('T', 'r0-1', 'sent', '', 1);
INSERT INTO fills VALUES ('t0', 'r0', 'T', 'r0-1', 'bid', 4800, 300, 13200, 0, 7);
INSERT INTO latches VALUES ('kill', 1, 'command', 5);
INSERT INTO incarnations VALUES ('T', 4);
"""
"""As the first version made it. Released schemas do not change: this text stays as it is."""


@pytest.fixture
def first_version(tmp_path):
    with sqlite3.connect(tmp_path / FILE_NAME) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.executescript(VERSION_1)
        text = msgspec.json.encode(INTENT)
        for name in ("r1-1", "r0-2"):
            row = (name, "r0", "T", 3, text.decode(), NOON)
            writer.execute("INSERT INTO order_intents VALUES (?, ?, ?, ?, ?, ?)", row)
    writer.close()
    return tmp_path


def test_everything_of_a_first_version_journal_is_kept(first_version):
    journal = Journal(first_version)

    (unfinished,) = journal.unfinished_intents()
    assert (unfinished.run, unfinished.incarnation, unfinished.intent, unfinished.at) == ("r0", 3, INTENT, NOON)
    assert journal.fills("T", run="r0") == (
        RecordedFill(
            run="r0", ticker="T", client_order_id="r0-1", trade_id="t0", side=Side.BID, price=Price(4800),
            size=Size(300), fee=Money(13_200), is_taker=False, at=7,
        ),
    )  # fmt: skip
    assert journal.read_latch("kill") == Latch(is_on=True, who="command", at=5)
    assert journal.last_incarnation("T") == 4
    journal.close()


def test_what_has_no_scope_may_be_an_order_of_ours_and_is_no_fill_of_ours(first_version):
    journal = Journal(first_version)
    journal.begin_run("r2", SCOPE, NOON)

    assert len(journal.unfinished_intents(scope=SCOPE)) == 1
    assert journal.fills_of("T", scope=SCOPE) == ()
    journal.close()


def test_a_migrated_journal_is_like_a_new_one_and_opens_again(first_version):
    Journal(first_version).close()

    with sqlite3.connect(first_version / FILE_NAME) as reader:
        assert is_sound(reader)
        assert reader.execute("SELECT version FROM schema_version").fetchall() == [(SCHEMA_VERSION,)]
    reader.close()
    Journal(first_version).close()


def test_a_migration_that_is_cut_off_begins_again(first_version):
    """One transaction: whatever happens before its end leaves the first version as it was."""
    with sqlite3.connect(first_version / FILE_NAME, isolation_level=None) as writer:
        writer.execute("UPDATE order_intents SET intent = CAST(x'ff' AS TEXT)")
    writer.close()
    with pytest.raises(JournalDamaged):
        Journal(first_version)

    with sqlite3.connect(first_version / FILE_NAME) as reader:
        assert reader.execute("SELECT version FROM schema_version").fetchall() == [(1,)]
        assert reader.execute("SELECT count(*) FROM order_events").fetchall() == [(1,)]
    reader.close()


def test_a_table_that_is_missing_or_strange_is_damage(tmp_path):
    for change in ("DROP TABLE holds", "CREATE TABLE recipes (name TEXT)", "ALTER TABLE fills ADD COLUMN note TEXT"):
        directory = tmp_path / change.replace(" ", "_")[:10]
        Journal(directory).close()
        with sqlite3.connect(directory / FILE_NAME) as editor:
            editor.execute(change)
        editor.close()

        with pytest.raises(JournalDamaged):
            Journal(directory)


def test_a_row_is_whole_only_as_it_was_sealed():
    row = sealed("T", 4800, "bid")

    assert is_whole(row)
    assert not is_whole(("T", 4801, *row[2:]))
    assert not is_whole(("T", "4800", *row[2:]))
    assert not is_whole((*row[:-1], row[-1] + 1))
