"""Where telemetry lines go: a stream and a rotated file. Both gather a batch and write it at once; neither ever raises.

A full disk or a reader that went away loses lines, never trades. What was lost is counted, and the first words of the
system about it are kept in `trouble` until a write succeeds again; the actor that owns the sinks reports it on the
other one.
"""

import contextlib
import logging
import os
from io import FileIO
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

_BLOCK = 65_536


class FileSink(RotatingFileHandler):
    """The log file: whole lines only, appended, rotated when the next line would make it larger than `max_bytes`.

    A write that fails half-way is undone, so that the file never holds a part of a line. Opens the file at its first
    write. `max_bytes` 0 means never to rotate.
    """

    def __init__(self, path: Path, *, max_bytes: int, backups: int) -> None:
        super().__init__(path, maxBytes=max_bytes, backupCount=backups, delay=True)
        self.lost_lines = 0
        self.trouble: str | None = None
        self._gathered: list[bytes] = []
        self._size = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Gather one line."""
        self._gathered.append(self.format(record).encode() + b"\n")

    def flush(self) -> None:
        """Write the gathered lines in as few system calls as rotation allows."""
        if not self._gathered:
            return
        lines, self._gathered = self._gathered, []
        written = 0
        try:
            while written < len(lines):
                written += self._write_what_fits(lines[written:])
            self.trouble = None
        except OSError as error:
            self.lost_lines += len(lines) - written
            self.trouble = str(error)

    def close(self) -> None:
        """Write what is left and close the file."""
        self.flush()
        super().close()

    def _write_what_fits(self, lines: list[bytes]) -> int:
        file = self._opened()
        count, size = 0, self._size
        for line in lines:
            # A line larger than a whole file still has to go somewhere: into a file of its own.
            if self.maxBytes and size and size + len(line) > self.maxBytes:
                break
            count, size = count + 1, size + len(line)
        if count == 0:
            self.doRollover()
            return 0
        self._write_whole(file, b"".join(lines[:count]))
        return count

    def _write_whole(self, file: FileIO, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[file.write(rest) or 0 :]
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(self._size)
            raise
        self._size += len(data)

    def _opened(self) -> FileIO:
        if self.stream is None:
            self.stream = self._open()  # type: ignore[assignment]
        return self.stream  # type: ignore[return-value]

    def _open(self) -> FileIO:  # type: ignore[override]
        file = FileIO(self.baseFilename, "ab")
        self._size = os.fstat(file.fileno()).st_size
        return file


class StreamSink(logging.StreamHandler[TextIO]):
    """Standard output as a stream of lines. When its reader goes away it stays silent for good."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.lost_lines = 0
        self.trouble: str | None = None
        self._gathered: list[str] = []
        self._is_open = True

    def emit(self, record: logging.LogRecord) -> None:
        """Gather one line."""
        self._gathered.append(self.format(record) + "\n")

    def flush(self) -> None:
        """Write the gathered lines with one system call, if the reader is fast enough."""
        lines, self._gathered = self._gathered, []
        if not lines:
            return
        if not self._is_open:
            self.lost_lines += len(lines)
            return
        try:
            self.stream.write("".join(lines))
            self.stream.flush()
        except (OSError, ValueError) as error:
            self.lost_lines += len(lines)
            self.trouble = str(error) or type(error).__name__
            self._is_open = False
            _silence(self.stream)


def speak_utf8(stream: TextIO) -> None:
    """Make a text stream of the interpreter write UTF-8 whatever the locale says; other streams are left alone."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="backslashreplace")


def drop_torn_line(path: Path) -> int:
    """Cut off a last line without a newline, which a power cut left behind; returns its bytes. 0 without a file.

    Half a line is no JSON, and one of them stops every reader of the whole log.
    """
    if not path.is_file():
        return 0
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        keep = end
        while keep:
            start = max(keep - _BLOCK, 0)
            file.seek(start)
            newline = file.read(keep - start).rfind(b"\n")
            if newline >= 0:
                keep = start + newline + 1
                break
            keep = start
        if keep < end:
            file.truncate(keep)
        return end - keep


def _silence(stream: TextIO) -> None:
    # The interpreter flushes standard output once more at exit; into a broken pipe that would be a traceback and exit
    # code 120, so the descriptor is pointed at the null device.
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, stream.fileno())
        finally:
            os.close(null)
