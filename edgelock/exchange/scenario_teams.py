"""Pairings of the generated games: series, tickers in the venue's form, and how a game's two markets are listed.

Source: venue reference §11.1 and §11.2. The pairings are fictitious, the team codes are the venue's own. A game's
date is that of US Eastern time, computed from the rule in force since 2007 (from the second Sunday of March to the
first Sunday of November clocks are four hours behind UTC, else five), since a machine may lack the time-zone files.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from edgelock.core.units import SECOND, Size, Timestamp
from edgelock.exchange.flow import MarketListing

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
EASTERN_CHANGES_AT_UTC_HOUR = {"spring": 7, "autumn": 6}
GAME_LASTS = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Series:
    """A series of game markets. Open before and closed after the game at the latest, as the venue lists them."""

    ticker: str
    opens_before: timedelta
    closes_after: timedelta
    settlement_timer_s: int
    teams: tuple[tuple[str, str], ...]


NHL = Series(
    "KXNHLGAME",
    timedelta(days=6),
    timedelta(days=3),
    60,
    (
        ("VGK", "Vegas"),
        ("MIN", "Minnesota"),
        ("SJ", "San Jose"),
        ("FLA", "Florida"),
        ("BOS", "Boston"),
        ("TOR", "Toronto"),
        ("COL", "Colorado"),
        ("DAL", "Dallas"),
        ("EDM", "Edmonton"),
        ("CGY", "Calgary"),
        ("NYR", "New York R"),
        ("NJ", "New Jersey"),
    ),
)
NFL = Series(
    "KXNFLGAME",
    timedelta(days=16),
    timedelta(days=14),
    120,
    (
        ("CAR", "Carolina"),
        ("CLE", "Cleveland"),
        ("KC", "Kansas City"),
        ("BUF", "Buffalo"),
        ("GB", "Green Bay"),
        ("DET", "Detroit"),
    ),
)
CFB = Series(
    "KXNCAAFGAME",
    timedelta(days=16),
    timedelta(days=14),
    120,
    (
        ("SYR", "Syracuse"),
        ("PITT", "Pittsburgh"),
        ("ALA", "Alabama"),
        ("MIZ", "Missouri"),
        ("M-OH", "Miami (OH)"),
        ("MISS", "Ole Miss"),
    ),
)


def draw_pairings(series: Series, games: int, chance: random.Random) -> list[tuple[int, int]]:
    """Away and home team of each game as indices into the series' teams; no team plays twice."""
    drawn = chance.sample(range(len(series.teams)), 2 * games)
    return list(zip(drawn[::2], drawn[1::2], strict=True))


def list_game(
    series: Series,
    pairing: tuple[int, int],
    *,
    faces_off_at: Timestamp,
    volumes_24h: tuple[Size, Size],
) -> tuple[MarketListing, MarketListing]:
    """The two markets of a game, away team first: YES pays when that team wins."""
    (away_code, away_name), (home_code, home_name) = (series.teams[index] for index in pairing)
    starts = datetime.fromtimestamp(faces_off_at // SECOND, UTC)
    event_ticker = f"{series.ticker}-{eastern_date_text(starts)}{away_code}{home_code}"
    closes = datetime.combine((starts + series.closes_after).date(), datetime.min.time(), UTC)
    away, home = (
        MarketListing(
            ticker=f"{event_ticker}-{code}",
            event_ticker=event_ticker,
            series_ticker=series.ticker,
            title=f"{name} wins",
            yes_sub_title=name,
            open_time=_timestamp(starts - series.opens_before),
            close_time=_timestamp(closes),
            expected_expiration_time=_timestamp(starts + GAME_LASTS),
            initial_volume_24h=volume,
            settlement_timer_s=series.settlement_timer_s,
        )
        for (code, name), volume in zip(((away_code, away_name), (home_code, home_name)), volumes_24h, strict=True)
    )
    return away, home


def eastern_date_text(moment: datetime) -> str:
    """The date in US Eastern time as tickers write it, such as "26NOV22"."""
    spring = datetime.combine(_nth_sunday(moment.year, 3, 2), datetime.min.time(), UTC)
    autumn = datetime.combine(_nth_sunday(moment.year, 11, 1), datetime.min.time(), UTC)
    is_summer_time = (
        spring + timedelta(hours=EASTERN_CHANGES_AT_UTC_HOUR["spring"])
        <= moment
        < autumn + timedelta(hours=EASTERN_CHANGES_AT_UTC_HOUR["autumn"])
    )
    local = moment - timedelta(hours=4 if is_summer_time else 5)
    return f"{local.year % 100:02d}{MONTHS[local.month - 1]}{local.day:02d}"


def _nth_sunday(year: int, month: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))


def _timestamp(moment: datetime) -> Timestamp:
    return Timestamp(int(moment.timestamp()) * SECOND)
