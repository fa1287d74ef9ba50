"""The generated scenarios by name: which games are played, in which temper, from where they are joined.

Every draw comes from `random.Random` seeded with text (scenario, seed, game), so that a seed gives the same stream
on every machine and in every process. `docs/scenarios.md` says what each scenario is for.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from edgelock.core.units import CONTRACT, MINUTE, Size, Timestamp
from edgelock.exchange.flow import ChangeTrading, MarketListing, TimedAction, Trading
from edgelock.exchange.scenario_course import Course
from edgelock.exchange.scenario_eventful import called_off, closed_early, paused, refined
from edgelock.exchange.scenario_game import COLLEGE_FOOTBALL, HOCKEY, PRO_FOOTBALL, Sport, draw_script
from edgelock.exchange.scenario_game_course import GameCourse, Spell, Temper
from edgelock.exchange.scenario_jumpy import JumpyCourse
from edgelock.exchange.scenario_teams import CFB, NFL, NHL, Series, draw_pairings, list_game
from edgelock.exchange.scenario_trading import Depth, GameTraders

EVENING_LASTS = 210 * MINUTE
WHOLE_GAME_LASTS = 300 * MINUTE
EVENTFUL_LASTS = 155 * MINUTE

THIN, THICK = Depth(50, 200), Depth(80, 400)
LIVELY = Temper(
    takes_before=0.5,
    takes_in_play=1.2,
    quotes_before=0.4,
    quotes_in_play=0.8,
    resizes=0.15,
    half_spread=0.0085,
    score_spread=0.03,
    score_takes=40.0,
    score_quotes=8.0,
    sentiment_sd=0.045,
    sentiment_returns_s=160.0,
)
STEADY = replace(LIVELY, takes_before=0.25, takes_in_play=0.6, quotes_in_play=0.5, sentiment_sd=0.03)
QUIET = replace(LIVELY, takes_before=0.04, quotes_before=0.1, resizes=0.1, half_spread=0.008, sentiment_sd=0.008)


@dataclass(frozen=True, slots=True)
class Game:
    """A game of a scenario: what is listed, and how its traders are made. Listed at the start unless it says when."""

    name: str
    listings: tuple[MarketListing, MarketListing]
    course: Callable[[random.Random], Course]
    depth: Depth
    ends_at: Timestamp
    listed_at: Timestamp | None = None


class ScenarioFlow:
    """The games of one scenario merged by time. Memory does not grow with its length.

    of_the_venue  what the exchange as a whole does, in order of time
    """

    def __init__(
        self,
        name: str,
        seed: int,
        starts_at: Timestamp,
        games: tuple[Game, ...],
        of_the_venue: tuple[TimedAction, ...] = (),
        *,
        rate: float = 1.0,
    ) -> None:
        self._seed_text = f"{name}/{seed}"
        self._rate = rate
        self._starts_at = starts_at
        self._games = games
        self._of_the_venue = of_the_venue

    @property
    def starts_at(self) -> Timestamp:
        """The instant at which the exchange's clock starts."""
        return self._starts_at

    @property
    def listings(self) -> tuple[MarketListing, ...]:
        """Every market that the scenario lists, most of them at its start."""
        return tuple(listing for game in self._games for listing in game.listings)

    def actions(self) -> Iterator[TimedAction]:
        """All actions in order of time; actions of one instant keep the order of the games, the venue's own last."""
        games = (self._game_actions(game) for game in self._games)
        return heapq.merge(*games, self._of_the_venue, key=lambda timed: timed.at)

    def _game_actions(self, game: Game) -> Iterator[TimedAction]:
        chance = random.Random(f"{self._seed_text}/{game.name}")
        traders = GameTraders(
            game.course(chance),
            game.listings,
            game.depth,
            chance,
            starts_at=game.listed_at or self._starts_at,
            ends_at=game.ends_at,
            rate=self._rate,
        )
        return traders.actions()


def scenario_flow(name: str, *, seed: int, starts_at: Timestamp, rate: float = 1.0) -> ScenarioFlow:
    """The scenario of this name, its traders `rate` times as busy. Raises ValueError with the allowed names for others.

    Scores, the course of the prices and what the venue does keep their times at any rate.
    """
    make = SCENARIOS.get(name)
    if make is None:
        raise ValueError(f"no scenario {name!r}; choose one of {', '.join(SCENARIO_NAMES)}")
    of_the_venue = OF_THE_VENUE.get(name, _nothing)
    return ScenarioFlow(
        name,
        seed,
        starts_at,
        make(random.Random(f"{name}/{seed}"), starts_at),
        of_the_venue(random.Random(f"{name}/{seed}/venue"), starts_at),
        rate=rate,
    )


def _whole_game(series: Series, sport: Sport, away_wins: float) -> Callable[..., tuple[Game, ...]]:
    """One game from a quarter of an hour before its start to settlement."""

    def make(chance: random.Random, starts_at: Timestamp) -> tuple[Game, ...]:
        begins_at = Timestamp(starts_at + 15 * MINUTE)

        def course(chance: random.Random) -> Course:
            script = draw_script(sport, chance, away_wins=_near(away_wins, chance), begins_at=begins_at)
            return GameCourse(script, LIVELY, chance)

        pairing = draw_pairings(series, 1, chance)[0]
        ends_at = Timestamp(starts_at + WHOLE_GAME_LASTS)
        return (_game("game", series, pairing, begins_at, course, THICK, volume=180_000, ends_at=ends_at),)

    return make


def _quiet_game(chance: random.Random, starts_at: Timestamp) -> tuple[Game, ...]:
    pairing = draw_pairings(NHL, 1, chance)[0]
    return (_quiet(pairing, starts_at),)


def _jumpy_game(chance: random.Random, starts_at: Timestamp) -> tuple[Game, ...]:
    pairing = draw_pairings(NHL, 1, chance)[0]
    return (_jumpy(pairing, starts_at, final_at=Timestamp(starts_at + 195 * MINUTE)),)


def _evening(chance: random.Random, starts_at: Timestamp) -> tuple[Game, ...]:
    """Four NHL games, one of them in its last period, and a professional and a college football game."""
    late, lively, jumpy, quiet = draw_pairings(NHL, 4, chance)
    nfl, cfb = draw_pairings(NFL, 1, chance)[0], draw_pairings(CFB, 1, chance)[0]
    bidless = _draw_spell(chance, starts_at, after_minutes=(12, 32), lasting_minutes=(14, 33))
    pause = _draw_spell(chance, starts_at, after_minutes=(75, 115), lasting_minutes=(3, 7))

    ends_at = Timestamp(starts_at + EVENING_LASTS)

    def third_period(chance: random.Random) -> Course:
        script = draw_script(HOCKEY, chance, away_wins=_near(0.30, chance), begins_at=starts_at, from_game_s=2_520)
        return GameCourse(script, LIVELY, chance)

    def first_period(chance: random.Random) -> Course:
        script = draw_script(HOCKEY, chance, away_wins=_near(0.34, chance), begins_at=starts_at, from_game_s=480)
        return GameCourse(script, LIVELY, chance, bidless=bidless, pause=pause)

    def second_quarter(chance: random.Random) -> Course:
        script = draw_script(PRO_FOOTBALL, chance, away_wins=_near(0.36, chance), begins_at=starts_at, from_game_s=900)
        return GameCourse(script, STEADY, chance)

    def first_quarter(chance: random.Random) -> Course:
        script = draw_script(
            COLLEGE_FOOTBALL, chance, away_wins=_near(0.33, chance), begins_at=starts_at, from_game_s=300
        )
        return GameCourse(script, STEADY, chance)

    def began(minutes_ago: int) -> Timestamp:
        return Timestamp(starts_at - minutes_ago * MINUTE)

    return (
        _game("late", NHL, late, began(115), third_period, THIN, volume=240_000, ends_at=ends_at),
        _game("lively", NHL, lively, began(15), first_period, THIN, volume=210_000, ends_at=ends_at),
        _jumpy(jumpy, starts_at, final_at=Timestamp(starts_at + 165 * MINUTE)),
        _quiet(quiet, starts_at),
        _game("nfl", NFL, nfl, began(45), second_quarter, THICK, volume=900_000, ends_at=ends_at),
        _game("cfb", CFB, cfb, began(15), first_quarter, THICK, volume=400_000, ends_at=ends_at),
    )


def _eventful(chance: random.Random, starts_at: Timestamp) -> tuple[Game, ...]:
    """Four NHL games, and a fifth later, to which the venue does within two hours what it can do to markets."""
    late, off, fine, jumpy, later = draw_pairings(NHL, 5, chance)
    pauses = (
        _draw_spell(chance, starts_at, after_minutes=(14, 22), lasting_minutes=(3, 6)),
        _draw_spell(chance, starts_at, after_minutes=(45, 52), lasting_minutes=(1, 2)),
    )
    off_at = _drawn(chance, starts_at, 62, 74)
    tapered_at, fine_at = _drawn(chance, starts_at, 10, 18), _drawn(chance, starts_at, 48, 58)
    moved_at = _drawn(chance, starts_at, 86, 92)
    away_won = chance.random() < 0.5
    ends_at = Timestamp(starts_at + EVENTFUL_LASTS)
    later_at = Timestamp(starts_at + 40 * MINUTE)

    def joined(away_wins: float, at: Timestamp, from_game_s: int) -> Callable[[random.Random], GameCourse]:
        def course(chance: random.Random) -> GameCourse:
            script = draw_script(
                HOCKEY, chance, away_wins=_near(away_wins, chance), begins_at=at, from_game_s=from_game_s
            )
            return GameCourse(script, LIVELY, chance)

        return course

    third, first, second, opening = (
        joined(0.30, starts_at, 2_700),
        joined(0.40, starts_at, 300),
        joined(0.36, starts_at, 600),
        joined(0.38, later_at, 0),
    )

    def abandoned(chance: random.Random) -> Course:
        return called_off(paused(first(chance), *pauses), at=off_at)

    def finer(chance: random.Random) -> Course:
        course = refined(second(chance), tapered_at=tapered_at, fine_at=fine_at)
        closes_at = Timestamp(moved_at + 10 * MINUTE)
        return closed_early(course, announced_at=moved_at, closes_at=closes_at, away_won=away_won)

    def began(minutes_ago: int) -> Timestamp:
        return Timestamp(starts_at - minutes_ago * MINUTE)

    return (
        _game("late", NHL, late, began(120), third, THIN, volume=240_000, ends_at=ends_at),
        _game("called off", NHL, off, began(10), abandoned, THIN, volume=210_000, ends_at=ends_at),
        _game("finer", NHL, fine, began(15), finer, THIN, volume=180_000, ends_at=ends_at),
        _jumpy(jumpy, starts_at, final_at=Timestamp(starts_at + 100 * MINUTE), ends_at=ends_at),
        replace(
            _game("later", NHL, later, later_at, opening, THIN, volume=30_000, ends_at=ends_at), listed_at=later_at
        ),
    )


def _busy(chance: random.Random, starts_at: Timestamp) -> tuple[Game, ...]:
    """Four NHL, two NFL and two college games at the same time, all in play from the start, close to even."""
    pairings = {series: draw_pairings(series, games, chance) for series, games in ((NHL, 4), (NFL, 2), (CFB, 2))}
    sports = {NHL: HOCKEY, NFL: PRO_FOOTBALL, CFB: COLLEGE_FOOTBALL}
    ends_at = Timestamp(starts_at + EVENING_LASTS)
    began = Timestamp(starts_at - 5 * MINUTE)

    def in_play(sport: Sport, away_wins: float) -> Callable[[random.Random], Course]:
        def course(chance: random.Random) -> Course:
            script = draw_script(
                sport, chance, away_wins=_near(away_wins, chance), begins_at=starts_at, from_game_s=120
            )
            return GameCourse(script, LIVELY, chance)

        return course

    return tuple(
        _game(
            f"{series.ticker} {number}", series, pairing, began, in_play(sports[series], 0.44 + 0.04 * number), THICK,
            volume=300_000, ends_at=ends_at,
        )
        for series, drawn in pairings.items()
        for number, pairing in enumerate(drawn)
    )  # fmt: skip


def _venue_pauses(chance: random.Random, starts_at: Timestamp) -> tuple[TimedAction, ...]:
    """Trading on the whole exchange pauses for some minutes."""
    pause = _draw_spell(chance, starts_at, after_minutes=(28, 34), lasting_minutes=(3, 5))
    return (
        TimedAction(pause.starts_at, ChangeTrading(Trading.PAUSED)),
        TimedAction(pause.ends_at, ChangeTrading(Trading.OPEN)),
    )


def _nothing(_chance: random.Random, _starts_at: Timestamp) -> tuple[TimedAction, ...]:
    return ()


def _jumpy(
    pairing: tuple[int, int], starts_at: Timestamp, *, final_at: Timestamp, ends_at: Timestamp | None = None
) -> Game:
    ends_at = ends_at or Timestamp(starts_at + EVENING_LASTS)

    def course(chance: random.Random) -> Course:
        return JumpyCourse(chance, starts_at=starts_at, final_at=final_at)

    return _game("jumpy", NHL, pairing, starts_at, course, THIN, volume=150_000, ends_at=ends_at)


def _quiet(pairing: tuple[int, int], starts_at: Timestamp) -> Game:
    """A game later that night: all of the scenario is before its face-off."""
    ends_at = Timestamp(starts_at + EVENING_LASTS)
    faces_off_at = Timestamp(starts_at + EVENING_LASTS + 30 * MINUTE)

    def course(chance: random.Random) -> Course:
        script = draw_script(HOCKEY, chance, away_wins=_near(0.40, chance), begins_at=faces_off_at)
        return GameCourse(script, QUIET, chance)

    return _game("quiet", NHL, pairing, faces_off_at, course, THIN, volume=30_000, ends_at=ends_at)


def _game(
    name: str,
    series: Series,
    pairing: tuple[int, int],
    faces_off_at: Timestamp,
    course: Callable[[random.Random], Course],
    depth: Depth,
    *,
    volume: int,
    ends_at: Timestamp,
) -> Game:
    volumes = (Size(volume * CONTRACT), Size(volume * CONTRACT * 9 // 10))
    return Game(
        name,
        list_game(series, pairing, faces_off_at=faces_off_at, volumes_24h=volumes),
        course,
        depth,
        ends_at,
    )


def _draw_spell(
    chance: random.Random,
    starts_at: Timestamp,
    *,
    after_minutes: tuple[float, float],
    lasting_minutes: tuple[float, float],
) -> Spell:
    begins_at = Timestamp(starts_at + int(chance.uniform(*after_minutes) * MINUTE))
    return Spell(begins_at, Timestamp(begins_at + int(chance.uniform(*lasting_minutes) * MINUTE)))


def _drawn(chance: random.Random, starts_at: Timestamp, least_minutes: float, most_minutes: float) -> Timestamp:
    return Timestamp(starts_at + int(chance.uniform(least_minutes, most_minutes) * MINUTE))


def _near(probability: float, chance: random.Random) -> float:
    return probability + chance.uniform(-0.02, 0.02)


SCENARIOS: dict[str, Callable[[random.Random, Timestamp], tuple[Game, ...]]] = {
    "evening": _evening,
    "nhl": _whole_game(NHL, HOCKEY, 0.37),
    "nfl": _whole_game(NFL, PRO_FOOTBALL, 0.36),
    "cfb": _whole_game(CFB, COLLEGE_FOOTBALL, 0.34),
    "quiet": _quiet_game,
    "jumpy": _jumpy_game,
    "eventful": _eventful,
    "busy": _busy,
}
OF_THE_VENUE: dict[str, Callable[[random.Random, Timestamp], tuple[TimedAction, ...]]] = {"eventful": _venue_pauses}
SCENARIO_NAMES: tuple[str, ...] = tuple(SCENARIOS)
