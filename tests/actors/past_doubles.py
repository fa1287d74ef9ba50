"""A past that a test writes down itself: what a journal would tell a gateway that begins."""

from dataclasses import dataclass, field, replace

from edgelock.actors.journal import JournalError, RecordedIntent
from edgelock.core.order import Kind, Role, TimeInForce
from edgelock.core.recovery import Recorded
from edgelock.core.units import Timestamp
from tests.actors.door import an_entry
from tests.core.builders import NOON


@dataclass
class WrittenPast:
    """records by ticker; the orders that were left without an end; is_readable: the disk is there."""

    records: dict[str, Recorded] = field(default_factory=dict)
    left: tuple[RecordedIntent, ...] = ()
    is_readable: bool = True
    earlier_runs: tuple[str, ...] = ()

    def unfinished(self) -> tuple[RecordedIntent, ...]:
        self._check()
        return self.left

    def runs(self) -> tuple[str, ...]:
        self._check()
        return self.earlier_runs

    def recorded(self, ticker: str) -> Recorded:
        self._check()
        unfinished = frozenset(each.intent.client_order_id for each in self.left if each.ticker == ticker)
        return replace(self.records.get(ticker, Recorded()), unfinished=unfinished)

    def _check(self) -> None:
        if not self.is_readable:
            raise JournalError("the disk is gone")


def an_intent(name: str, ticker: str, *, at: Timestamp = NOON, role: Role = Role.ENTRY) -> RecordedIntent:
    """An order that an earlier life was about to send."""
    wish = an_entry(name, role=role, kind=Kind.QUOTE, time_in_force=TimeInForce.GOOD_TILL_CANCELED)
    return RecordedIntent(scope="live:demo:1", run="earlier", ticker=ticker, incarnation=1, intent=wish, at=at)
