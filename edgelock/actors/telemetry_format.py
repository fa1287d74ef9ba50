"""Typed telemetry into JSON lines: names, order and units of every field are fixed here, and floats are made here.

For each record class a table is built once from its type hints: which key, and how its unit becomes a number for the
eye (`Price` dollars, `Size` contracts, `Money` dollars, `Duration` seconds, `Timestamp` epoch seconds ...). Integers
are divided once, so the number printed is the decimal that was meant: 6 700 price units are 0.67 and nothing near it.

A record that cannot be formatted becomes a `log` line with its seq, and is counted: trading never sees an error.
"""

import logging
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from fractions import Fraction
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pythonjsonlogger.msgspec import MsgspecFormatter

from edgelock.actors.redaction import Redactor
from edgelock.core.telemetry import CentsOf, Level, LibraryLog, MarketContext, Percent, PriceRatio, QuoteAmend, Record
from edgelock.core.units import Duration, Money, Price, Size, Timestamp

TELEMETRY_LOGGER = "edgelock.telemetry"

Convert = Callable[[Any], Any]

_LOGGING_LEVELS = {Level.INFO: logging.INFO, Level.WARNING: logging.WARNING, Level.ERROR: logging.ERROR}
_LEVEL_OF_SEVERITY = {"WARNING": Level.WARNING.value, "ERROR": Level.ERROR.value, "CRITICAL": Level.ERROR.value}
_NANOSECONDS_PER_MICROSECOND = 1_000


class TelemetryLine(logging.LogRecord):
    """One record on its way through `logging`, with the place it has in the run."""

    def __init__(self, record: Record, *, seq: int, run: str) -> None:
        super().__init__(TELEMETRY_LOGGER, _LOGGING_LEVELS[record.level], "", 0, record.action, (), None)
        self.telemetry = record
        self.seq = seq
        self.run = run
        self.text: str | None = None


@dataclass(frozen=True, slots=True)
class _FieldRow:
    attribute: str
    key: str
    convert: Convert | None
    null_is_written: bool


@dataclass(frozen=True, slots=True)
class _LineTable:
    has_market: bool
    context: bool
    own: tuple[_FieldRow, ...]


class TelemetryFormatter(MsgspecFormatter):
    """Formats `TelemetryLine`s, once each however many handlers ask. `failures` counts records it could not format."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self.failures = 0
        self._redact = redactor.text
        self._tables: dict[type[Record], _LineTable] = {}
        self._context_rows = _rows_of(MarketContext, MarketContext.NULLABLE, self._redact)

    def format(self, record: logging.LogRecord) -> str:
        """The line without its newline. Never raises; anything but a TelemetryLine is a programming error."""
        if not isinstance(record, TelemetryLine):
            raise TypeError(f"{TELEMETRY_LOGGER} carries TelemetryLine only, not {type(record).__name__}")
        if record.text is None:
            try:
                record.text = self.serialize_log_record(self._line(record))
            except Exception as error:  # noqa: BLE001 - firewall: a defect in one record must not stop the others
                self.failures += 1
                record.text = self.serialize_log_record(self._failure_line(record, error))
        return record.text

    def _line(self, line: TelemetryLine) -> dict[str, Any]:
        record: Any = line.telemetry
        table = self._tables.get(type(record))
        if table is None:
            table = self._tables[type(record)] = _table_of(type(record), self._redact)
        data: dict[str, Any] = {"ts": _epoch_seconds(record.at), "seq": line.seq, "run": line.run}
        if table.has_market and record.market is not None:
            data["market"] = self._redact(record.market)
        if table.context:
            _write(data, record.context, self._context_rows)
        data["action"] = record.action
        data["level"] = _level_of(record)
        _write(data, record, table.own)
        return _with_amendment_nested(data) if type(record) is QuoteAmend else data

    def _failure_line(self, line: TelemetryLine, error: Exception) -> dict[str, Any]:
        record = line.telemetry
        at = getattr(record, "at", None)
        return {
            "ts": _epoch_seconds(at) if isinstance(at, int) else 0,
            "seq": line.seq,
            "run": line.run,
            "action": LibraryLog.action,
            "level": Level.ERROR.value,
            "logger": TELEMETRY_LOGGER,
            "severity": "ERROR",
            "message": f"a {type(record).__name__} line could not be formatted: {_plain(self._redact, error)}",
        }


def _write(data: dict[str, Any], source: object, rows: tuple[_FieldRow, ...]) -> None:
    for row in rows:
        value = getattr(source, row.attribute)
        if value is None:
            if row.null_is_written:
                data[row.key] = None
        else:
            data[row.key] = value if row.convert is None else row.convert(value)


def _level_of(record: Record) -> str:
    if isinstance(record, LibraryLog):
        return _LEVEL_OF_SEVERITY.get(record.severity, Level.INFO.value)
    return record.level.value


def _with_amendment_nested(data: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in data.items():
        end, _, part = key.partition("_")
        if end in ("from", "to") and part in ("price", "qty"):
            nested.setdefault(end, {})[part] = value
        else:
            nested[key] = value
    return nested


def _plain(redact: Callable[[str], str], error: Exception) -> str:
    return redact(f"{type(error).__name__}: {error}".encode("utf-8", "backslashreplace").decode())


# --- the tables -------------------------------------------------------------------------------------------------


def _table_of(record_class: type[Record], redact: Callable[[str], str]) -> _LineTable:
    names = {field.name for field in fields(record_class)}
    return _LineTable(
        has_market="market" in names,
        context="context" in names,
        own=_rows_of(record_class, record_class.NULLABLE, redact, without=("at", "market", "context")),
    )


def _rows_of(
    source: type, nullable: frozenset[str], redact: Callable[[str], str], without: tuple[str, ...] = ()
) -> tuple[_FieldRow, ...]:
    hints = get_type_hints(source)
    return tuple(
        _FieldRow(field.name, field.name, _converter(hints[field.name], redact), field.name in nullable)
        for field in fields(source)
        if field.name not in without
    )


def _converter(hint: Any, redact: Callable[[str], str]) -> Convert | None:
    """How a value of this type becomes JSON; None when it already is."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (part for part in get_args(hint) if part is not type(None))
        return _converter(inner, redact)
    if origin is tuple:
        item, ellipsis = get_args(hint)
        if ellipsis is not Ellipsis:
            raise TypeError(f"{hint} has no form in telemetry")
        convert = _converter(item, redact)
        return list if convert is None else lambda values: [convert(value) for value in values]
    if origin is Literal or hint in (int, bool):
        return None
    if hint is str:
        return redact
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda member: member.value
    if hint in _CONVERTERS:
        return _CONVERTERS[hint]
    raise TypeError(f"{hint} has no form in telemetry")


def _steps(per_unit: int) -> Convert:
    """An integer count of 1/per_unit into units; whole numbers stay integers."""

    def convert(count: int) -> int | float:
        whole, rest = divmod(count, per_unit)
        # One correctly rounded division: the shortest text of the result is the decimal that was meant.
        return count / per_unit if rest else whole

    return convert


def _rounded(per_unit: int) -> Convert:
    """An exact ratio, in steps of 1/per_unit, to the nearest step (ties to even) and then into units."""
    convert = _steps(per_unit)
    return lambda ratio: convert(round(ratio))


def _scaled(ratio_to_steps: int, per_unit: int) -> Convert:
    convert = _steps(per_unit)
    return lambda ratio: convert(round(ratio * ratio_to_steps))


def _epoch_seconds(at: int) -> float:
    return at // _NANOSECONDS_PER_MICROSECOND / 1_000_000


def _to_microseconds(duration: int) -> int:
    return (duration + _NANOSECONDS_PER_MICROSECOND // 2) // _NANOSECONDS_PER_MICROSECOND


_seconds = _steps(1_000_000)


_CONVERTERS: Mapping[Any, Convert] = {
    Price: _steps(10_000),
    Size: _steps(100),
    Money: _steps(1_000_000),
    Timestamp: _epoch_seconds,
    Duration: lambda duration: _seconds(_to_microseconds(duration)),
    PriceRatio: _rounded(10_000),
    CentsOf: _scaled(100, 10_000),
    Percent: _scaled(1_000_000, 10_000),
    Fraction: _scaled(1_000_000, 1_000_000),
}
