"""The journal's file: opened, checked, migrated, written under one lock, and watched so that it does not go unnoticed.

One SQLite file in WAL mode with synchronous FULL: what was recorded survives the death of the process and of the
power. Every write commits before it returns. Trouble is one line in plain words, and stays readable in `trouble`.
Failing to write once may pass; a file whose content, place or flush cannot be trusted is not trusted again by this
process.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock

from edgelock.actors.journal_records import JournalDamaged, JournalError
from edgelock.actors.journal_schema import SCHEMA_VERSION, SEALED_TABLES, Row, create, is_whole, migrate

FILE_NAME = "journal.sqlite3"
COMPANIONS = ("-wal", "-shm")
LEAST_FREE_BYTES = 4 * 1024 * 1024
"""Entries stop while so little is left, so that exits and fills can still be written down."""
_BUSY_TIMEOUT_S = 0.25
_ROWS_CHECKED = 1_000
_PROBE = "INSERT INTO probe VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET times = times + 1"

_IN_PLAIN_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "another process holds it locked",
    sqlite3.SQLITE_LOCKED: "another process holds it locked",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is not a journal",
    sqlite3.SQLITE_READONLY: "the file cannot be written",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
}
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

Identity = tuple[int, int]


class JournalFile:
    """The file of one state directory, made when it is missing. Any thread may call; one at a time is inside.

    Raises JournalDamaged when what is there is not a sound journal, and JournalError when it cannot be used or was
    written by a newer version.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self._lock = Lock()
        self._passing: str | None = None
        self._lasting: str | None = None
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise JournalError(f"state directory {directory}: {error.strerror or error}") from error
        with self._told_plainly():
            if not self.path.exists():
                self._make()
            self._connection = self._connect()
        try:
            with self._told_plainly():
                self._check()
                self._seen = self._identities()
        except JournalError:
            self._connection.close()
            raise

    def close(self) -> None:
        """Let go of the file. Nothing is pending: every write has committed."""
        with self._lock:
            self._connection.close()

    @property
    def trouble(self) -> str | None:
        """What was wrong with the last write or probe, in one line; None when nothing was."""
        return self._lasting or self._passing

    def probe(self) -> str | None:
        """Try whether a write would be kept: room, the same file in its place, a commit. Returns the trouble, if any.

        A file that was deleted under us is put back from what is open of it; that too is told, once.
        """
        try:
            with self._lock, self._told_plainly():
                if self._lasting is None:
                    self._passing = self._place() or self._room()
                if self.trouble is None:
                    self._connection.execute(_PROBE)
        except JournalError:
            pass  # it is in `trouble` now
        return self.trouble

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """For reads; one statement at a time is a transaction of its own."""
        with self._lock, self._told_plainly():
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """For writes; all within commit together, and on disk, or not at all."""
        with self._lock, self._told_plainly():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._passing = None

    def whole(self, rows: Iterable[Row]) -> list[Row]:
        """The rows without their seals. Raises JournalDamaged for a row that is not what was written."""
        kept = list(rows)
        if not all(map(is_whole, kept)):
            raise self.damaged("a row is not what was written")
        return [row[:-1] for row in kept]

    def damaged(self, what: str) -> JournalDamaged:
        """The error to raise for content that must not be believed; from now on the file is not trusted."""
        self._lasting = f"journal {self.path}: {what}"
        return JournalDamaged(self._lasting)

    # --- opening ---

    def _make(self) -> None:
        """A new file gets its name when it is whole, so that an empty one of that name is a loss, not a beginning."""
        making = self.path.with_name(f"{FILE_NAME}.new")
        for leftover in (making, *_companions(self.path)):
            leftover.unlink(missing_ok=True)
        with closing(sqlite3.connect(making, isolation_level=None)) as connection:
            making.chmod(0o600)
            connection.execute("BEGIN")
            create(connection)
            connection.execute("COMMIT")
        _flush(making)
        making.replace(self.path)
        _flush(self.path.parent)

    def _connect(self) -> sqlite3.Connection:
        if self.path.is_file() and self.path.stat().st_size == 0:
            raise self.damaged("the file is empty")
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False,
        )  # fmt: skip
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self) -> None:
        """What is there must be a sound journal of a version we read; an older one becomes one of this version."""
        connection = self._connection
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise self.damaged("the file is damaged")
        connection.execute("BEGIN IMMEDIATE")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "schema_version" not in tables:
            raise self.damaged("the file is not a journal")
        versions = connection.execute("SELECT version FROM schema_version").fetchall()
        if len(versions) != 1:
            raise self.damaged("it does not say which schema it has")
        ((found,),) = versions
        if found > SCHEMA_VERSION or found < 1:
            raise JournalError(f"journal {self.path}: schema {found}, this version reads 1 to {SCHEMA_VERSION}")
        migrate(connection, found)
        connection.execute("COMMIT")
        for table in SEALED_TABLES:
            self.whole(connection.execute(f"SELECT * FROM {table} ORDER BY rowid DESC LIMIT {_ROWS_CHECKED}"))

    # --- watching ---

    def _identities(self) -> tuple[Identity | None, ...]:
        return tuple(map(_identity, (self.path, *_companions(self.path))))

    def _place(self) -> str | None:
        """What is wrong with the names of the open files. One that is gone is put back."""
        found = self._identities()
        if found == self._seen:
            return None
        if any(one is not None and one != seen for one, seen in zip(found, self._seen, strict=True)):
            self._lasting = f"journal {self.path}: another file has taken its place"
            return self._lasting
        self._put_back()
        return f"journal {self.path}: the file was deleted under us, and was written anew with all that was in it"

    def _put_back(self) -> None:
        """The open file lives on without a name: copy it to a new one, give that the name, and go on with it."""
        saving = self.path.with_name(f"{FILE_NAME}.saving")
        saving.unlink(missing_ok=True)
        with closing(sqlite3.connect(saving, isolation_level=None)) as copy:
            saving.chmod(0o600)
            self._connection.backup(copy)
        _flush(saving)
        # The old one is closed before the new one is opened: closing removes its companions by their names.
        saving.replace(self.path)
        _flush(self.path.parent)
        self._connection.close()
        self._connection = self._connect()
        self._connection.execute(_PROBE)  # the companions exist from the first write on
        self._seen = self._identities()

    def _room(self) -> str | None:
        disk = os.statvfs(self.path.parent)
        free = disk.f_bavail * disk.f_frsize
        return (
            None if free >= LEAST_FREE_BYTES else f"journal {self.path}: only {free // 1024} KiB are left on the disk"
        )

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
            told = f"journal {self.path}: {_IN_PLAIN_WORDS.get(code & 0xFF, str(error))}"
            if code & 0xFF in _DAMAGE:
                self._lasting = told
                raise JournalDamaged(told) from error
            if code == sqlite3.SQLITE_IOERR_FSYNC:
                # After a flush that failed nobody knows what is on the disk.
                self._lasting = told
            if not isinstance(error, sqlite3.IntegrityError):
                self._passing = told
            raise JournalError(told) from error
        except OSError as error:
            self._passing = f"journal {self.path}: {error.strerror or error}"
            raise JournalError(self._passing) from error


def _companions(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(f"{path.name}{end}") for end in COMPANIONS)


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
