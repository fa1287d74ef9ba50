"""Thursdays, three to five in New York, winter and summer."""

from datetime import UTC, datetime
from itertools import islice

import pytest

from edgelock.core.units import SECOND, Timestamp
from edgelock.exchange.flow import ChangeTrading, SetLevel, TimedAction, Trading
from edgelock.exchange.weekly_pause import WeeklyPaused, weekly_pauses
from tests.exchange.engine_builders import BID, TICKER, ListedFlow, cents, contracts


def utc(text: str) -> Timestamp:
    return Timestamp(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND)


@pytest.mark.parametrize(
    ("since", "begins", "ends"),
    [
        ("2026-11-22T12:00", "2026-11-26T08:00", "2026-11-26T10:00"),
        ("2026-07-01T12:00", "2026-07-02T07:00", "2026-07-02T09:00"),
        ("2026-11-26T09:00", "2026-11-26T08:00", "2026-11-26T10:00"),
        ("2026-11-26T10:00", "2026-12-03T08:00", "2026-12-03T10:00"),
    ],
)
def test_the_next_pause_is_thursday_morning_in_new_york(since: str, begins: str, ends: str) -> None:
    assert next(weekly_pauses(utc(since))) == (utc(begins), utc(ends))


def test_pauses_come_every_week_also_when_the_clocks_change() -> None:
    starts = [begin for begin, _ in islice(weekly_pauses(utc("2026-10-20T00:00")), 4)]
    assert starts == [utc(f"2026-{day}") for day in ("10-22T07:00", "10-29T07:00", "11-05T08:00", "11-12T08:00")]


def quote(at: str) -> TimedAction:
    return TimedAction(utc(at), SetLevel(TICKER, BID, cents(40), contracts(1)))


def test_a_flow_gets_the_pauses_in_their_place_and_ends_with_its_own_last_action() -> None:
    timed = (quote("2026-11-26T07:59"), quote("2026-11-26T08:30"), quote("2026-11-26T11:00"))
    flow = WeeklyPaused(ListedFlow(timed, utc("2026-11-26T07:00")))
    found = [(each.at, getattr(each.action, "trading", None)) for each in flow.actions()]
    assert found == [
        (utc("2026-11-26T07:59"), None),
        (utc("2026-11-26T08:00"), Trading.PAUSED),
        (utc("2026-11-26T08:30"), None),
        (utc("2026-11-26T10:00"), Trading.OPEN),
        (utc("2026-11-26T11:00"), None),
    ]


def test_a_flow_that_starts_within_a_pause_starts_paused() -> None:
    start = utc("2026-11-26T09:00")
    first = next(iter(WeeklyPaused(ListedFlow((quote("2026-11-26T09:00"),), start)).actions()))
    assert first == TimedAction(start, ChangeTrading(Trading.PAUSED))
