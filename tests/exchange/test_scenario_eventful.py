"""Two hours of an eventful evening hold everything that the venue can do to a market, whatever the seed."""

import random
from collections import defaultdict

import pytest

from edgelock.core.units import MINUTE, ONE_DOLLAR, SECOND, Timestamp
from edgelock.exchange.flow import (
    ChangeGrid,
    ChangePhase,
    ChangeTrading,
    List,
    MarketPhase,
    MoveClose,
    Settle,
    TimedAction,
    Trading,
)
from edgelock.exchange.scenario_course import (
    CalledOff,
    CloseMoved,
    GridChanged,
    MarketsClosed,
    TradingPaused,
    TradingResumed,
    WinnerKnown,
)
from edgelock.exchange.scenario_eventful import (
    FINE_GRID,
    RESULT_AFTER,
    TAPERED_GRID,
    called_off,
    closed_early,
    paused,
    refined,
)
from edgelock.exchange.scenario_game import HOCKEY, draw_script
from edgelock.exchange.scenario_game_course import GameCourse, Spell
from edgelock.exchange.scenario_trading import fair_price
from edgelock.exchange.scenarios import LIVELY, scenario_flow

STARTS_AT = Timestamp(1_795_392_000 * SECOND)
TWO_HOURS = 120 * MINUTE
OF_INTEREST = ChangeGrid | ChangePhase | ChangeTrading | List | MoveClose | Settle


def after(minutes: float) -> Timestamp:
    return Timestamp(STARTS_AT + int(minutes * MINUTE))


def in_two_hours(seed: int) -> list[TimedAction]:
    """What the venue does; the traders' part is left out."""
    found = []
    for timed in scenario_flow("eventful", seed=seed, starts_at=STARTS_AT).actions():
        if timed.at > STARTS_AT + TWO_HOURS:
            return found
        if isinstance(timed.action, OF_INTEREST):
            found.append(timed)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_hours_hold_every_kind_of_event(seed: int) -> None:
    listed, phases, paid = {}, defaultdict(list), {}
    grids, moved, trading = defaultdict(list), {}, []
    for timed in in_two_hours(seed):
        match timed.action:
            case List(listing):
                listed[listing.ticker] = timed.at
            case ChangePhase(ticker, phase):
                phases[ticker].append(phase)
            case Settle(ticker, value):
                paid[ticker] = value
            case ChangeGrid(ticker, label, _):
                grids[ticker].append(label)
            case MoveClose(ticker, close_time):
                moved[ticker] = (timed.at, close_time)
            case ChangeTrading(state):
                trading.append(state)

    assert sorted(listed.values())[7] == STARTS_AT < sorted(listed.values())[8], "eight at the start, two later"
    assert len(paid) == 8
    assert list(paid.values()).count(ONE_DOLLAR) == list(paid.values()).count(0) == 3
    scalar = [value for value in paid.values() if 0 < value < ONE_DOLLAR]
    assert sum(scalar) == ONE_DOLLAR
    assert len(scalar) == 2
    pauses = [found.count(MarketPhase.INACTIVE) for found in phases.values()]
    assert sorted(pauses) == [0] * 8 + [2, 2]
    assert all(found.count(MarketPhase.ACTIVE) == 1 + found.count(MarketPhase.INACTIVE) for found in phases.values())
    assert list(grids.values()) == [["tapered_deci_cent", "deci_cent"]] * 2
    assert all(close_time > at for at, close_time in moved.values())
    assert moved.keys() == grids.keys()
    assert trading == [Trading.PAUSED, Trading.OPEN]


# --- wrapped courses --------------------------------------------------------------------------------------------


def a_course() -> GameCourse:
    script = draw_script(HOCKEY, random.Random(1), away_wins=0.4, begins_at=STARTS_AT)
    return GameCourse(script, LIVELY, random.Random(1))


def test_a_pause_is_added_to_what_happens_in_the_game_in_order_of_time() -> None:
    plain = a_course()

    moments = paused(plain, Spell(after(10), after(12)), Spell(after(30), after(31))).moments

    added = [moment for moment in moments if moment not in plain.moments]
    assert [moment.happening for moment in added] == [TradingPaused(), TradingResumed()] * 2
    assert [moment.at for moment in moments] == sorted(moment.at for moment in moments)
    assert len(moments) == len(plain.moments) + 4


def test_a_game_that_is_called_off_ends_there_and_has_no_winner() -> None:
    moments = called_off(a_course(), at=after(60)).moments

    assert [moment.happening for moment in moments[-2:]] == [MarketsClosed(), CalledOff()]
    assert [moment.at for moment in moments[-2:]] == [after(60), after(60) + RESULT_AFTER]
    assert not any(isinstance(moment.happening, WinnerKnown) for moment in moments)


def test_an_earlier_close_is_announced_kept_and_followed_by_the_result() -> None:
    moments = closed_early(a_course(), announced_at=after(50), closes_at=after(60), away_won=True).moments

    last = [moment for moment in moments if moment.at >= after(50)]
    assert last[0].happening == CloseMoved(after(60))
    assert [moment.happening for moment in last[-2:]] == [MarketsClosed(), WinnerKnown(away_won=True)]


def test_prices_get_finer_at_the_ends_first() -> None:
    moments = refined(a_course(), tapered_at=after(10), fine_at=after(50)).moments

    assert [m.happening for m in moments if isinstance(m.happening, GridChanged)] == [
        GridChanged("tapered_deci_cent", TAPERED_GRID),
        GridChanged("deci_cent", FINE_GRID),
    ]
    assert (TAPERED_GRID.tick_at(500), TAPERED_GRID.tick_at(5_000), FINE_GRID.tick_at(5_000)) == (10, 100, 10)


@pytest.mark.parametrize(("worth", "price"), [(0.3725, 3_720), (0.5, 5_000), (0.0, 100), (1.0, 9_900), (0.4567, 4_570)])
def test_a_fair_price_is_a_price_in_tenths_of_a_cent_off_the_ends(worth: float, price: int) -> None:
    assert fair_price(worth) == price
