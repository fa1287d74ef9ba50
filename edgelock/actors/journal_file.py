"""The journal's file: opened, checked, migrated, written under one lock, and watched so that it does not go unnoticed.

One SQLite file in WAL mode. Every write commits before it returns, so it survives the death of the process at any
instant; one that is flushed survives a power cut as well, and takes everything before it along. The probe flushes, so
a power cut costs what was written in the last second, of what the venue tells again. Trouble is one line in plain
words, and stays readable in `trouble`.

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
from edgelock.actors.journal_schema import SCHEMA_VERSION, Row, create, is_consistent, is_sound, is_whole, migrate

FILE_NAME = "journal.sqlite3"
COMPANIONS = ("-wal", "-shm")
LEAST_FREE_BYTES = 4 * 1024 * 1024
"""Entries stop while so little is left, so that exits and fills can still be written down."""
_BUSY_TIMEOUT_MS = 250
_MAGIC = b"SQLite format 3\0"
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
_CLOSE_WITHIN_S = 1.0
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
        self._failed: str | None = None
        self._found: str | None = None
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
            with self._told_plainly(odd=JournalDamaged):
                self._check()
                self._seen = self._identities()
        except JournalError:
            self._connection.close()
            raise

    def close(self) -> None:
        """Let go of the file. Nothing is pending: every write has committed; one that never returns is left behind."""
        if self._lock.acquire(timeout=_CLOSE_WITHIN_S):
            try:
                self._connection.close()
            finally:
                self._lock.release()

    @property
    def trouble(self) -> str | None:
        """What was wrong with the last write or probe, in one line; None when nothing was."""
        return self._lasting or self._found or self._failed

    def probe(self) -> str | None:
        """Try whether a write would be kept: room, the same file in its place, a commit. Returns the trouble, if any.

        A file that was deleted under us is put back from what is open of it; that too is told, once.
        """
        try:
            with self._lock, self._told_plainly():
                self._found = None if self._lasting else self._place() or self._room()
                if self.trouble is None or self._failed:
                    with self._transaction(is_flushed=True) as connection:
                        connection.execute(_PROBE)
                return self.trouble
        except JournalError as error:
            return str(error)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """For reads; one statement at a time is a transaction of its own."""
        with self._lock, self._told_plainly():
            yield self._connection

    @contextmanager
    def writing(self, *, is_flushed: bool = False) -> Iterator[sqlite3.Connection]:
        """For writes; all within commit together or not at all.

        is_flushed  for what nobody tells us again: on the disk, and not only in the kernel, before this ends
        """
        with self._lock, self._told_plainly(), self._transaction(is_flushed=is_flushed) as connection:
            yield connection

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

    @contextmanager
    def _transaction(self, *, is_flushed: bool) -> Iterator[sqlite3.Connection]:
        """While the last one failed nobody waits for a lock: exits have to go on."""
        if self._lasting is not None:
            raise JournalDamaged(self._lasting)
        connection = self._connection
        connection.execute(f"PRAGMA busy_timeout = {0 if self._failed else _BUSY_TIMEOUT_MS}")
        connection.execute(f"PRAGMA synchronous = {'FULL' if is_flushed else 'NORMAL'}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._failed = None

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
        if self.path.is_file():
            # SQLite takes an empty file for a new one, and removes the companions of one that is none of its own.
            with self.path.open("rb") as file:
                begin = file.read(len(_MAGIC))
            if begin != _MAGIC:
                raise self.damaged("the file is not a journal" if begin else "the file is empty")
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True, timeout=_BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False,
        )  # fmt: skip
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self) -> None:
        """What is there must be a sound journal of a version we read; an older one becomes one of this version."""
        connection = self._connection
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
        if found < SCHEMA_VERSION:
            if not is_consistent(connection):
                raise self.damaged("the file is damaged")
            migrate(connection, found)
        connection.execute(_PROBE)  # the companions exist from the first write on
        connection.execute("COMMIT")
        if not is_sound(connection):
            raise self.damaged("the file is damaged")

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
        self._connection.execute(_PROBE)
        self._seen = self._identities()

    def _room(self) -> str | None:
        disk = os.statvfs(self.path.parent)
        free = disk.f_bavail * disk.f_frsize
        return (
            None if free >= LEAST_FREE_BYTES else f"journal {self.path}: only {free // 1024} KiB are left on the disk"
        )

    @contextmanager
    def _told_plainly(self, *, odd: type[JournalError] = JournalError) -> Iterator[None]:
        """Errors as one line. odd: what an error is that no plain words are known for."""
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
                self._failed = told
            raise (JournalError if code & 0xFF in _IN_PLAIN_WORDS else odd)(told) from error
        except UnicodeDecodeError as error:
            raise self.damaged("a text in it cannot be read") from error
        except OSError as error:
            self._failed = f"journal {self.path}: {error.strerror or error}"
            raise JournalError(self._failed) from error


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
