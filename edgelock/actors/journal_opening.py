"""Opening the journal of a run that is to trade, also when the one of earlier runs is damaged or gone.

Without it we do not know how often a breaker tripped or what was lost today. A new one is begun, what was damaged is
kept aside, and the kill latch is on until an operator says `resume`: halting fails closed. Positions and orders come
from the venue.
"""

import time
from itertools import count
from pathlib import Path

from edgelock.actors.journal import Journal, JournalDamaged, JournalError, Latch
from edgelock.actors.journal_file import COMPANIONS, FILE_NAME
from edgelock.actors.journal_witness import Witness
from edgelock.actors.risk_actor import KILL_LATCH
from edgelock.core.units import Timestamp

_LOST_BY = "loss of the journal"


def open_journal(directory: Path) -> tuple[Journal, str | None]:
    """The journal, and one line for the operator when an earlier one was lost: entries wait for `resume` then.

    Raises JournalError when none can be used: the disk is full or cannot be written, another process holds it locked,
    a newer version wrote it.
    """
    if not (directory / FILE_NAME).exists() and Witness(directory).knows_runs:
        return _begun_anew(directory, f"journal {directory / FILE_NAME}: the file of earlier runs is gone")
    try:
        return Journal(directory), None
    except JournalDamaged as damage:
        return _begun_anew(directory, f"{damage}; it is kept as {_kept_aside(directory).name}")


def _begun_anew(directory: Path, what: str) -> tuple[Journal, str]:
    # No run has begun, so there is no clock but the real one.
    latch = Latch(is_on=True, who=_LOST_BY, at=Timestamp(time.time_ns()))
    Witness(directory).set_latch(KILL_LATCH, latch)  # first: a crash after the new file would leave no other trace
    journal = Journal(directory)
    journal.set_latch(KILL_LATCH, is_on=latch.is_on, who=latch.who, at=latch.at)
    return journal, f"{what}; a new one was begun, and entries wait for: python run.py resume"


def _kept_aside(directory: Path) -> Path:
    """Rename the file and its companions to the next free number."""
    path = directory / FILE_NAME
    aside = next(free for number in count(1) if not (free := directory / f"{FILE_NAME}.damaged-{number}").exists())
    try:
        for end in ("", *COMPANIONS):
            source = path.with_name(f"{FILE_NAME}{end}")
            if source.exists():
                source.replace(aside.with_name(f"{aside.name}{end}"))
    except OSError as error:
        raise JournalError(f"journal {path}: it is damaged and cannot be kept aside: {error.strerror}") from error
    return aside
