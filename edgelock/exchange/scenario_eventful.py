"""What the venue does to a game beside the game: pauses, finer prices, an earlier close, a game that is called off.

A course is wrapped; what happens between its traders stays, what the venue does is added or takes its end's place.
"""

from edgelock.core.price_grid import PriceGrid, grid_from_bands, linear_grid
from edgelock.core.units import CENT, MINUTE, ONE_DOLLAR, Price, Timestamp
from edgelock.exchange.scenario_course import (
    CalledOff,
    CloseMoved,
    Course,
    GridChanged,
    MarketsClosed,
    Moment,
    Mood,
    TradingPaused,
    TradingResumed,
    WinnerKnown,
)
from edgelock.exchange.scenario_game_course import Spell

TENTH_OF_A_CENT = Price(CENT // 10)
TAPERED_GRID: PriceGrid = grid_from_bands(
    (
        (Price(0), Price(10 * CENT), TENTH_OF_A_CENT),
        (Price(10 * CENT), Price(90 * CENT), CENT),
        (Price(90 * CENT), ONE_DOLLAR, TENTH_OF_A_CENT),
    )
)
FINE_GRID: PriceGrid = linear_grid(TENTH_OF_A_CENT)
RESULT_AFTER = 4 * MINUTE
"""From the close of a game that did not end by itself to its result."""

_ENDS = (MarketsClosed, WinnerKnown)


class EventfulCourse:
    """A game's course with other moments. Raises nothing of its own."""

    def __init__(self, course: Course, moments: tuple[Moment, ...]) -> None:
        self._course = course
        self.moments = moments

    def fair_value(self, now: Timestamp) -> float:
        """As the game has it."""
        return self._course.fair_value(now)

    def mood(self, now: Timestamp) -> Mood:
        """As the game has it."""
        return self._course.mood(now)


def paused(course: Course, *pauses: Spell) -> EventfulCourse:
    """The venue deactivates the game's markets and activates them again."""
    return _with(
        course,
        *(Moment(pause.starts_at, TradingPaused()) for pause in pauses),
        *(Moment(pause.ends_at, TradingResumed()) for pause in pauses),
    )


def refined(course: Course, *, tapered_at: Timestamp, fine_at: Timestamp) -> EventfulCourse:
    """Prices get tenths of a cent near 0 and 1, later everywhere."""
    return _with(
        course,
        Moment(tapered_at, GridChanged("tapered_deci_cent", TAPERED_GRID)),
        Moment(fine_at, GridChanged("deci_cent", FINE_GRID)),
    )


def closed_early(course: Course, *, announced_at: Timestamp, closes_at: Timestamp, away_won: bool) -> EventfulCourse:
    """The venue moves the close forward, and knows the winner some minutes after it."""
    return _ended(
        course,
        closes_at,
        Moment(announced_at, CloseMoved(closes_at)),
        Moment(Timestamp(closes_at + RESULT_AFTER), WinnerKnown(away_won)),
    )


def called_off(course: Course, *, at: Timestamp) -> EventfulCourse:
    """The game is abandoned: its markets close and pay what they were worth, which is neither 0 nor a dollar."""
    return _ended(course, at, Moment(Timestamp(at + RESULT_AFTER), CalledOff()))


def _ended(course: Course, closes_at: Timestamp, *moments: Moment) -> EventfulCourse:
    """Nothing of the game happens after this close; its own end, when it comes before, is not waited for either."""
    kept = (m for m in course.moments if m.at < closes_at and not isinstance(m.happening, _ENDS))
    return EventfulCourse(course, _in_order(*kept, Moment(closes_at, MarketsClosed()), *moments))


def _with(course: Course, *moments: Moment) -> EventfulCourse:
    return EventfulCourse(course, _in_order(*course.moments, *moments))


def _in_order(*moments: Moment) -> tuple[Moment, ...]:
    return tuple(sorted(moments, key=lambda moment: moment.at))
