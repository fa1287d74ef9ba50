"""The journal's word about what an operator or a breaker has decided: latches, the risk side's memory."""

from edgelock.actors.journal_file import JournalFile
from edgelock.actors.journal_records import JournalError, Latch
from edgelock.actors.journal_schema import sealed
from edgelock.actors.journal_witness import Witness
from edgelock.core.units import Timestamp


class SwitchRecords:
    """Latches and the risk side's memory. Every method raises JournalError when the file cannot be used."""

    _file: JournalFile
    _witness: Witness

    def set_latch(self, name: str, *, is_on: bool, who: str, at: Timestamp) -> None:
        """Move a switch, such as the operator's kill switch.

        It is written in two places, and is on when either says so: halting needs one of them, letting go both.
        """
        latch = Latch(is_on=is_on, who=who, at=at)
        try:
            self._witness.set_latch(name, latch)
        except JournalError:
            if not is_on:
                raise
            self._set(name, latch)
            return
        try:
            self._set(name, latch)
        except JournalError:
            if not is_on:
                raise

    def read_latch(self, name: str) -> Latch | None:
        """Where a switch stands; None when it was never moved."""
        told = self._witness.latch(name), self._latches().get(name)
        return next((each for each in told if each is not None and each.is_on), told[1] or told[0])

    def save_risk(self, text: str, *, scope: str, at: Timestamp) -> None:
        """What the risk side must not forget within a scope, instead of what was saved before."""
        with self._file.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO risk_states VALUES (?, ?, ?, ?)", sealed(scope, text, at))

    def load_risk(self, *, scope: str) -> str | None:
        """What was saved last in this scope; None when nothing was."""
        with self._file.reading() as connection:
            rows = self._file.whole(connection.execute("SELECT * FROM risk_states WHERE scope = ?", (scope,)))
        return rows[0][1] if rows else None

    def _set(self, name: str, latch: Latch) -> None:
        row = sealed(name, int(latch.is_on), latch.who, latch.at)
        with self._file.writing(is_flushed=True) as connection:
            connection.execute("INSERT OR REPLACE INTO latches VALUES (?, ?, ?, ?, ?)", row)

    def _latches(self) -> dict[str, Latch]:
        with self._file.reading() as connection:
            rows = self._file.whole(connection.execute("SELECT * FROM latches ORDER BY name"))
        return {name: Latch(is_on=bool(value), who=who, at=at) for name, value, who, at in rows}
