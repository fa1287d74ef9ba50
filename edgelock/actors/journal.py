"""What must not be lost, written down before anybody is told: intents, fills, ends, latches, incarnations.

One SQLite file in the state directory, in WAL mode with synchronous NORMAL: what was recorded survives the death of
the process at any instant (not a power cut within the last moments). Every method commits before it returns. Used
from several actors' threads: one connection behind one lock.

Trouble with the disk or the file is a JournalError of one line; whoever must not trade unrecorded lets it rise.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import msgspec

from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import ClientOrderId, OrderState
from edgelock.core.units import Money, Price, Size, Timestamp

FILE_NAME = "journal.sqlite3"
SCHEMA_VERSION = 1
_BUSY_TIMEOUT_S = 1.0

_SCHEMA = """
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
"""

_IN_PLAIN_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "another process holds it locked",
    sqlite3.SQLITE_LOCKED: "another process holds it locked",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is not a journal",
    sqlite3.SQLITE_READONLY: "the file cannot be written",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
}


class JournalError(Exception):
    """The journal cannot be read or written; the message is one line for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedIntent:
    """An order that was about to be sent. incarnation is that of the market that wanted it."""

    run: str
    ticker: str
    incarnation: int
    intent: PlaceOrder
    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFill:
    """A fill of ours, as it was told."""

    run: str
    ticker: str
    client_order_id: ClientOrderId
    trade_id: str
    side: Side
    price: Price
    size: Size
    fee: Money
    is_taker: bool
    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """A switch that outlives the process: whether it is on, who last moved it, and when."""

    is_on: bool
    who: str
    at: Timestamp


class Journal:
    """The journal of one state directory; closes with `close`.

    Raises JournalError when the directory or the file cannot be used, or was written by a newer version.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self._lock = Lock()
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JournalError(f"state directory {directory}: {error.strerror or error}") from error
        with self._told_plainly():
            self._connection = sqlite3.connect(
                self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        try:
            with self._told_plainly():
                self._prepare()
        except JournalError:
            self._connection.close()
            raise

    def close(self) -> None:
        """Let go of the file. Nothing is pending: every method has committed."""
        with self._lock:
            self._connection.close()

    # --- orders ---

    def record_intent(self, *, run: str, ticker: str, incarnation: int, intent: PlaceOrder, at: Timestamp) -> None:
        """Before the first byte of an order leaves. Raises JournalError for a client order id that is on record."""
        row = (intent.client_order_id, run, ticker, incarnation, msgspec.json.encode(intent).decode(), at)
        with self._transaction() as connection:
            connection.execute("INSERT INTO order_intents VALUES (?, ?, ?, ?, ?, ?)", row)

    def record_event(
        self, *, ticker: str, client_order_id: ClientOrderId, event: str, detail: str, at: Timestamp
    ) -> None:
        """Something that was asked of an order or learned about it; appended, for people and for later recovery."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO order_events (ticker, client_order_id, event, detail, at) VALUES (?, ?, ?, ?, ?)",
                (ticker, client_order_id, event, detail, at),
            )

    def record_end(self, *, client_order_id: ClientOrderId, state: OrderState, at: Timestamp) -> None:
        """An order's proven end; a later one (a fill learned after the cancellation) replaces it."""
        if state.is_live:
            raise ValueError(f"{state.value} is not the end of an order")
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO order_ends VALUES (?, ?, ?)"
                " ON CONFLICT (client_order_id) DO UPDATE SET state = excluded.state, at = excluded.at",
                (client_order_id, state.value, at),
            )

    def unfinished_intents(self) -> tuple[RecordedIntent, ...]:
        """Orders of every run without a recorded end, oldest first: they may be alive."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT run, ticker, incarnation, intent, at FROM order_intents"
                " WHERE client_order_id NOT IN (SELECT client_order_id FROM order_ends) ORDER BY rowid"
            ).fetchall()
        return tuple(
            RecordedIntent(run=run, ticker=ticker, incarnation=incarnation, intent=self._intent(text), at=at)
            for run, ticker, incarnation, text, at in rows
        )

    # --- fills ---

    def record_fill(self, fill: RecordedFill) -> bool:
        """A fill, by its trade id; False when it is on record already and must not be told again."""
        row = (
            fill.trade_id, fill.run, fill.ticker, fill.client_order_id, fill.side.value, fill.price, fill.size,
            fill.fee, fill.is_taker, fill.at,
        )  # fmt: skip
        with self._transaction() as connection:
            statement = "INSERT INTO fills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (trade_id) DO NOTHING"
            return connection.execute(statement, row).rowcount == 1

    def fills(self, ticker: str, *, run: str) -> tuple[RecordedFill, ...]:
        """The fills of one market in one run, in the order they were recorded."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT client_order_id, trade_id, side, price, size, fee, is_taker, at FROM fills"
                " WHERE ticker = ? AND run = ? ORDER BY rowid",
                (ticker, run),
            ).fetchall()
        return tuple(
            RecordedFill(
                run=run, ticker=ticker, client_order_id=client_order_id, trade_id=trade_id, side=Side(side),
                price=price, size=size, fee=fee, is_taker=bool(is_taker), at=at,
            )
            for client_order_id, trade_id, side, price, size, fee, is_taker, at in rows
        )  # fmt: skip

    # --- latches and incarnations ---

    def set_latch(self, name: str, *, is_on: bool, who: str, at: Timestamp) -> None:
        """Move a switch, such as the operator's kill switch."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO latches VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE"
                " SET value = excluded.value, who = excluded.who, at = excluded.at",
                (name, is_on, who, at),
            )

    def read_latch(self, name: str) -> Latch | None:
        """Where a switch stands; None when it was never moved."""
        with self._transaction() as connection:
            row = connection.execute("SELECT value, who, at FROM latches WHERE name = ?", (name,)).fetchone()
        return None if row is None else Latch(is_on=bool(row[0]), who=row[1], at=row[2])

    def next_incarnation(self, ticker: str) -> int:
        """A number for a market's next actor, above every number given before, in this run or an earlier one."""
        with self._transaction() as connection:
            (incarnation,) = connection.execute(
                "INSERT INTO incarnations VALUES (?, 1) ON CONFLICT (ticker) DO UPDATE"
                " SET incarnation = incarnation + 1 RETURNING incarnation",
                (ticker,),
            ).fetchone()
        return int(incarnation)

    # --- the file ---

    def _prepare(self) -> None:
        connection = self._connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            connection.execute("INSERT INTO schema_version VALUES (?)", (SCHEMA_VERSION,))
        elif "schema_version" not in tables:
            raise JournalError(f"journal {self.path}: the file is not a journal")
        row = connection.execute("SELECT version FROM schema_version").fetchone()
        if row != (SCHEMA_VERSION,):
            found = "no" if row is None else row[0]
            raise JournalError(f"journal {self.path}: schema {found}, this version reads {SCHEMA_VERSION}")
        connection.execute("COMMIT")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One statement at a time commits itself; the lock keeps threads from mixing theirs."""
        with self._lock, self._told_plainly():
            yield self._connection

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
            reason = _IN_PLAIN_WORDS.get(code & 0xFF, str(error))
            raise JournalError(f"journal {self.path}: {reason}") from error

    def _intent(self, text: str) -> PlaceOrder:
        try:
            return msgspec.json.decode(text, type=PlaceOrder)
        except msgspec.MsgspecError as error:
            raise JournalError(f"journal {self.path}: an order intent cannot be read: {error}") from error
