"""When the exchange does not trade, by its own announcement and New York's clock."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.units import SECOND, Timestamp
from edgelock.kalshi.exchange_schedule import ExchangeSchedule, Pause, Session, WeeklyHours, next_pause
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_schedule import read_exchange_schedule

HOUR = 3600 * SECOND
DAY = 24 * HOUR
WHOLE_DAY = (Session(0, 1440),)
THURSDAY = (Session(0, 180), Session(300, 1440))
FOREVER = (Timestamp(0), Timestamp(7_000_000_000 * SECOND))
WEEKLY = WeeklyHours(*FOREVER, days=(WHOLE_DAY,) * 3 + (THURSDAY,) + (WHOLE_DAY,) * 3)
USUAL = ExchangeSchedule((WEEKLY,), ())


def eastern(text):
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))
    return Timestamp(int(moment.timestamp()) * SECOND)


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        ("2026-11-22T12:00", "2026-11-26T03:00", "2026-11-26T05:00"),
        ("2026-11-26T02:59", "2026-11-26T03:00", "2026-11-26T05:00"),
        ("2026-11-26T03:00", "2026-11-26T03:00", "2026-11-26T05:00"),
        ("2026-11-26T04:59", "2026-11-26T03:00", "2026-11-26T05:00"),
        ("2026-11-26T05:00", "2026-12-03T03:00", "2026-12-03T05:00"),
    ],
)
def test_the_weekly_pause_is_on_thursday_night_in_new_york(now, start, end):
    assert next_pause(USUAL, eastern(now)) == Pause(eastern(start), eastern(end))


@pytest.mark.parametrize(
    ("before", "after", "hours"),
    [
        ("2026-10-29T03:00", "2026-11-05T03:00", 7 * 24 + 1),
        ("2027-03-11T03:00", "2027-03-18T03:00", 7 * 24 - 1),
        ("2026-11-12T03:00", "2026-11-19T03:00", 7 * 24),
    ],
)
def test_a_week_in_which_summer_time_ends_or_begins_is_an_hour_longer_or_shorter(before, after, hours):
    first = next_pause(USUAL, eastern(before))
    second = next_pause(USUAL, first.end)

    assert (first.start, second.start) == (eastern(before), eastern(after))
    assert second.start - first.start == hours * HOUR


def test_a_session_over_a_change_of_the_clock_lasts_as_long_as_the_clock_says():
    sunday_night = WeeklyHours(*FOREVER, days=((),) * 6 + ((Session(0, 240),),))

    for day, hours in (("2026-11-01", 5), ("2027-03-14", 3), ("2026-11-15", 4)):
        opens = eastern(f"{day}T00:00")
        pause = next_pause(ExchangeSchedule((sunday_night,), ()), opens)
        assert pause.start == opens + hours * HOUR


def test_an_exchange_that_never_closes_has_no_pause():
    around_the_clock = WeeklyHours(*FOREVER, days=(WHOLE_DAY,) * 7)

    assert next_pause(ExchangeSchedule((around_the_clock,), ()), eastern("2026-11-22T12:00")) is None


def test_a_session_may_end_on_the_next_day():
    nights = WeeklyHours(*FOREVER, days=((Session(8 * 60, 27 * 60),),) * 7)

    pause = next_pause(ExchangeSchedule((nights,), ()), eastern("2026-11-22T01:00"))

    assert pause == Pause(eastern("2026-11-22T03:00"), eastern("2026-11-22T08:00"))


def test_a_maintenance_window_is_a_pause_and_joins_what_it_touches():
    alone = Pause(eastern("2026-11-24T01:00"), eastern("2026-11-24T02:00"))
    touching = Pause(eastern("2026-11-26T05:00"), eastern("2026-11-26T06:30"))
    past = Pause(eastern("2026-11-01T01:00"), eastern("2026-11-01T02:00"))
    far = Pause(eastern("2027-06-01T01:00"), eastern("2027-06-01T02:00"))
    schedule = ExchangeSchedule((WEEKLY,), (touching, far, alone, past))

    first = next_pause(schedule, eastern("2026-11-22T12:00"))
    second = next_pause(schedule, first.end)

    assert first == alone
    assert second == Pause(eastern("2026-11-26T03:00"), eastern("2026-11-26T06:30"))


def test_what_no_hours_cover_is_not_called_a_pause():
    ended = WeeklyHours(Timestamp(0), eastern("2026-11-25T00:00"), WEEKLY.days)

    assert next_pause(ExchangeSchedule((ended,), ()), eastern("2026-11-22T12:00")) is None
    assert next_pause(ExchangeSchedule((), ()), eastern("2026-11-22T12:00")) is None


@given(st.integers(1_700_000_000, 1_900_000_000))
def test_a_pause_is_now_or_later_and_within_it_the_answer_stays_the_same(second):
    now = Timestamp(second * SECOND)

    pause = next_pause(USUAL, now)

    assert now < pause.end <= now + 7 * DAY + 3 * HOUR
    assert next_pause(USUAL, max(now, pause.start)) == pause
    assert next_pause(USUAL, Timestamp(pause.end - 1)) == pause
    assert (pause.end - pause.start) == 2 * HOUR


def body(**changes):
    around = [{"open_time": "00:00", "close_time": "00:00"}]
    days = dict.fromkeys(("monday", "tuesday", "wednesday", "friday", "saturday", "sunday"), around)
    split = [{"open_time": "00:00", "close_time": "03:00"}, {"open_time": "05:00", "close_time": "00:00"}]
    hours = {"start_time": "1970-01-01T00:00:00Z", "end_time": "2191-10-27T12:26:40Z", "thursday": split, **days}
    schedule = {"standard_hours": [{**hours, **changes}], "maintenance_windows": []}
    return json.dumps({"schedule": schedule}).encode()


def test_the_venues_own_schedule_is_the_usual_one():
    assert read_exchange_schedule(body()) == USUAL


def test_a_day_that_is_null_has_no_session_and_a_list_that_is_null_is_empty():
    (hours,) = read_exchange_schedule(body(monday=None)).standard_hours

    assert hours.days[0] == ()
    assert read_exchange_schedule(
        b'{"schedule":{"standard_hours":null,"maintenance_windows":null}}'
    ) == ExchangeSchedule((), ())


@pytest.mark.parametrize("time", ["24:01", "7:00", "07:60", "0700", "", "25:00", "07:00:00"])
def test_a_time_of_day_that_is_none_is_an_error(time):
    with pytest.raises(WireError, match="open_time"):
        read_exchange_schedule(body(friday=[{"open_time": time, "close_time": "00:00"}]))


def test_a_window_that_ends_before_it_begins_is_an_error():
    window = {"start_datetime": "2026-12-01T10:00:00Z", "end_datetime": "2026-12-01T10:00:00Z"}

    with pytest.raises(WireError, match="ends before"):
        read_exchange_schedule(
            json.dumps({"schedule": {"standard_hours": [], "maintenance_windows": [window]}}).encode()
        )
