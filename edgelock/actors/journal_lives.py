"""The journal's word about actors: the number of each market's last life, and what happened to every actor."""

from typing import get_args

from edgelock.actors.journal_file import JournalFile
from edgelock.actors.journal_records import LifeEvent, LifeNote
from edgelock.actors.journal_schema import sealed

LIVES_KEPT = 1_000
"""So many notes are kept of each actor."""


class LifeRecords:
    """Incarnations and the restart log. Every method raises JournalError when the file cannot be used."""

    _file: JournalFile

    def record_incarnation(self, ticker: str, number: int) -> None:
        """A life of a market begins; the highest number is kept."""
        with self._file.writing() as connection:
            connection.execute(
                "INSERT INTO incarnations VALUES (?, ?, ?) ON CONFLICT (ticker) DO UPDATE"
                " SET incarnation = excluded.incarnation, seal = excluded.seal"
                " WHERE excluded.incarnation > incarnation",
                sealed(ticker, number),
            )

    def last_incarnation(self, ticker: str) -> int:
        """The highest number a life of this market ever had; 0 when it never lived."""
        with self._file.reading() as connection:
            row = connection.execute("SELECT incarnation FROM incarnations WHERE ticker = ?", (ticker,)).fetchone()
        return 0 if row is None else int(row[0])

    def record_life(self, note: LifeNote) -> None:
        """Something that happened to an actor; of each actor the newest notes are kept."""
        if note.event not in get_args(LifeEvent):
            raise ValueError(f"{note.event!r} is nothing that happens to an actor")
        with self._file.writing() as connection:
            (number,) = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM lives").fetchone()
            row = sealed(
                number, note.actor, note.run, note.incarnation, note.event, note.detail, note.traceback, note.took_ns,
                note.at,
            )  # fmt: skip
            connection.execute("INSERT INTO lives VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            connection.execute(
                "DELETE FROM lives WHERE actor = ?1 AND number <="
                " (SELECT number FROM lives WHERE actor = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
                (note.actor, LIVES_KEPT),
            )

    def lives_of(self, actor: str, *, most: int) -> tuple[LifeNote, ...]:
        """What happened to an actor in all runs, newest first, at most so many."""
        with self._file.reading() as connection:
            rows = self._file.whole(
                connection.execute("SELECT * FROM lives WHERE actor = ? ORDER BY number DESC LIMIT ?", (actor, most))
            )
        return tuple(
            LifeNote(
                run=run, actor=actor, incarnation=incarnation, event=event, detail=detail, traceback=traceback,
                took_ns=took_ns, at=at,
            )
            for _, _, run, incarnation, event, detail, traceback, took_ns, at in rows
        )  # fmt: skip
