"""What survives the loss of the journal: small plain files beside it, about which runs were ours and what is latched.

A latch file is overwritten in place with as many bytes as it has, so that halting works on a full disk; one that
cannot be understood counts as on. The file of runs is appended to. Both are flushed before a call returns.
"""

import os
from pathlib import Path

import msgspec

from edgelock.actors.journal_records import JournalError, Latch
from edgelock.core.units import Timestamp

RUNS_NAME = "runs.jsonl"
_LATCH_BYTES = 256
_WHO_CHARACTERS = 60


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    run: str
    scope: str
    at: int


class _Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    is_on: bool
    who: str
    at: int


class Witness:
    """The plain files of one state directory. Raises JournalError when they cannot be read or written."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._runs = directory / RUNS_NAME

    @property
    def knows_runs(self) -> bool:
        """Whether any run ever began here, so that there must be a journal."""
        return self._runs.exists()

    def run_began(self, run: str, scope: str, at: Timestamp) -> None:
        """Add a run; a line that a crash tore is ended first."""
        line = msgspec.json.encode(_Line(run=run, scope=scope, at=at)) + b"\n"
        _write(self._runs, b"\n" + line if self._is_torn() else line, os.O_APPEND)

    def runs(self, scope: str) -> tuple[str, ...]:
        """The runs of a scope, oldest first. A torn line is none: its run had not begun."""
        found = []
        for text in self._text(self._runs).splitlines():
            try:
                line = msgspec.json.decode(text, type=_Line)
            except msgspec.MsgspecError:
                continue
            if line.scope == scope:
                found.append(line.run)
        return tuple(found)

    def set_latch(self, name: str, latch: Latch) -> None:
        """Write down where a switch stands."""
        switch = _Switch(is_on=latch.is_on, who=latch.who[:_WHO_CHARACTERS], at=latch.at)
        text = msgspec.json.encode(switch)
        if len(text) >= _LATCH_BYTES:
            text = msgspec.json.encode(_Switch(is_on=latch.is_on, who="?", at=latch.at))
        _write(self._latch_file(name), text.ljust(_LATCH_BYTES - 1) + b"\n", 0)

    def latch(self, name: str) -> Latch | None:
        """Where the file says a switch stands; None when there is none. On, when it cannot be understood."""
        path = self._latch_file(name)
        if not path.exists():
            return None
        try:
            switch = msgspec.json.decode(self._text(path), type=_Switch)
        except msgspec.MsgspecError:
            return Latch(is_on=True, who=f"{path.name}, which cannot be understood", at=Timestamp(0))
        return Latch(is_on=switch.is_on, who=switch.who, at=Timestamp(switch.at))

    def _latch_file(self, name: str) -> Path:
        return self._directory / f"{name}.latch"

    def _is_torn(self) -> bool:
        text = self._text(self._runs)
        return bool(text) and not text.endswith(b"\n")

    def _text(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise JournalError(f"{path}: {error.strerror or error}") from error


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | mode, 0o600)
        try:
            if os.write(descriptor, content) != len(content):
                raise JournalError(f"{path}: the disk is full")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror or error}") from error
