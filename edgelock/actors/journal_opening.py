"""Opening the journal of a run that is to trade, also when the one of earlier runs is damaged or gone.

Without it we do not know how often a breaker tripped or what was lost today. A new one is begun, what was damaged is
kept aside, and the kill latch is on until an operator says `resume`: halting fails closed. Positions and orders come
from the venue.
"""

from itertools import count
from pathlib import Path

from edgelock.actors.clock import wall_clock_ns
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
        _hold(directory)
        return _begun_anew(directory, f"journal {directory / FILE_NAME}: the file of earlier runs is gone")
    try:
        journal = Journal(directory)
    except JournalDamaged as damage:
        _hold(directory)
        return _begun_anew(directory, f"{damage}; it is kept as {_kept_aside(directory).name}")
    try:
        _reserve_latch(directory, journal)
    except JournalError:
        journal.close()
        raise
    return journal, None


def _reserve_latch(directory: Path, journal: Journal) -> None:
    """The latch's own file is there before it is needed: a halt must not need room on the disk."""
    witness = Witness(directory)
    if witness.latch(KILL_LATCH) is None:
        found = journal.read_latch(KILL_LATCH)
        witness.set_latch(KILL_LATCH, found or Latch(is_on=False, who="nobody", at=Timestamp(0)))


def _hold(directory: Path) -> None:
    """Before anything else, which a crash may cut off."""
    Witness(directory).set_latch(KILL_LATCH, Latch(is_on=True, who=_LOST_BY, at=_now()))


def _now() -> Timestamp:
    """No run has begun, so the clock is the real one."""
    return wall_clock_ns()


def _begun_anew(directory: Path, what: str) -> tuple[Journal, str]:
    journal = Journal(directory)
    journal.set_latch(KILL_LATCH, is_on=True, who=_LOST_BY, at=_now())
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
