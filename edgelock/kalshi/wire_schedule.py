"""The exchange's schedule as a value. Source: venue reference §4.2 (read 2026-11-22)."""

import re

import msgspec

from edgelock.kalshi.exchange_schedule import MINUTES_A_DAY, ExchangeSchedule, Pause, Session, WeeklyHours
from edgelock.kalshi.wire import WireError, decode, time_field

_ENDPOINT = "GET /exchange/schedule"
_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)", re.ASCII)


class _Session(msgspec.Struct):
    open_time: str
    close_time: str


class _WeeklyHours(msgspec.Struct):
    start_time: str
    end_time: str
    monday: list[_Session] | None
    tuesday: list[_Session] | None
    wednesday: list[_Session] | None
    thursday: list[_Session] | None
    friday: list[_Session] | None
    saturday: list[_Session] | None
    sunday: list[_Session] | None


class _MaintenanceWindow(msgspec.Struct):
    start_datetime: str
    end_datetime: str


class _Schedule(msgspec.Struct):
    standard_hours: list[_WeeklyHours] | None
    maintenance_windows: list[_MaintenanceWindow] | None


class _ScheduleBody(msgspec.Struct):
    schedule: _Schedule


def read_exchange_schedule(body: bytes) -> ExchangeSchedule:
    """GET /exchange/schedule. The venue writes an empty list as null here. Raises WireError."""
    found = decode(body, _ScheduleBody, endpoint=_ENDPOINT).schedule
    return ExchangeSchedule(
        tuple(_weekly_hours(hours) for hours in found.standard_hours or ()),
        tuple(_window(window) for window in found.maintenance_windows or ()),
    )


def _weekly_hours(hours: _WeeklyHours) -> WeeklyHours:
    days = (
        hours.monday,
        hours.tuesday,
        hours.wednesday,
        hours.thursday,
        hours.friday,
        hours.saturday,
        hours.sunday,
    )
    return WeeklyHours(
        start=time_field(hours.start_time, "start_time", _ENDPOINT),
        end=time_field(hours.end_time, "end_time", _ENDPOINT),
        days=tuple(tuple(_session(session) for session in day or ()) for day in days),
    )


def _session(session: _Session) -> Session:
    opens = _minute(session.open_time, "open_time")
    closes = _minute(session.close_time, "close_time")
    # "00:00" to "00:00" is a whole day, and an earlier close than open is one of the next day.
    return Session(opens, closes if closes > opens else closes + MINUTES_A_DAY)


def _minute(text: str, field: str) -> int:
    match = _CLOCK.fullmatch(text)
    minute = -1 if match is None else int(match.group(1)) * 60 + int(match.group(2))
    if not 0 <= minute <= MINUTES_A_DAY:
        raise WireError(f"{_ENDPOINT}: {field} is {text!r}, not a time of day")
    return minute


def _window(window: _MaintenanceWindow) -> Pause:
    start = time_field(window.start_datetime, "start_datetime", _ENDPOINT)
    end = time_field(window.end_datetime, "end_datetime", _ENDPOINT)
    if end <= start:
        raise WireError(f"{_ENDPOINT}: a maintenance window ends before it begins")
    return Pause(start, end)
