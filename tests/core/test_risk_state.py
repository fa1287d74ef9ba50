"""The day's count: a new day starts a new one, and a clock that was set back forgives nothing."""

from dataclasses import replace

from edgelock.core.risk_state import DAY, MarketRisk, RiskState, end_of
from edgelock.core.settings import RiskSettings
from edgelock.core.units import Money, Timestamp
from tests.core.builders import NOON, TICKER, after

TODAY = NOON // DAY
LOST = replace(
    RiskState(settings=RiskSettings(), day=TODAY),
    realized_today=Money(-60_000_000),
    loss_limit_since=NOON,
    loss_limit_until=end_of(TODAY),
    count_restarted_at=NOON,
)


def test_within_the_day_the_count_stays():
    assert LOST.of_day(Timestamp(end_of(TODAY) - 1)) == LOST


def test_a_new_day_starts_a_new_count():
    tomorrow = LOST.of_day(end_of(TODAY))

    assert tomorrow == RiskState(settings=RiskSettings(), day=TODAY + 1)


def test_a_new_day_starts_the_count_of_each_market_anew():
    lost = LOST.with_market(TICKER, MarketRisk(realized_today=Money(-60_000_000), rejects_in_row=2))

    assert lost.of_day(end_of(TODAY)).market(TICKER) == MarketRisk(rejects_in_row=2)


def test_a_clock_that_was_set_back_to_the_day_before_takes_the_count_along():
    yesterday = LOST.of_day(Timestamp(NOON - DAY))

    assert (yesterday.day, yesterday.realized_today) == (TODAY - 1, -60_000_000)
    assert (yesterday.loss_limit_since, yesterday.loss_limit_until) == (NOON, end_of(TODAY - 1))


def test_a_market_of_which_nothing_is_known_has_a_clean_record():
    paused = MarketRisk(paused_since=NOON, paused_until=after(60))

    state = LOST.with_market(TICKER, paused)

    assert (state.market(TICKER), state.market("another")) == (paused, MarketRisk())
