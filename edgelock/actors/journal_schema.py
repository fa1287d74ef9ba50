"""The journal's tables, and how a file of an earlier version becomes one of this version.

Rows end in `seal`, a checksum, so that a changed byte is noticed although the file still reads. A step of migration
runs in one transaction with the note of the new version.
"""

import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Any

import msgspec

SCHEMA_VERSION = 2
UNKNOWN_SCOPE = ""
"""The scope of what was recorded before scopes were: it is kept, and read back only where a doubt is the safe side."""

_INTENTS = """CREATE TABLE order_intents (
    client_order_id TEXT PRIMARY KEY, scope TEXT NOT NULL, run TEXT NOT NULL, ticker TEXT NOT NULL,
    incarnation INTEGER NOT NULL, intent TEXT NOT NULL, at INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT"""
_ENDS = """CREATE TABLE order_ends (
    client_order_id TEXT PRIMARY KEY, state TEXT NOT NULL, at INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT"""
_FILLS = """CREATE TABLE fills (
    scope TEXT NOT NULL, trade_id TEXT NOT NULL, run TEXT NOT NULL, ticker TEXT NOT NULL,
    client_order_id TEXT NOT NULL, side TEXT NOT NULL, price INTEGER NOT NULL, size INTEGER NOT NULL,
    fee INTEGER NOT NULL, is_taker INTEGER NOT NULL, at INTEGER NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (scope, trade_id)
) STRICT"""
_LATCHES = """CREATE TABLE latches (
    name TEXT PRIMARY KEY, value INTEGER NOT NULL, who TEXT NOT NULL, at INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT"""
_INCARNATIONS = """CREATE TABLE incarnations (
    ticker TEXT PRIMARY KEY, incarnation INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT"""
_SINCE_2 = (
    """CREATE TABLE runs (
        run TEXT PRIMARY KEY, scope TEXT NOT NULL, at INTEGER NOT NULL, seal INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX fills_of_market ON fills (scope, ticker)",
    """CREATE TABLE settlements (
        scope TEXT NOT NULL, ticker TEXT NOT NULL, run TEXT NOT NULL, value INTEGER NOT NULL, net INTEGER NOT NULL,
        fee INTEGER NOT NULL, at INTEGER NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (scope, ticker)
    ) STRICT""",
    """CREATE TABLE holds (
        name TEXT PRIMARY KEY, value INTEGER NOT NULL, who TEXT NOT NULL, at INTEGER NOT NULL, seal INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE risk_states (
        scope TEXT PRIMARY KEY, state TEXT NOT NULL, at INTEGER NOT NULL, seal INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE lives (
        number INTEGER PRIMARY KEY, actor TEXT NOT NULL, run TEXT NOT NULL, incarnation INTEGER NOT NULL,
        event TEXT NOT NULL, detail TEXT NOT NULL, traceback TEXT NOT NULL, took_ns INTEGER NOT NULL,
        at INTEGER NOT NULL, seal INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX lives_of_actor ON lives (actor, number)",
    "CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), times INTEGER NOT NULL) STRICT",
)
_SCHEMA = (
    "CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT",
    _INTENTS,
    _ENDS,
    _FILLS,
    _LATCHES,
    _INCARNATIONS,
    *_SINCE_2,
)
_SEALED_TABLES = (
    "runs", "order_intents", "order_ends", "fills", "settlements", "latches", "holds", "risk_states", "incarnations",
    "lives",
)  # fmt: skip

_DECLARED = "SELECT type, name, tbl_name, sql FROM sqlite_master"

Row = tuple[Any, ...]


def sealed(*values: str | int) -> Row:
    """The row with its checksum at the end."""
    return (*values, _seal(values))


def is_whole(row: Row) -> bool:
    """Whether a row with its checksum is what was written."""
    return bool(_seal(row[:-1]) == row[-1])


def create(connection: sqlite3.Connection) -> None:
    """The tables of this version, within the caller's transaction."""
    for statement in _SCHEMA:
        connection.execute(statement)
    connection.execute("INSERT INTO schema_version VALUES (?)", (SCHEMA_VERSION,))


def migrate(connection: sqlite3.Connection, found: int) -> None:
    """From the version found to this one, within the caller's transaction."""
    for version in range(found, SCHEMA_VERSION):
        _MIGRATIONS[version](connection)
    connection.execute("UPDATE schema_version SET version = ?", (SCHEMA_VERSION,))


def is_sound(connection: sqlite3.Connection) -> bool:
    """Whether the tables are those of this version, every index agrees with its table, and every row is whole."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as pattern:
        create(pattern)
        expected = set(pattern.execute(_DECLARED))
    if set(connection.execute(_DECLARED)) != expected:
        return False
    return is_consistent(connection) and all(
        is_whole(row) for table in _SEALED_TABLES for row in connection.execute(f"SELECT * FROM {table}")
    )


def is_consistent(connection: sqlite3.Connection) -> bool:
    """Whether every page is in order and every index agrees with its table."""
    return bool(connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))


def _seal(values: Iterable[str | int]) -> int:
    return zlib.crc32(msgspec.json.encode(tuple(values)))


def _from_1(connection: sqlite3.Connection) -> None:
    """Version 2 knows scopes and seals; what was appended about orders for people is let go, nobody read it."""
    unknown = f"'{UNKNOWN_SCOPE}'"
    _rebuild(
        connection,
        "order_intents",
        _INTENTS,
        f"SELECT client_order_id, {unknown}, run, ticker, incarnation, intent, at FROM old ORDER BY rowid",
    )
    _rebuild(
        connection,
        "fills",
        _FILLS,
        f"SELECT {unknown}, trade_id, run, ticker, client_order_id, side, price, size, fee, is_taker, at"
        " FROM old ORDER BY rowid",
    )
    _rebuild(connection, "order_ends", _ENDS, "SELECT client_order_id, state, at FROM old ORDER BY rowid")
    _rebuild(connection, "latches", _LATCHES, "SELECT name, value, who, at FROM old ORDER BY rowid")
    _rebuild(connection, "incarnations", _INCARNATIONS, "SELECT ticker, incarnation FROM old ORDER BY rowid")
    connection.execute("DROP TABLE order_events")
    for statement in _SINCE_2:
        connection.execute(statement)


def _rebuild(connection: sqlite3.Connection, table: str, declared: str, rows: str) -> None:
    connection.execute(f"ALTER TABLE {table} RENAME TO old")
    connection.execute(declared)
    for row in connection.execute(rows).fetchall():
        marks = ", ".join("?" * (len(row) + 1))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", sealed(*row))
    connection.execute("DROP TABLE old")


_MIGRATIONS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: _from_1}
