"""When the exchange trades, as it announces it: weekly hours in New York time, and single maintenance windows.

The venue writes hours of the day there, so a week holds an hour more or less where summer time begins or ends.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from edgelock.core.units import SECOND, Timestamp

MINUTES_A_DAY = 1440
LOOK_AHEAD_DAYS = 8
"""A whole week and the day that is under way."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Session:
    """Trading on one day, in minutes from its midnight; `close_minute` is beyond 1440 when it ends on the next."""

    open_minute: int
    close_minute: int


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Sessions of Monday to Sunday, New York time; from `start` on, before `end`."""

    start: Timestamp
    end: Timestamp
    days: tuple[tuple[Session, ...], ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """No trading from `start` on, before `end`."""

    start: Timestamp
    end: Timestamp


@dataclass(frozen=True, slots=True)
class ExchangeSchedule:
    """What the venue announces. A time that no weekly hours cover is not called a pause."""

    standard_hours: tuple[WeeklyHours, ...]
    maintenance: tuple[Pause, ...]


def next_pause(schedule: ExchangeSchedule, now: Timestamp) -> Pause | None:
    """The pause that is on at `now`, else the next one within eight days; None when there is none.

    Pauses that touch are one. One that reaches further than the look ahead ends, here, where that ends.
    """
    days = _days_around(now)
    closed = [pause for hours in schedule.standard_hours for pause in _closed(hours, days)]
    end = _instant(days[-1], MINUTES_A_DAY)
    announced = [pause for pause in schedule.maintenance if pause.start < end]
    return next((pause for pause in _merged([*closed, *announced]) if pause.end > now), None)


def _days_around(now: Timestamp) -> list[date]:
    today = (_EPOCH + timedelta(seconds=now // SECOND)).astimezone(_new_york()).date()
    return [today + timedelta(days=ahead) for ahead in range(-1, LOOK_AHEAD_DAYS + 1)]


def _closed(hours: WeeklyHours, days: list[date]) -> Iterator[Pause]:
    """What lies between the sessions of these days, as far as the hours hold."""
    start = max(hours.start, _instant(days[0], 0))
    end = min(hours.end, _instant(days[-1], MINUTES_A_DAY))
    before = days[0] - timedelta(days=1)
    sessions = sorted(
        (_instant(day, session.open_minute), _instant(day, session.close_minute))
        for day in [before, *days]
        for session in hours.days[day.weekday()]
    )
    for opens, closes in sessions:
        if start < min(opens, end):
            yield Pause(start, min(opens, end))
        start = max(start, closes)
    if start < end:
        yield Pause(start, end)


def _merged(pauses: Iterable[Pause]) -> Iterator[Pause]:
    last: Pause | None = None
    for pause in sorted(pauses, key=lambda found: (found.start, found.end)):
        if last is not None and pause.start <= last.end:
            last = Pause(last.start, max(last.end, pause.end))
            continue
        if last is not None:
            yield last
        last = pause
    if last is not None:
        yield last


def _instant(day: date, minute: int) -> Timestamp:
    whole_days, of_day = divmod(minute, MINUTES_A_DAY)
    local = datetime(day.year, day.month, day.day, tzinfo=_new_york()) + timedelta(days=whole_days, minutes=of_day)
    return Timestamp((local - _EPOCH) // timedelta(seconds=1) * SECOND)


@cache
def _new_york() -> ZoneInfo:
    return ZoneInfo("America/New_York")
