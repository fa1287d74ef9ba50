"""What must not be lost, written down before anybody is told: runs, intents, fills, ends, switches, lives.

The file and its trouble are `journal_file`, the tables `journal_schema`; what survives the file is `journal_witness`.
Used from several actors' threads. Trouble is a JournalError of one line; whoever must not trade unrecorded lets it
rise.
"""

from pathlib import Path

from edgelock.actors.journal_file import FILE_NAME, JournalFile
from edgelock.actors.journal_fills import FillRecords
from edgelock.actors.journal_lives import LifeRecords
from edgelock.actors.journal_records import (
    JournalDamaged,
    JournalError,
    Latch,
    LifeNote,
    RecordedFill,
    RecordedIntent,
    RecordedSettlement,
)
from edgelock.actors.journal_switches import SwitchRecords
from edgelock.actors.journal_witness import Witness

__all__ = [
    "FILE_NAME",
    "Journal",
    "JournalDamaged",
    "JournalError",
    "Latch",
    "LifeNote",
    "RecordedFill",
    "RecordedIntent",
    "RecordedSettlement",
]


class Journal(FillRecords, SwitchRecords, LifeRecords):
    """The journal of one state directory; closes with `close`.

    Raises JournalDamaged when the file is not a sound journal, and JournalError when the directory or the file cannot
    be used, or was written by a newer version.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(JournalFile(directory), Witness(directory))
        self.path = self._file.path

    def close(self) -> None:
        """Let go of the file. Nothing is pending: every method has committed."""
        self._file.close()

    @property
    def trouble(self) -> str | None:
        """What was wrong with the last write or probe, in one line; None when nothing was."""
        return self._file.trouble

    def probe(self) -> str | None:
        """Try whether a write would be kept, and whether the file is in its place. Returns the trouble, if any."""
        return self._file.probe()
