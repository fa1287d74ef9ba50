from dataclasses import replace

from edgelock.actors.exit_averages import ExitAverages
from edgelock.core import telemetry as t
from edgelock.core.units import SECOND, Duration
from tests.actors.telemetry_samples import NOON, SAMPLES, TICKER

EXIT = next(record for record in SAMPLES if isinstance(record, t.SweetSpotExit))
PLACE = next(record for record in SAMPLES if isinstance(record, t.QuotePlace))
KILL = t.KillOn(at=NOON, who="command")


def aged(seconds: int, market: str = TICKER) -> t.SweetSpotExit:
    return replace(EXIT, age_s=Duration(seconds * SECOND), market=market)


def test_nothing_is_added_before_the_first_exit():
    assert ExitAverages().after((KILL, PLACE)) == ()


def test_the_first_exit_gives_a_line_to_every_group_without_one():
    averages = ExitAverages()
    averages.after((KILL, replace(PLACE, market="B"), PLACE))

    added = averages.after((aged(600), PLACE))

    assert [(line.market, line.age_s // SECOND) for line in added] == [(None, 600), ("B", 600)]


def test_a_market_that_comes_later_gets_its_line_with_the_mean_so_far():
    averages = ExitAverages()
    averages.after((aged(600),))
    averages.after((aged(500),))

    (line,) = averages.after((replace(PLACE, market="C"),))

    assert (line.market, line.age_s // SECOND, line.lines) == ("C", 550, 2)


def test_each_group_gets_one_line_only():
    averages = ExitAverages()
    averages.after((KILL, aged(600)))

    assert averages.after((KILL, PLACE, aged(700), KILL)) == ()
