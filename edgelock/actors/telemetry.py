"""The telemetry actor: typed records in, numbered JSON lines out, to standard output and to a rotated file.

It is the only thing in the program that writes lines, so that no actor that decides ever waits for a disk or a
terminal. `seq` is given here, in the order in which records arrive, without a gap; what a sink then loses is counted
and reported on the other one. A restarted telemetry actor goes on with the same `TelemetryRun`.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from edgelock.actors.base import SupervisedActor
from edgelock.actors.clock import Clock
from edgelock.actors.exit_averages import ExitAverages
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.messages import Records
from edgelock.actors.redaction import Redactor
from edgelock.actors.telemetry_board import TelemetryBoard
from edgelock.actors.telemetry_format import TELEMETRY_LOGGER, TelemetryFormatter, TelemetryLine
from edgelock.actors.telemetry_sinks import FileSink, StreamSink, drop_torn_line, speak_utf8
from edgelock.core.telemetry import LibraryLog, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryOutputs:
    """Where lines go. `stream` is None while a live view has the terminal; `path` None means no file.

    max_bytes  size at which the file is rotated; 0 means never
    backups    how many rotated files are kept
    """

    stream: TextIO | None
    path: Path | None
    max_bytes: int
    backups: int


@dataclass(slots=True)
class TelemetryRun:
    """What outlives an incarnation of the telemetry actor: the run's id, the last seq given, averages and counts.

    Owned by the incarnation that lives; others may read the counts.
    """

    run: str
    seq: int = 0
    exit_averages: ExitAverages = field(default_factory=ExitAverages)
    lines: Counter[str] = field(default_factory=Counter)
    lines_lost: int = 0
    format_failures: int = 0


class TelemetryActor(SupervisedActor):
    """Handles `Records`. Construction opens nothing; `on_start` does."""

    def __init__(
        self,
        incarnation: Incarnation,
        *,
        outputs: TelemetryOutputs,
        run: TelemetryRun,
        redactor: Redactor,
        board: TelemetryBoard,
        clock: Clock,
    ) -> None:
        super().__init__(incarnation)
        self._outputs = outputs
        self._run = run
        self._board = board
        self._clock = clock
        self._formatter = TelemetryFormatter(redactor)
        # Its own instance and not the global registry's, so that nothing else can add a handler or a level to it.
        self._logger = logging.Logger(TELEMETRY_LOGGER, logging.DEBUG)
        self._sinks: dict[str, FileSink | StreamSink] = {}
        self._troubles: dict[str, str] = {}
        self._lost_before, self._failures_before = run.lines_lost, run.format_failures

    def on_start(self) -> None:
        """Open the outputs; say what was found at the end of a file that is continued."""
        torn_bytes = 0
        if self._outputs.stream is not None:
            speak_utf8(self._outputs.stream)
            self._add("the stream", StreamSink(self._outputs.stream))
        path = self._outputs.path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            torn_bytes = drop_torn_line(path)
            self._add("the log file", FileSink(path, max_bytes=self._outputs.max_bytes, backups=self._outputs.backups))
        if torn_bytes:
            self._write((self._own_line("WARNING", f"removed a torn last line of {torn_bytes} bytes from {path}"),))

    def on_stop(self) -> None:
        """Write everything that was told before the stop, and close."""
        inbox = self.incarnation.inbox
        for _ in range(inbox.counters().depth):
            if inbox.empty():
                break
            envelope = inbox.get()
            if isinstance(envelope.message, Records):
                self.handle(envelope.message)
            if envelope.reply_to is not None:
                envelope.reply_to.set(None)
        for sink in self._sinks.values():
            self._logger.removeHandler(sink)
            sink.close()

    def handle(self, message: Any) -> None:
        """Write the records of one step, numbered in their order."""
        if not isinstance(message, Records):
            raise TypeError(f"telemetry does not handle {type(message).__name__}")
        self._write(message.records)
        self._report_troubles()

    def _add(self, name: str, sink: FileSink | StreamSink) -> None:
        sink.setFormatter(self._formatter)
        self._sinks[name] = sink
        self._logger.addHandler(sink)

    def _write(self, records: tuple[Record, ...]) -> None:
        run = self._run
        for record in (*records, *run.exit_averages.after(records)):
            run.seq += 1
            run.lines[record.action] += 1
            self._logger.handle(TelemetryLine(record, seq=run.seq, run=run.run))
            self._board.note(record)
        for sink in self._sinks.values():
            sink.flush()
        run.lines_lost = self._lost_before + sum(sink.lost_lines for sink in self._sinks.values())
        run.format_failures = self._failures_before + self._formatter.failures

    def _report_troubles(self) -> None:
        """Say on the other sink that one fails, once, and once that it is back."""
        said = []
        for name, sink in self._sinks.items():
            if sink.trouble is not None and name not in self._troubles:
                self._troubles[name] = sink.trouble
                said.append(self._own_line("ERROR", f"{name} does not take lines: {sink.trouble}"))
            elif sink.trouble is None and name in self._troubles:
                del self._troubles[name]
                said.append(self._own_line("WARNING", f"{name} takes lines again; {sink.lost_lines} were lost so far"))
        if said:
            self._write(tuple(said))

    def _own_line(self, severity: str, message: str) -> LibraryLog:
        return LibraryLog(at=self._clock.now(), logger=TELEMETRY_LOGGER, severity=severity, message=message)
