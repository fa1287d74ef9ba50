"""The journal's word about money: every fill once, and how markets were settled."""

from edgelock.actors.journal_orders import OrderRecords
from edgelock.actors.journal_records import RecordedFill, RecordedSettlement
from edgelock.actors.journal_schema import Row, sealed
from edgelock.core.market import Side
from edgelock.core.units import Money, Price, Size, Timestamp


class FillRecords(OrderRecords):
    """Fills and settlements, each known by its scope: another world may use the same names."""

    def record_fill(self, fill: RecordedFill) -> bool:
        """A fill, by its trade id; False when it is on record already and must not be told again."""
        with self._file.writing() as connection:
            row = sealed(
                self._scope(connection, fill.run), fill.trade_id, fill.run, fill.ticker, fill.client_order_id,
                fill.side.value, fill.price, fill.size, fill.fee, int(fill.is_taker), fill.at,
            )  # fmt: skip
            statement = "INSERT INTO fills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
            return connection.execute(statement, row).rowcount == 1

    def fills(self, ticker: str, *, run: str) -> tuple[RecordedFill, ...]:
        """The fills of one market in one run, in the order they were recorded."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM fills WHERE scope = ? AND ticker = ? AND run = ? ORDER BY rowid",
                (self._scope(connection, run), ticker, run),
            )
            return tuple(map(_fill, self._file.whole(rows)))

    def fills_of(self, ticker: str, *, scope: str) -> tuple[RecordedFill, ...]:
        """The fills of one market in all runs of a scope, oldest first; of equal age, as they were recorded."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM fills WHERE scope = ? AND ticker = ? ORDER BY at, rowid", (scope, ticker)
            )
            return tuple(map(_fill, self._file.whole(rows)))

    def record_settlement(self, *, run: str, ticker: str, value: Price, net: Size, fee: Money, at: Timestamp) -> bool:
        """The end of a market, once; False when it is on record already.

        value  of one YES contract; net is the position it paid for, signed; fee is that of the settlement
        """
        with self._file.writing() as connection:
            row = sealed(self._scope(connection, run), ticker, run, value, net, fee, at)
            statement = "INSERT INTO settlements VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
            return connection.execute(statement, row).rowcount == 1

    def settlement_of(self, ticker: str, *, scope: str) -> RecordedSettlement | None:
        """How a market was settled; None while nothing of it is on record."""
        with self._file.reading() as connection:
            rows = connection.execute("SELECT * FROM settlements WHERE scope = ? AND ticker = ?", (scope, ticker))
            whole = self._file.whole(rows)
        for _, _, run, value, net, fee, at in whole:
            return RecordedSettlement(run=run, ticker=ticker, value=value, net=net, fee=fee, at=at)
        return None


def _fill(row: Row) -> RecordedFill:
    _, trade_id, run, ticker, client_order_id, side, price, size, fee, is_taker, at = row
    return RecordedFill(
        run=run, ticker=ticker, client_order_id=client_order_id, trade_id=trade_id, side=Side(side),
        price=price, size=size, fee=fee, is_taker=bool(is_taker), at=at,
    )  # fmt: skip
