"""A line of JSON per REST request and WebSocket command, for audits. Never headers, bodies or keys."""

from pathlib import Path
from types import TracebackType

import msgspec


class RequestLog:
    """Appends to a file; without one it does nothing. Raises OSError when the file cannot be opened."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("ab", buffering=0) if path is not None else None

    def __enter__(self) -> "RequestLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def rest(self, ts: str, method: str, path: str, query: str, status: int, account: str | None) -> None:
        """One answered request. `ts` is exchange time."""
        self._write({"ts": ts, "method": method, "path": path, "query": query, "status": status, "account": account})

    def command(self, ts: str, name: str | None, account: str) -> None:
        """One WebSocket command; the name is None when it could not be read."""
        self._write({"ts": ts, "method": "WS", "path": name, "account": account})

    def _write(self, fields: dict[str, object]) -> None:
        if self._file is not None:
            self._file.write(msgspec.json.encode(fields) + b"\n")
