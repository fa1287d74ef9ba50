"""Tests of the generated games' tickers, dates and listings."""

import random
from datetime import UTC, datetime

import pytest

from edgelock.core.units import SECOND, Size, Timestamp
from edgelock.exchange.scenario_teams import CFB, NFL, NHL, Series, draw_pairings, eastern_date_text, list_game


@pytest.mark.parametrize(
    ("utc", "date"),
    [
        ("2026-11-23T04:59:00", "26NOV22"),
        ("2026-11-23T05:00:00", "26NOV23"),
        ("2026-07-04T03:59:00", "26JUL03"),
        ("2026-07-04T04:00:00", "26JUL04"),
        ("2026-11-01T05:59:00", "26NOV01"),
        ("2026-11-02T04:59:00", "26NOV01"),
        ("2026-03-08T04:59:00", "26MAR07"),
        ("2026-03-09T04:00:00", "26MAR09"),
    ],
)
def test_a_games_date_is_that_of_us_eastern_time_in_winter_and_in_summer(utc: str, date: str) -> None:
    assert eastern_date_text(datetime.fromisoformat(utc).replace(tzinfo=UTC)) == date


@pytest.mark.parametrize("series", [NHL, NFL, CFB])
def test_a_game_is_two_markets_named_as_the_venue_names_them(series: Series) -> None:
    faces_off_at = Timestamp(int(datetime(2026, 11, 23, 0, 30, tzinfo=UTC).timestamp()) * SECOND)
    volumes = (Size(200), Size(100))
    away, home = list_game(series, (0, 1), faces_off_at=faces_off_at, volumes_24h=volumes)
    (away_code, away_name), (home_code, _) = series.teams[:2]
    assert away.event_ticker == f"{series.ticker}-26NOV22{away_code}{home_code}" == home.event_ticker
    assert (away.ticker, home.ticker) == (f"{away.event_ticker}-{away_code}", f"{home.event_ticker}-{home_code}")
    assert (away.title, away.yes_sub_title) == (f"{away_name} wins", away_name)
    assert away.open_time < faces_off_at < away.expected_expiration_time < away.close_time
    assert (away.initial_volume_24h, home.initial_volume_24h) == volumes


def test_no_team_plays_twice_in_one_evening() -> None:
    pairings = draw_pairings(NHL, 4, random.Random("pairings"))
    assert len({team for pairing in pairings for team in pairing}) == 8
