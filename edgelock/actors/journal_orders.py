"""The journal's word about runs and orders: which runs there were, what was about to be sent, and what ended."""

import sqlite3

import msgspec

from edgelock.actors.journal_file import JournalFile
from edgelock.actors.journal_records import RecordedIntent
from edgelock.actors.journal_schema import UNKNOWN_SCOPE, sealed
from edgelock.actors.journal_witness import Witness
from edgelock.core.intents import PlaceOrder
from edgelock.core.order import ClientOrderId, OrderState
from edgelock.core.units import MINUTE, Duration, Timestamp

KEPT_NS = Duration(30 * 24 * 60 * MINUTE)
"""Orders that ended, lives of actors and memories of the risk side are kept for so long; fills for ever."""


class OrderRecords:
    """Runs and orders. Every method raises JournalError when the file cannot be used."""

    def __init__(self, file: JournalFile, witness: Witness) -> None:
        self._file = file
        self._witness = witness
        self._scopes: dict[str, str] = {}

    def begin_run(self, run: str, scope: str, at: Timestamp) -> None:
        """Before anything of a run is recorded: its name, its scope, its start. What is old enough is let go.

        scope   says which account and world the records belong to; they are read back only within it
        """
        if not scope:
            raise ValueError("a run belongs to a scope")
        self._witness.run_began(run, scope, at)
        with self._file.writing(is_flushed=True) as connection:
            connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?)", sealed(run, scope, at))
            _let_go(connection, before=at - KEPT_NS)
        self._scopes[run] = scope

    def runs_of(self, scope: str) -> tuple[str, ...]:
        """Every run of a scope, oldest first, including those that only the witness knows after a loss."""
        with self._file.reading() as connection:
            rows = connection.execute("SELECT run FROM runs WHERE scope = ? ORDER BY rowid", (scope,)).fetchall()
        return tuple(dict.fromkeys((*self._witness.runs(scope), *(run for (run,) in rows))))

    def record_intent(self, *, run: str, ticker: str, incarnation: int, intent: PlaceOrder, at: Timestamp) -> None:
        """Before the first byte of an order leaves. Raises JournalError for a client order id that is on record."""
        text = msgspec.json.encode(intent).decode()
        with self._file.writing(is_flushed=True) as connection:
            row = sealed(intent.client_order_id, self._scope(connection, run), run, ticker, incarnation, text, at)
            connection.execute("INSERT INTO order_intents VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def record_end(self, *, client_order_id: ClientOrderId, state: OrderState, at: Timestamp) -> None:
        """An order's proven end; a later one (a fill learned after the cancellation) replaces it."""
        if state.is_live:
            raise ValueError(f"{state.value} is not the end of an order")
        with self._file.writing() as connection:
            row = sealed(client_order_id, state.value, at)
            connection.execute("INSERT OR REPLACE INTO order_ends VALUES (?, ?, ?, ?)", row)

    def unfinished_intents(self, *, scope: str | None = None) -> tuple[RecordedIntent, ...]:
        """Orders of every run without a recorded end, oldest first: they may be alive.

        scope   only of this one, and those from before scopes were recorded; None for all
        """
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM order_intents AS wanted WHERE (?1 IS NULL OR scope IN (?1, ?2)) AND NOT EXISTS"
                " (SELECT 1 FROM order_ends WHERE client_order_id = wanted.client_order_id) ORDER BY rowid",
                (scope, UNKNOWN_SCOPE),
            )
            whole = self._file.whole(rows)
        return tuple(
            RecordedIntent(
                scope=scope_of, run=run, ticker=ticker, incarnation=incarnation, intent=self._intent(text), at=at
            )
            for _, scope_of, run, ticker, incarnation, text, at in whole
        )

    def _scope(self, connection: sqlite3.Connection, run: str) -> str:
        """The scope that a run began in."""
        if run not in self._scopes:
            row = connection.execute("SELECT scope FROM runs WHERE run = ?", (run,)).fetchone()
            self._scopes[run] = UNKNOWN_SCOPE if row is None else row[0]
        return self._scopes[run]

    def _intent(self, text: str) -> PlaceOrder:
        try:
            return msgspec.json.decode(text, type=PlaceOrder)
        except msgspec.MsgspecError as error:
            raise self._file.damaged(f"an order intent cannot be read: {error}") from error


def _let_go(connection: sqlite3.Connection, *, before: int) -> None:
    ended = "SELECT client_order_id FROM order_ends WHERE at < ?"
    connection.execute(f"DELETE FROM order_intents WHERE client_order_id IN ({ended})", (before,))
    connection.execute("DELETE FROM order_ends WHERE at < ?", (before,))
    connection.execute("DELETE FROM lives WHERE at < ?", (before,))
    connection.execute("DELETE FROM risk_states WHERE at < ?", (before,))
