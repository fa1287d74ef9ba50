"""A line of JSON per REST request and WebSocket command, for audits. Never headers, keys or whole bodies."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from edgelock.core.units import Timestamp
from edgelock.exchange.faults_schedule import Strike
from edgelock.exchange.wire_text import rfc3339


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment on three clocks, all in nanoseconds: the exchange's, the machine's monotonic one, and the wall's."""

    exchange_ns: int
    monotonic_ns: int
    wall_ns: int


def instant(exchange_now: Timestamp) -> Instant:
    """This moment."""
    return Instant(exchange_now, time.monotonic_ns(), time.time_ns())


@dataclass(frozen=True, slots=True, kw_only=True)
class RestRecord:
    """One REST request and what became of it.

    status    what the client is told; None when it gets no answer
    received  when the whole request was here
    applied   when the engine had carried it out; None when a fault kept it from the engine
    outcome   the engine's own status; None with `applied`
    asked     the orders it is about, in the venue's words; [] for a read
    answered  the orders that the engine's answer is about
    fault     which fault struck it: number, name, kind, and how long it held it back; None for none
    """

    operation: str
    method: str
    path: str
    query: str
    account: str | None
    status: int | None
    received: Instant
    applied: Instant | None
    outcome: int | None
    asked: Sequence[Mapping[str, object]] = ()
    answered: Sequence[Mapping[str, object]] = ()
    fault: Mapping[str, object] | None = None


def fault_line(strike: Strike) -> dict[str, object]:
    """What a line says of the fault that struck."""
    rule = strike.rule
    return {"number": rule.number, "name": rule.name, "do": rule.kind, "strike": strike.number}


class RequestLog:
    """Appends to a file; without one it does nothing. Raises OSError when the file cannot be opened."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("ab", buffering=0) if path is not None else None
        self._last_number = 0

    def __enter__(self) -> "RequestLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def rest(self, record: RestRecord) -> None:
        """One request, written when its fate is decided; an answer that is held back goes out later than that."""
        moment = record.applied if record.applied is not None else record.received
        self._write(
            {
                "ts": rfc3339(Timestamp(moment.exchange_ns)),
                "method": record.method,
                "path": record.path,
                "query": record.query,
                "status": record.status,
                "account": record.account,
                "operation": record.operation,
                "received": record.received,
                "applied": record.applied,
                "outcome": record.outcome,
                "asked": record.asked,
                "answered": record.answered,
                "fault": record.fault,
            }
        )

    def command(self, ts: str, name: str | None, account: str) -> None:
        """One WebSocket command; the name is None when it could not be read."""
        self._write({"ts": ts, "method": "WS", "path": name, "account": account})

    def connection(self, at: Instant, status: int | None, account: str | None, fault: Mapping[str, object]) -> None:
        """One socket handshake that a fault struck."""
        ts = rfc3339(Timestamp(at.exchange_ns))
        self._write(
            {
                "ts": ts,
                "method": "WS",
                "path": "connect",
                "status": status,
                "account": account,
                "received": at,
                "fault": fault,
            }
        )

    def frame(
        self, at: Instant, account: str, frame_type: str, ticker: str | None, fault: Mapping[str, object]
    ) -> None:
        """One frame of a socket that a fault struck."""
        fields = {"path": "frame", "frame": frame_type, "ticker": ticker, "account": account}
        self._write(
            {"ts": rfc3339(Timestamp(at.exchange_ns)), "method": "FAULT", **fields, "received": at, "fault": fault}
        )

    def venue_fault(self, at: Instant, what: str, fault: Mapping[str, object]) -> None:
        """A fault of the venue itself was done, or what it did has ended."""
        ts = rfc3339(Timestamp(at.exchange_ns))
        self._write({"ts": ts, "method": "FAULT", "path": what, "account": None, "received": at, "fault": fault})

    def _write(self, fields: dict[str, object]) -> None:
        if self._file is not None:
            self._last_number += 1
            self._file.write(msgspec.json.encode({"n": self._last_number, **fields}) + b"\n")
