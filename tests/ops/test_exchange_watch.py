"""Entries stop before an announced pause and during any, on the right shard, also across the change of summer time."""

import threading
from datetime import UTC, datetime

import pytest

from edgelock.core.exchange_standing import ShardStanding, Standing
from edgelock.core.units import MINUTE, SECOND, Timestamp
from edgelock.kalshi.exchange_schedule import ExchangeSchedule, Pause, Session, WeeklyHours
from edgelock.kalshi.rest_call import VenueUnreachable
from edgelock.kalshi.wire_market import ExchangeStatus, ShardStatus
from edgelock.ops.exchange_watch import ENTRIES_STOP_BEFORE, ExchangeWatch, standings
from tests.actors.runtime_doubles import PATIENCE_S
from tests.actors.trading_doubles import HandClock
from tests.core.builders import NOON, after

DAY = (Session(0, 1440),)
THURSDAY = (Session(0, 180), Session(300, 1440))
AROUND_THE_CLOCK_BUT_THURSDAY = ExchangeSchedule(
    (WeeklyHours(Timestamp(0), Timestamp(4_102_444_800 * SECOND), (DAY, DAY, DAY, THURSDAY, DAY, DAY, DAY)),), ()
)
ALWAYS = ExchangeSchedule((), ())
RUNS = ExchangeStatus(True, True)
TRADING_PAUSED = ExchangeStatus(True, False)
EXCHANGE_PAUSED = ExchangeStatus(False, False)


def utc(text: str) -> Timestamp:
    return Timestamp(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND)


def whole(status, schedule=ALWAYS, now=NOON) -> ShardStanding:
    return standings(status, schedule, now)[0]


# --- what is concluded ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        (RUNS, Standing.OPEN),
        (TRADING_PAUSED, Standing.TRADING_PAUSED),
        (EXCHANGE_PAUSED, Standing.EXCHANGE_PAUSED),
        (ExchangeStatus(False, True), Standing.EXCHANGE_PAUSED),
        (None, Standing.UNKNOWN),
    ],
)
def test_without_a_schedule_the_venues_status_decides(status, standing):
    assert whole(status) == ShardStanding(standing=standing)


@pytest.mark.parametrize(
    ("thursday", "gap_starts", "gap_ends"),
    [
        ("before summer time ends", "2026-10-29T07:00", "2026-10-29T09:00"),
        ("after summer time ended on 2026-11-01", "2026-11-05T08:00", "2026-11-05T10:00"),
        ("before summer time begins", "2027-03-11T08:00", "2027-03-11T10:00"),
        ("after summer time began on 2027-03-14", "2027-03-18T07:00", "2027-03-18T09:00"),
    ],
)
def test_entries_stop_a_quarter_of_an_hour_before_thursdays_pause_and_return_at_its_end(thursday, gap_starts, gap_ends):
    starts, ends = utc(gap_starts), utc(gap_ends)

    def standing_at(now: int) -> ShardStanding:
        return whole(RUNS, AROUND_THE_CLOCK_BUT_THURSDAY, Timestamp(now))

    soon = ShardStanding(standing=Standing.PAUSING_SOON, is_scheduled=True, until=ends)
    assert standing_at(starts - ENTRIES_STOP_BEFORE - 1) == ShardStanding(), thursday
    assert standing_at(starts - ENTRIES_STOP_BEFORE) == soon
    assert standing_at(starts) == soon, "the venue may trade on a little; nobody enters on that"
    assert standing_at(ends - 1) == soon
    assert standing_at(ends) == ShardStanding()


def test_a_pause_inside_its_announced_time_is_scheduled_and_says_when_it_ends():
    schedule = ExchangeSchedule((), (Pause(after(-60), after(600)),))

    assert whole(TRADING_PAUSED, schedule) == ShardStanding(
        standing=Standing.TRADING_PAUSED, is_scheduled=True, until=after(600)
    )


@pytest.mark.parametrize("now", [after(-600), after(600)], ids=["before", "overrunning"])
def test_a_pause_outside_its_announced_time_is_an_incident_and_ends_when_the_venue_says(now):
    schedule = ExchangeSchedule((), (Pause(after(-60), after(600)),))
    status = ExchangeStatus(True, False, resumes_at=after(900))

    assert whole(status, schedule, now) == ShardStanding(standing=Standing.TRADING_PAUSED, until=after(900))


def test_a_status_that_cannot_be_read_during_maintenance_is_maintenance():
    schedule = ExchangeSchedule((), (Pause(after(-60), after(600)),))

    assert whole(None, schedule).reason == "maintenance"


def test_each_shard_stands_for_itself_and_the_schedule_is_for_all():
    status = ExchangeStatus(True, True, None, (ShardStatus(0, True, True), ShardStatus(3, True, False)))
    soon = ExchangeSchedule((), (Pause(after(60), after(600)),))

    assert [s.standing for s in standings(status, ALWAYS, NOON).values()] == [Standing.OPEN, Standing.TRADING_PAUSED]
    assert [s.standing for s in standings(status, soon, NOON).values()] == [
        Standing.PAUSING_SOON,
        Standing.TRADING_PAUSED,
    ]


# --- looking ----------------------------------------------------------------------------------------------------


class ToldVenue:
    """Answers what the test put there; an exception is raised."""

    def __init__(self) -> None:
        self.status: ExchangeStatus | Exception = RUNS
        self.schedule: ExchangeSchedule | Exception = ALWAYS
        self.asked: list[str] = []

    def exchange_status(self) -> ExchangeStatus:
        return self._answer("status", self.status)

    def exchange_schedule(self) -> ExchangeSchedule:
        return self._answer("schedule", self.schedule)

    def _answer(self, what, answer):
        self.asked.append(what)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Watched:
    """A watch without its thread, and everything it said."""

    def __init__(self) -> None:
        self.venue, self.clock = ToldVenue(), HandClock()
        self.told: list[Standing] = []
        self.said: list[str] = []
        self.watch = ExchangeWatch(
            self.venue,
            clock=self.clock,
            tell=lambda shards: self.told.append(shards[0].standing),
            say=self.said.append,
        )

    def look(self, *, seconds_later=0) -> Standing:
        self.clock.timer.advance(seconds_later * SECOND)
        self.watch.look()
        return self.told[-1]


def test_every_look_is_told_news_or_not():
    watched = Watched()

    watched.look()
    watched.look()

    assert watched.told == [Standing.OPEN, Standing.OPEN]


def test_the_schedule_is_read_at_the_start_and_once_a_day_and_sooner_after_a_failure():
    watched = Watched()
    watched.venue.schedule = VenueUnreachable("away")
    watched.look()
    watched.look(seconds_later=59)
    watched.venue.schedule = ExchangeSchedule((), (Pause(after(120), after(600)),))

    standing = watched.look(seconds_later=1)
    for _ in range(23):
        watched.look(seconds_later=3600)

    assert standing is Standing.PAUSING_SOON
    assert watched.venue.asked.count("schedule") == 2
    watched.look(seconds_later=3600)
    assert watched.venue.asked.count("schedule") == 3


def test_an_unread_status_holds_for_a_minute_and_then_nobody_enters_until_it_is_read_again():
    watched = Watched()
    watched.look()
    watched.venue.status = VenueUnreachable("no answer")

    held = watched.look(seconds_later=60)
    lost = watched.look(seconds_later=1)
    watched.venue.status = RUNS

    assert (held, lost, watched.look()) == (Standing.OPEN, Standing.UNKNOWN, Standing.OPEN)


def test_an_outage_is_said_once_and_its_end_once():
    watched = Watched()
    watched.venue.status = VenueUnreachable("no answer")
    for _ in range(5):
        watched.look(seconds_later=5)
    watched.venue.status = RUNS
    watched.look()
    watched.look()

    assert watched.said == [
        "the venue's status could not be read: no answer",
        "the venue's status can be read again",
    ]


def test_the_schedule_still_holds_while_the_status_cannot_be_read():
    watched = Watched()
    watched.venue.schedule = ExchangeSchedule((), (Pause(after(3600), after(7200)),))
    watched.look()
    watched.venue.status = VenueUnreachable("no answer")
    watched.look(seconds_later=3600 - ENTRIES_STOP_BEFORE // SECOND)
    watched.venue.status = RUNS

    assert watched.look() is Standing.PAUSING_SOON
    assert ENTRIES_STOP_BEFORE == 15 * MINUTE


def test_it_goes_on_looking_until_it_is_stopped():
    looks = threading.Semaphore(0)
    watch = ExchangeWatch(
        ToldVenue(), clock=HandClock(), tell=lambda _: looks.release(), say=lambda _: None, look_s=0.001
    )
    watch.start()

    for _ in range(3):
        assert looks.acquire(timeout=PATIENCE_S)
    watch.stop()

    assert not watch._thread.is_alive()
