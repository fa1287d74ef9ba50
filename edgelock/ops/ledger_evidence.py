"""What a simulated run leaves behind, in plain integers, and what an examination of it finds.

Nothing here is shared with the bot: not its arithmetic, not its order states, not its units. Money is counted in
millionths of a dollar, prices in hundredths of a cent, sizes in hundredths of a contract.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

UNHEARD_NS = 3_000_000_000
"""Real time before a bot was killed in which a fill, or the last lines of its log, may have been on their way."""
SLACK_NS = 1_000_000_000
"""Real time by which the exchange may be late to withdraw, because it does so when it next looks, and by which a
request may be late to arrive."""

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise that was not kept."""

    promise: str
    found: str


@dataclass(slots=True)
class LedgerReport:
    """What was examined, by promise, and what did not hold."""

    examined: dict[str, int] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)

    def seen(self, promise: str, count: int = 1) -> None:
        """So many things were looked at for this promise."""
        self.examined[promise] = self.examined.get(promise, 0) + count

    def breach(self, promise: str, found: str) -> None:
        """This one does not hold."""
        self.breaches.append(Breach(promise, found))

    def expect(self, holds: bool, promise: str, found: str) -> None:
        """One thing was looked at; unless it holds, it is a breach."""
        self.seen(promise)
        if not holds:
            self.breach(promise, found)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a run left behind.

    ledger      GET /embedded/ledger, read after the bot was gone and every expiry had passed
    requests    the exchange's request log
    log         the bot's telemetry
    was_killed  by SIGKILL; else it ended by itself
    gone_at_ns  exchange time at which it was gone
    exit_code   the bot's, negative for a signal
    speed       exchange seconds per real second
    """

    ledger: Line
    requests: Sequence[Line]
    log: Sequence[Line]
    was_killed: bool
    gone_at_ns: int
    exit_code: int
    speed: int

    @cached_property
    def account(self) -> Line:
        """The bot's account in the ledger."""
        (account,) = [each for each in self.ledger["accounts"] if each["account_id"] == "member"]
        found: Line = account
        return found

    @cached_property
    def lines(self) -> Sequence[Line]:
        """The telemetry in the order it was told."""
        return sorted(self.log, key=lambda line: line["seq"])

    @cached_property
    def decided(self) -> Mapping[str, Line]:
        """Every order that the bot said it wanted, by client order id."""
        return {line["client_order_id"]: line for line in self.log if line.get("action") == "quote_place"}

    @cached_property
    def positions(self) -> Mapping[str, "Timeline"]:
        """The position of every market at every time, from the exchange's fills and settlements."""
        changes: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
        for fill in self.account["fill_history"]:
            changes[fill["ticker"]].append((fill["at_ns"], sign(fill) * hundredths(fill["count_fp"])))
        for settled in self.account["settlement_history"]:
            changes[settled["ticker"]].append((settled["settled_at_ns"], None))
        return {ticker: Timeline(each) for ticker, each in changes.items()}

    def role(self, client_order_id: str) -> str | None:
        """entry or exit; None for an order that the log does not know."""
        decided = self.decided.get(client_order_id)
        return None if decided is None else str(decided["role"])

    def may_be_untold(self, at_ns: int) -> bool:
        """Whether a killed bot may have had no time left to hear of it, or to write it down."""
        return self.was_killed and at_ns > self.gone_at_ns - UNHEARD_NS * self.speed

    def accepted(self, operation: str, status: int) -> Iterator[tuple[Line, Line]]:
        """What was asked in each write that the exchange carried out, and the request it came in."""
        for request in self.requests:
            if request.get("operation") == operation and request["outcome"] == status:
                for asked, answered in zip(request["asked"], request["answered"], strict=True):
                    if not answered.get("error"):
                        yield asked, request


class Timeline:
    """A position over time. Made of changes: (time, by how much), or (time, None) for back to nothing."""

    def __init__(self, changes: Sequence[tuple[int, int | None]]) -> None:
        self._steps = [(0, 0)]
        for at_ns, change in sorted(changes, key=lambda each: each[0]):
            now = 0 if change is None else self._steps[-1][1] + change
            self._steps.append((at_ns, now))

    def during(self, since_ns: int, until_ns: int) -> list[int]:
        """Every position it had between two times, both included."""
        before = [net for at_ns, net in self._steps if at_ns <= since_ns]
        return [before[-1], *(net for at_ns, net in self._steps if since_ns < at_ns <= until_ns)]


def read_lines(path: Path) -> list[Line]:
    """A file of JSON lines, numbers exact. The last line of a process that was killed may be torn."""
    lines: list[Line] = []
    for raw in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(raw, parse_float=Decimal))
        except json.JSONDecodeError:
            break
    return lines


def sign(fill: Line) -> int:
    """1 for a bid, −1 for an ask."""
    return 1 if fill["book_side"] == "bid" else -1


def hundredths(count: object) -> int:
    """A count of contracts in hundredths of a contract."""
    return _whole(count, 100)


def basis_points(dollars: object) -> int:
    """A price in hundredths of a cent."""
    return _whole(dollars, 10_000)


def millionths(dollars: object) -> int:
    """An amount in millionths of a dollar."""
    return _whole(dollars, 1_000_000)


def nanoseconds(seconds: object) -> int:
    """A time in nanoseconds."""
    return int(Decimal(str(seconds)) * 1_000_000_000)


def _whole(text: object, parts: int) -> int:
    scaled = Decimal(str(text)) * parts
    if scaled != int(scaled):
        raise ValueError(f"{text} is not a whole number of 1/{parts}")
    return int(scaled)
