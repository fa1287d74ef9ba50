"""A recording's lines, read and checked before anything is played: JSON Lines, plain or gzip'd.

Whatever is wrong ends in one `RecordingError` that names the file, the line and the fault.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from edgelock.core.units import Timestamp
from edgelock.exchange.recording_events import RecordedEvent, parse_event

GZIP_MAGIC = b"\x1f\x8b"


class RecordingError(ValueError):
    """The file cannot be played as a market. The message is one line for the operator."""


def read_events(path: Path) -> list[tuple[int, RecordedEvent]]:
    """Every line number (from 1) with its event, in order of time. Raises RecordingError."""
    events: list[tuple[int, RecordedEvent]] = []
    last = Timestamp(0)
    for number, text in _lines(path):
        try:
            event = parse_event(text)
        except ValueError as problem:
            raise RecordingError(f"{path}: line {number}: {problem}") from None
        if event.at < last:
            raise RecordingError(f"{path}: line {number}: its ts_ms is before that of the line above")
        last = event.at
        events.append((number, event))
    if not events:
        raise RecordingError(f"{path}: the file is empty")
    return events


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with path.open("rb") as raw:
            is_gzip = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
            raw.seek(0)
            source: Iterable[bytes] = gzip.GzipFile(fileobj=raw) if is_gzip else raw
            for number, line in enumerate(source, start=1):
                yield number, line.decode("utf-8")
    except UnicodeDecodeError:
        raise RecordingError(f"{path}: line {number}: it is not text (UTF-8) and the file is not gzip") from None
    except EOFError:
        raise RecordingError(f"{path}: line {number + 1}: the gzip file is truncated here") from None
    except (gzip.BadGzipFile, zlib.error):
        raise RecordingError(f"{path}: line {number + 1}: the gzip file is damaged here") from None
    except OSError as problem:
        raise RecordingError(f"{path}: {problem.strerror or problem}") from None
