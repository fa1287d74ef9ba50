"""What libraries and the interpreter have to say, as telemetry: nothing but JSON lines ever reaches the stream.

While attached, every log record of WARNING and above, every warning, every exception that ends a thread or the
program, and every one that the interpreter cannot raise becomes a `log` line. Telling is all that happens here: no
lock is held, nothing is written, and a library that screams is heard a bounded number of times per second.
"""

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from edgelock.actors.address import Address
from edgelock.actors.clock import Clock
from edgelock.actors.messages import Records
from edgelock.core.telemetry import LibraryLog

LINES_PER_SECOND_MAX = 50
MESSAGE_CHARACTERS_MAX = 8_000
_SECOND_NS = 1_000_000_000


class LibraryLogs(logging.Handler):
    """Turns foreign log records and stray exceptions into `LibraryLog` records told to the telemetry's address."""

    def __init__(self, telemetry: Address, clock: Clock) -> None:
        super().__init__(logging.WARNING)
        self._telemetry = telemetry
        self._clock = clock
        self._speaking = threading.local()
        self._second = 0
        self._lines_this_second = 0
        self._suppressed = 0
        self._hooks_before: tuple[Any, Any, Any] | None = None

    def attach(self) -> None:
        """Listen, for the whole process."""
        logging.getLogger().addHandler(self)
        logging.captureWarnings(True)
        self._hooks_before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._on_uncaught
        threading.excepthook = self._on_thread_end
        sys.unraisablehook = self._on_unraisable

    def detach(self) -> None:
        """Give the process its own hooks back."""
        if self._hooks_before is None:
            return
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._hooks_before
        self._hooks_before = None
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one foreign log record. Never raises, and never hears itself."""
        if getattr(self._speaking, "now", False):
            return
        self._speaking.now = True
        try:
            self._tell(record.name, record.levelname, _text_of(record))
        finally:
            self._speaking.now = False

    def _tell(self, logger: str, severity: str, message: str) -> None:
        second = self._clock.monotonic_ns() // _SECOND_NS
        if second != self._second:
            self._second, self._lines_this_second = second, 0
        self._lines_this_second += 1
        if self._lines_this_second > LINES_PER_SECOND_MAX:
            self._suppressed += 1
            return
        if self._suppressed:
            message, self._suppressed = f"{message} [{self._suppressed} lines before this were suppressed]", 0
        record = LibraryLog(at=self._clock.now(), logger=logger, severity=severity, message=message)
        self._telemetry.tell(Records((record,)))

    def _on_uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self._tell("sys.excepthook", "CRITICAL", _cut("".join(traceback.format_exception(kind, error, trace))))

    def _on_thread_end(self, ended: threading.ExceptHookArgs) -> None:
        name = ended.thread.name if ended.thread is not None else "a thread"
        text = "".join(traceback.format_exception(ended.exc_type, ended.exc_value, ended.exc_traceback))
        self._tell("threading.excepthook", "ERROR", _cut(f"{name} ended: {text}"))

    def _on_unraisable(self, found: Any) -> None:
        text = "".join(traceback.format_exception(found.exc_type, found.exc_value, found.exc_traceback))
        self._tell("sys.unraisablehook", "ERROR", _cut(f"{found.err_msg or 'ignored'} {found.object!r}: {text}"))


def _text_of(record: logging.LogRecord) -> str:
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001 - a library's own formatting mistake must not become our exception
        message = f"{record.msg!r} with {record.args!r}"
    if record.exc_info and record.exc_info[0] is not None:
        message = f"{message}\n{''.join(traceback.format_exception(*record.exc_info))}"
    return _cut(message)


def _cut(text: str) -> str:
    return text if len(text) <= MESSAGE_CHARACTERS_MAX else f"{text[:MESSAGE_CHARACTERS_MAX]} …"
