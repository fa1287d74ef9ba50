"""The venue's weekly pause: no trading on Thursdays from 03:00 to 05:00 in New York (venue reference §4.2, §11.4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from edgelock.core.units import SECOND, Timestamp
from edgelock.exchange.flow import ChangeTrading, Flow, TimedAction, Trading

_THURSDAY = 3
_BEGINS, _ENDS = time(3), time(5)
_ZONE = "America/New_York"


def weekly_pauses(since: Timestamp) -> Iterator[tuple[Timestamp, Timestamp]]:
    """Beginning and end of every pause that is not over at `since`, in order, without end."""
    zone = ZoneInfo(_ZONE)
    day = datetime.fromtimestamp(since // SECOND, UTC).astimezone(zone).date()
    while True:
        if day.weekday() == _THURSDAY:
            begin, end = (datetime.combine(day, hour, zone) for hour in (_BEGINS, _ENDS))
            if _timestamp(end) > since:
                yield _timestamp(begin), _timestamp(end)
        day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WeeklyPaused:
    """A flow on an exchange that pauses weekly, as long as the flow lasts."""

    flow: Flow

    @property
    def starts_at(self) -> Timestamp:
        """When the exchange's clock starts."""
        return self.flow.starts_at

    def actions(self) -> Iterator[TimedAction]:
        """The flow's actions with the pauses among them."""
        turns = _turns(self.starts_at)
        turn = next(turns)
        for timed in self.flow.actions():
            while turn.at <= timed.at:
                yield turn
                turn = next(turns)
            yield timed


def _turns(since: Timestamp) -> Iterator[TimedAction]:
    for begin, end in weekly_pauses(since):
        yield TimedAction(Timestamp(max(begin, since)), ChangeTrading(Trading.PAUSED))
        yield TimedAction(end, ChangeTrading(Trading.OPEN))


def _timestamp(at: datetime) -> Timestamp:
    return Timestamp(int(at.timestamp()) * SECOND)
