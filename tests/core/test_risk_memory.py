"""What a death must not forgive: it comes back as it was, less what time has ended, and never for longer."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core import risk, venue_trust
from edgelock.core.breakers import Breaker, Conditions
from edgelock.core.permit import Brake, Mode
from edgelock.core.risk import permit_for, time_passed
from edgelock.core.risk_memory import (
    OddMemory,
    Remembered,
    RememberedMarket,
    is_remembered_alike,
    remembered,
    restored,
)
from edgelock.core.risk_state import DAY, MarketRisk, RiskState, end_of
from edgelock.core.settings import RiskSettings
from edgelock.core.units import SECOND, Money, Timestamp
from tests.core.builders import NOON, TICKER, after
from tests.core.risk_stories import MARKETS, SHORT_FUSES, stories, told, waits

FRESH = RiskState(settings=SHORT_FUSES)
REMEMBERED_REASONS = {"loss_limit", "cb_hard", "cb_soft", "rejects", "order_group"}


def back(state: RiskState, now: Timestamp) -> RiskState:
    """The state of the next life."""
    return restored(remembered(state), replace(FRESH, settings=state.settings), now).state


# --- properties -------------------------------------------------------------------------------------------------


@given(stories)
def test_at_the_same_moment_all_that_is_durable_comes_back(story):
    state, now = told(story)
    state = time_passed(state, now).state

    assert is_remembered_alike(back(state, now), state)
    assert remembered(back(state, now)) == remembered(state)


@given(stories, waits)
def test_to_come_back_twice_is_to_come_back_once(story, wait):
    state, now = told(story)
    later = Timestamp(now + wait)

    once = back(state, later)

    assert back(once, later) == once


@given(stories, waits, waits)
def test_to_come_back_and_wait_is_to_wait_and_come_back(story, wait, more):
    state, now = told(story)
    then = Timestamp(now + wait)
    later = Timestamp(then + more)

    waited_first = back(time_passed(state, later).state, later)
    waited_after = time_passed(back(state, then), later).state

    assert waited_after == waited_first


@given(stories, waits)
def test_a_new_life_permits_nothing_that_the_old_one_would_not(story, wait):
    """But for what is told again by others: the venue's news, the latch, the journal's trouble, the clock."""
    state, now = told(story)
    later = Timestamp(now + wait)
    durable_only = replace(
        time_passed(state, later).state,
        is_killed=False,
        is_stopping=False,
        is_clock_off=False,
        journal_trouble="",
        memory_unread="",
        storm_since=None,
        venue=replace(FRESH.venue, fired_groups=state.venue.fired_groups),
    )

    heir = back(state, later)

    for ticker in MARKETS:
        assert permit_for(heir, ticker, later) == permit_for(durable_only, ticker, later)
        assert permit_for(heir, ticker, later).reason in REMEMBERED_REASONS | {""}


@given(stories, waits)
def test_after_a_clock_that_was_set_back_nothing_lasts_longer_than_its_maximum_and_no_loss_is_forgiven(story, wait):
    state, now = told(story)
    earlier = Timestamp(max(now - wait, 0))

    heir = back(state, earlier)

    hard, soft = SHORT_FUSES.breaker_hard.lasts, SHORT_FUSES.breaker_soft.lasts
    for breaker in (heir.portfolio, *(market.breaker for market in heir.markets.values())):
        assert breaker.until is None or breaker.until <= earlier + (hard if breaker.tier is Brake.HARD else soft)
        assert all(at <= earlier for at in breaker.cancels)
        assert breaker.counts(Timestamp(earlier + 60 * SECOND)) == (0, 0)
    for market in heir.markets.values():
        longest = SHORT_FUSES.reject_pause * 2 ** max(market.pauses_in_row - 1, 0)
        assert market.paused_until is None or market.paused_until <= earlier + longest
    assert heir.realized_today == state.realized_today
    assert (heir.loss_limit_until is None) == (state.loss_limit_until is None)
    assert heir.loss_limit_until is None or heir.loss_limit_until <= earlier + DAY


@given(stories)
def test_two_states_are_alike_exactly_when_they_are_remembered_alike(story):
    state, now = told(story)
    later = time_passed(state, Timestamp(now + 45 * SECOND)).state

    assert is_remembered_alike(state, later) == (remembered(state) == remembered(later))


def test_each_durable_part_alone_makes_a_difference():
    sooner = Breaker(cancels=(NOON,))
    changes = (
        {"portfolio": sooner},
        {"markets": {TICKER: MarketRisk(breaker=sooner)}},
        {"day": 1},
        {"realized_today": Money(1)},
        {"loss_limit_until": NOON},
        {"count_restarted_at": NOON},
        {"venue": replace(FRESH.venue, fired_groups={0: NOON})},
    )

    assert [change for change in changes if is_remembered_alike(FRESH, replace(FRESH, **change))] == []


# --- by example -------------------------------------------------------------------------------------------------


def test_cancels_of_before_and_after_a_death_trip_the_breaker_together():
    state = RiskState(settings=RiskSettings(), day=NOON // DAY)
    for second in range(15):
        state = risk.cancel_sent(state, TICKER, after(second), Conditions()).state

    heir = back(state, after(20))
    step = risk.cancel_sent(heir, TICKER, after(20), Conditions())

    assert [record.action for record in step.records] == ["cb_hard"]
    assert permit_for(step.state, TICKER, after(20)).reason == "cb_hard"


def test_a_tier_that_ended_meanwhile_is_over_and_its_end_is_told():
    state = RiskState(settings=RiskSettings(), day=NOON // DAY)
    for _ in range(16):
        state = risk.cancel_sent(state, TICKER, NOON, Conditions()).state

    step = restored(remembered(state), FRESH, after(31))

    assert permit_for(step.state, TICKER, after(31)).mode is Mode.OPEN
    assert [(record.action, record.market) for record in step.records] == [("cb_clear", TICKER)]


def test_the_loss_limit_holds_for_the_rest_of_its_day_and_no_longer():
    lost = risk.realized(FRESH, TICKER, Money(-60_000_000), at=NOON, now=NOON).state
    midnight = end_of(NOON // DAY)

    assert permit_for(back(lost, after(3600)), TICKER, after(3600)).reason == "loss_limit"
    assert permit_for(back(lost, midnight), TICKER, midnight).mode is Mode.OPEN
    assert back(lost, midnight).realized_today == 0


def test_a_resume_before_the_death_is_remembered_too():
    lost = risk.realized(FRESH, TICKER, Money(-60_000_000), at=NOON, now=NOON).state
    resumed = risk.kill_switched(lost, after(1), on=False, who="command").state

    heir = back(resumed, after(2))

    assert (heir.realized_today, heir.count_restarted_at) == (0, after(1))
    assert permit_for(heir, TICKER, after(2)).mode is Mode.OPEN


def test_a_lower_limit_is_judged_by_the_loss_so_far():
    lost = risk.realized(FRESH, TICKER, Money(-30_000_000), at=NOON, now=NOON).state
    stricter = RiskState(settings=RiskSettings.model_validate({"max_daily_loss_usd": 20}))

    step = restored(remembered(lost), stricter, after(1))

    assert [record.action for record in step.records] == ["loss_limit"]
    assert permit_for(step.state, TICKER, after(1)).reason == "loss_limit"


def test_pauses_go_on_doubling_after_a_death():
    state = FRESH
    for _ in range(4):
        state = risk.order_rejected(state, TICKER, NOON).state

    heir = back(state, after(121))
    for _ in range(2):
        heir = risk.order_rejected(heir, TICKER, after(121)).state

    assert permit_for(heir, TICKER, after(121)).until == after(121 + 240)


def test_a_group_that_fired_waits_for_a_resume_in_the_next_life_too():
    fired = risk.venue_told(FRESH, venue_trust.order_group(FRESH.venue, NOON, shard=2, is_triggered=True)).state

    heir = back(fired, after(3600))

    assert permit_for(heir, TICKER, after(3600)).reason == "order_group"
    assert heir.venue.fired_groups == {2: NOON}


def test_the_latch_the_journals_trouble_and_the_venues_news_are_not_part_of_it():
    state = risk.kill_switched(FRESH, NOON, on=True, who="x").state
    state = risk.journal_told(state, NOON, "the disk is full").state
    state = risk.venue_told(state, venue_trust.private_feed(state.venue, NOON, is_live=False)).state

    assert is_remembered_alike(state, FRESH)


# --- what no state could have given -----------------------------------------------------------------------------

SOUND = remembered(risk.realized(FRESH, TICKER, Money(-60_000_000), at=NOON, now=NOON).state)


def one_market(**changes) -> tuple[RememberedMarket, ...]:
    return (RememberedMarket(ticker=TICKER, risk=MarketRisk(**changes)),)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"markets": one_market() * 2}, "markets are not in order"),
        ({"fired_groups": ((3, NOON), (1, NOON))}, "order groups are not in order"),
        ({"portfolio": Breaker(cancels=(after(2), after(1)))}, "cancels are not in order"),
        ({"portfolio": Breaker(tier=Brake.HARD)}, "a tier has"),
        ({"portfolio": Breaker(until=NOON, since=NOON)}, "a tier has"),
        ({"markets": one_market(breaker=Breaker(tier=Brake.SOFT, until=NOON))}, "a tier has"),
        ({"markets": one_market(rejects_in_row=-1)}, "less than none"),
        ({"markets": one_market(pauses_in_row=-1)}, "less than none"),
        ({"markets": one_market(paused_until=NOON)}, "a pause has"),
        ({"day": -1, "loss_limit_until": None, "loss_limit_since": None}, "before the epoch"),
        ({"loss_limit_until": NOON}, "does not end with its day"),
        ({"loss_limit_since": None}, "its loss limit has"),
    ],
)
def test_what_no_state_could_have_given_is_refused(changes, what):
    odd: Remembered = replace(SOUND, **changes)

    with pytest.raises(OddMemory, match=what):
        restored(odd, FRESH, NOON)


@given(stories)
def test_whatever_happened_is_never_taken_for_odd(story):
    state, now = told(story)

    restored(remembered(state), FRESH, now)


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=20))
def test_cancels_that_are_told_out_of_order_are_counted_in_order(seconds):
    state = FRESH
    for second in seconds:
        state = risk.cancel_sent(state, TICKER, after(second), Conditions()).state

    restored(remembered(state), FRESH, after(50))
