"""The program itself, on a disk that can stop to answer: what no test can do to a real one.

Usage: bot_with_a_stuck_disk.py FILE [the program's own options]. Once FILE exists, no write to the journal returns.
"""

import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgelock.actors import journal
from edgelock.actors.journal_file import JournalFile
from edgelock.ops.command_line import main


class StuckFile(JournalFile):
    """Writes as long as the disk answers."""

    @contextmanager
    def _transaction(self, *, is_flushed: bool) -> Iterator[sqlite3.Connection]:
        if Path(sys.argv[1]).exists():
            threading.Event().wait()
        with super()._transaction(is_flushed=is_flushed) as connection:
            yield connection


if __name__ == "__main__":
    journal.JournalFile = StuckFile
    sys.exit(main(sys.argv[2:]))
