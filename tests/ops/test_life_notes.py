"""The durable restart log is written behind: nobody who restarts actors waits for a disk."""

import threading
from dataclasses import replace

import pytest

from edgelock.actors.journal import Journal
from edgelock.actors.journal_records import JournalError, LifeNote
from edgelock.ops.life_notes import PENDING_MAX, LifeNotes
from tests.core.builders import NOON

PATIENCE_S = 30


def a_note(incarnation: int = 1) -> LifeNote:
    return LifeNote(
        run="r1", actor="feed", incarnation=incarnation, event="crash", detail="X", traceback="", took_ns=0, at=NOON
    )


class StuckDisk:
    """Takes notes only while it is `free`; `is_asked` is set by the first."""

    def __init__(self) -> None:
        self.free, self.is_asked = threading.Event(), threading.Event()
        self.taken: list[LifeNote] = []

    def record_life(self, note: LifeNote) -> None:
        self.is_asked.set()
        assert self.free.wait(PATIENCE_S)
        self.taken.append(note)

    def record_incarnation(self, ticker: str, number: int) -> None:
        pass

    def lives_of(self, actor: str, *, most: int) -> tuple[LifeNote, ...]:
        return tuple(note for note in self.taken if note.actor == actor)[:most]


class FullDisk(StuckDisk):
    """Refuses notes while `is_full`."""

    is_full = True

    def record_life(self, note: LifeNote) -> None:
        if self.is_full:
            raise JournalError("no space left")
        self.taken.append(note)


def test_notes_are_in_the_journal_after_the_stop(tmp_path):
    journal = Journal(tmp_path)
    notes = LifeNotes(journal, failed=pytest.fail)
    notes.start()
    for number in (1, 2, 3):
        notes.keep(a_note(number))

    assert notes.stop(PATIENCE_S)

    assert [note.incarnation for note in notes.lives_of("feed", most=2)] == [3, 2]
    journal.close()


def test_no_secret_is_kept():
    disk = StuckDisk()
    disk.free.set()
    notes = LifeNotes(disk, failed=pytest.fail)
    notes.keep(replace(a_note(), detail="login: password=hunter22", traceback="-----BEGIN PRIVATE KEY-----\nMIIE"))
    notes.start()
    assert notes.stop(PATIENCE_S)

    (kept,) = disk.taken
    assert (kept.detail, kept.traceback) == ("login: password=[redacted]", "[redacted]")


def test_secrets_by_value_are_taken_out_by_whoever_knows_them():
    disk = StuckDisk()
    disk.free.set()
    notes = LifeNotes(disk, failed=pytest.fail, redact=lambda text: text.replace("0123456789", "…"))
    notes.keep(replace(a_note(), detail="key 0123456789"))
    notes.start()
    assert notes.stop(PATIENCE_S)

    assert disk.taken[0].detail == "key …"


def test_a_stuck_disk_holds_nobody_and_is_told_when_too_much_waits():
    disk, told = StuckDisk(), []
    notes = LifeNotes(disk, failed=told.append)
    notes.start()
    notes.keep(a_note())
    assert disk.is_asked.wait(PATIENCE_S)

    for number in range(PENDING_MAX + 5):
        notes.keep(a_note(number))

    assert told == [f"the restart log is not written: {PENDING_MAX} notes wait"]
    assert not notes.stop(0.01)
    disk.free.set()
    assert notes.stop(PATIENCE_S)
    assert len(disk.taken) == PENDING_MAX + 1


def test_a_full_disk_is_told_once_and_again_after_it_had_room():
    disk, told = FullDisk(), []
    notes = LifeNotes(disk, failed=told.append)
    for _ in range(3):
        notes.keep(a_note())
    notes.start()
    assert notes.stop(PATIENCE_S)

    assert told == ["the restart log is not written: no space left"]


def test_one_that_never_started_stops_at_once():
    assert LifeNotes(StuckDisk(), failed=pytest.fail).stop(0)
