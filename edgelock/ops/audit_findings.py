"""What an audit found: each rule that was broken, where, and why; and how many lines each rule was tried on."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

FINDINGS_KEPT_MAX = 1_000
NOTES_KEPT_MAX = 50


class Check(StrEnum):
    """The rules, in the words of the summary."""

    LINES = "line format"
    SEQUENCE = "sequence"
    TP_DRIFT = "TP drift"
    GATES = "price gates"
    SKEW = "skew leaks"
    EXITS_FOLLOWED = "exits followed by their order"
    EXITS_PROMPT = "exits not delayed"
    BREAKER = "breaker false positives"
    POSITION = "position sums"
    PNL = "P&L sums"
    ORDERS = "orders"
    STATES = "state changes"


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule. `where` is file:line, `line` the line itself."""

    check: Check
    where: str
    reason: str
    line: str


@dataclass(slots=True)
class Findings:
    """Gathers findings in bounded memory: the first FINDINGS_KEPT_MAX are kept whole, all are counted.

    `notes` say what could not be checked and why; they are not findings.
    """

    kept: list[Finding] = field(default_factory=list)
    counts: Counter[Check] = field(default_factory=Counter)
    examined: Counter[Check] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    lines: int = 0

    @property
    def is_clean(self) -> bool:
        """No rule was broken."""
        return not self.counts

    def add(self, check: Check, *, where: str, reason: str, line: str) -> None:
        """Record one broken rule."""
        self.counts[check] += 1
        if len(self.kept) < FINDINGS_KEPT_MAX:
            self.kept.append(Finding(check, where, reason, line))

    def note(self, text: str) -> None:
        """Record what could not be checked, once."""
        if text not in self.notes and len(self.notes) < NOTES_KEPT_MAX:
            self.notes.append(text)
