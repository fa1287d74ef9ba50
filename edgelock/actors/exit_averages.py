"""A line that lets the runbook's daily analysis divide: the average age of the run's exits so far.

The runbook groups the log by market and divides the sum of the exits' `age_s` by their number. The lines of the whole
system form a group, too, and so does a market that has not had an exit yet; without a numeric `age_s` in each group
jq stops with "null and number cannot be divided" and prints nothing at all. So once the run has had its first exit,
each group that has none gets one `exit_average` line. Its `age_s` is the mean of every `age_s` printed so far in the
run, which leaves the runbook's own averages over the log where they were.
"""

from dataclasses import dataclass, field

from edgelock.core.telemetry import ExitAverage, Record
from edgelock.core.units import Duration


@dataclass(slots=True)
class ExitAverages:
    """Follows a run's records and says which `exit_average` lines they make necessary."""

    _age_sum: int = 0
    _lines: int = 0
    _has_exit: set[str | None] = field(default_factory=set)
    _has_none: set[str | None] = field(default_factory=lambda: {None})

    def after(self, records: tuple[Record, ...]) -> tuple[ExitAverage, ...]:
        """The lines to write after these, never between them: an exit's order must stay the next line."""
        for record in records:
            self._note(record)
        if not self._has_exit or not self._has_none:
            return ()
        missing = sorted(self._has_none, key=lambda market: market or "")
        self._has_exit |= self._has_none
        self._has_none.clear()
        mean = Duration(self._age_sum // self._lines)
        return tuple(ExitAverage(at=records[-1].at, market=market, age_s=mean, lines=self._lines) for market in missing)

    def _note(self, record: Record) -> None:
        age = getattr(record, "age_s", None)
        if age is not None:
            self._age_sum += age
            self._lines += 1
        market = getattr(record, "market", None)
        if "exit" in record.action:
            self._has_exit.add(market)
            self._has_none.discard(market)
        elif market not in self._has_exit:
            self._has_none.add(market)
