"""The risk side's memory and its verdicts: the strictest holds, each names its reason and its end."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core import risk, venue_trust
from edgelock.core.breakers import Conditions
from edgelock.core.exchange_standing import ShardStanding, Standing
from edgelock.core.permit import Brake, Mode
from edgelock.core.risk import DAY, RiskState
from edgelock.core.settings import RiskSettings
from edgelock.core.units import SECOND, Money, Timestamp
from tests.core.builders import NOON, TICKER, after, seconds

OTHER = "KXNHLGAME-26NOV22BOSNYR-NYR"
CALM = Conditions()
A_DOLLAR = 1_000_000


def a_risk(**changes) -> RiskState:
    return RiskState(settings=RiskSettings.model_validate(changes), day=NOON // DAY)


def actions(records) -> list[str]:
    return [record.action for record in records]


def after_cancels(state: RiskState, number: int, *, ticker=TICKER, at=NOON, conditions=CALM):
    told = []
    for _ in range(number):
        step = risk.cancel_sent(state, ticker, at, conditions)
        state = step.state
        told += step.records
    return state, told


def after_rejects(state: RiskState, number: int, at=NOON):
    told = []
    for _ in range(number):
        step = risk.order_rejected(state, TICKER, at)
        state = step.state
        told += step.records
    return state, told


# --- breakers ---------------------------------------------------------------------------------------------------


def test_a_clean_market_may_do_everything():
    permit = risk.permit_for(a_risk(), TICKER, NOON)

    assert (
        permit.mode,
        permit.brake,
        permit.reason,
        permit.until,
        permit.cancels_30,
    ) == (Mode.OPEN, Brake.NONE, "", None, 0)


def test_the_soft_tier_brakes_but_lets_entries_pass_and_carries_its_figures():
    state, (trip,) = after_cancels(a_risk(), 12)

    permit = risk.permit_for(state, TICKER, NOON)

    assert (Mode.OPEN, Brake.SOFT, "cb_soft", after(12), 12) == (
        permit.mode,
        permit.brake,
        permit.reason,
        permit.until,
        permit.cancels_30,
    )
    assert ("cb_soft", TICKER, "market", "soft", 12, 12, 12, 18, after(12)) == (
        trip.action,
        trip.market,
        trip.scope,
        trip.cb_tier,
        trip.cancels_30,
        trip.cancels_60,
        trip.threshold_30,
        trip.threshold_60,
        trip.until,
    )


def test_the_hard_tier_stops_entries_in_its_market_for_thirty_seconds_and_in_no_other():
    state, told = after_cancels(a_risk(), 16)

    assert actions(told) == ["cb_soft", "cb_hard"]
    permit = risk.permit_for(state, TICKER, after(29))
    assert (Mode.REDUCE_ONLY, Brake.HARD, "cb_hard", after(30)) == (
        permit.mode,
        permit.brake,
        permit.reason,
        permit.until,
    )
    assert Mode.OPEN is risk.permit_for(state, TICKER, after(30)).mode
    assert Mode.OPEN is risk.permit_for(state, OTHER, NOON).mode


@pytest.mark.parametrize(
    ("conditions", "needed"),
    [(CALM, 12), (Conditions(is_skewed=True), 15), (Conditions(is_one_tick_spread=True), 9)],
)
def test_the_conditions_of_the_cancel_decide_when_the_tier_trips(conditions, needed):
    _, before = after_cancels(a_risk(), needed - 1, conditions=conditions)
    _, told = after_cancels(a_risk(), needed, conditions=conditions)

    assert before == []
    assert actions(told) == ["cb_soft"]


def test_cancels_spread_over_many_markets_trip_the_portfolio_at_three_times_the_number_and_hold_every_market():
    state, told = a_risk(), []
    for number in range(48):
        state, fresh = after_cancels(state, 1, ticker=f"M{number}")
        told += fresh

    assert [(record.action, record.scope, record.market) for record in told] == [
        ("cb_soft", "portfolio", None),
        ("cb_hard", "portfolio", None),
    ]
    assert (told[0].threshold_30, told[1].threshold_30) == (36, 48)
    assert risk.permit_for(state, "a market that cancelled nothing", NOON).reason == "cb_hard"


def test_the_end_of_a_tier_is_told_once():
    state, _ = after_cancels(a_risk(), 12)

    early = risk.time_passed(state, after(11))
    ended = risk.time_passed(early.state, after(12))
    later = risk.time_passed(ended.state, after(13))

    assert (actions(early.records), actions(ended.records), actions(later.records)) == ([], ["cb_clear"], [])
    assert (ended.records[0].market, ended.records[0].scope) == (TICKER, "market")


def test_a_cancel_after_the_end_of_a_tier_tells_the_end_before_the_next_trip():
    state, _ = after_cancels(a_risk(), 12)

    step = risk.cancel_sent(state, TICKER, after(13), CALM)

    assert actions(step.records) == ["cb_clear", "cb_soft"]


def test_old_cancels_leave_the_windows():
    state, _ = after_cancels(a_risk(), 11)

    state, told = after_cancels(state, 6, at=after(30))

    assert told == []
    assert risk.permit_for(state, TICKER, after(30)).cancels_30 == 6
    _, (trip,) = after_cancels(state, 1, at=after(30))
    assert (trip.cancels_30, trip.cancels_60) == (7, 18)


# --- rejects ----------------------------------------------------------------------------------------------------


def test_five_rejects_in_a_row_turn_entries_off_for_a_minute():
    state, (pause,) = after_rejects(a_risk(), 5)

    permit = risk.permit_for(state, TICKER, after(59))
    assert (5, after(60)) == (pause.rejects_in_row, pause.until)
    assert (Mode.REDUCE_ONLY, "rejects", after(60)) == (permit.mode, permit.reason, permit.until)
    assert Mode.OPEN is risk.permit_for(state, OTHER, NOON).mode
    assert Mode.OPEN is risk.permit_for(risk.time_passed(state, after(60)).state, TICKER, after(60)).mode


def test_each_further_row_of_rejects_doubles_the_pause():
    state, _ = after_rejects(a_risk(), 5)

    state, (second,) = after_rejects(state, 5, at=after(100))
    _, (third,) = after_rejects(state, 5, at=after(300))

    assert (seconds(120), seconds(240)) == (second.until - after(100), third.until - after(300))


def test_an_accepted_order_ends_the_row_and_the_doubling():
    state, told = after_rejects(a_risk(), 4)
    state = risk.order_accepted(state, TICKER).state
    state, more = after_rejects(state, 4)
    assert told == more == []

    state, _ = after_rejects(state, 1)
    state = risk.order_accepted(state, TICKER).state
    _, (pause,) = after_rejects(state, 5, at=after(100))

    assert after(160) == pause.until


def test_a_market_of_which_nothing_counts_any_more_is_forgotten():
    state = risk.cancel_sent(a_risk(), TICKER, NOON, CALM).state

    assert TICKER in risk.time_passed(state, after(59)).state.markets
    assert TICKER not in risk.time_passed(state, after(60)).state.markets


# --- the day's loss ---------------------------------------------------------------------------------------------


def test_the_daily_loss_stops_entries_in_every_market_until_the_next_utc_day():
    tomorrow = Timestamp((NOON // DAY + 1) * DAY)
    first = risk.realized(a_risk(), TICKER, Money(-30 * A_DOLLAR), at=NOON, now=NOON)
    second = risk.realized(first.state, TICKER, Money(-20 * A_DOLLAR), at=after(1), now=after(1))
    third = risk.realized(second.state, TICKER, Money(-5 * A_DOLLAR), at=after(2), now=after(2))

    assert (actions(second.records), actions(first.records), actions(third.records)) == (["loss_limit"], [], [])
    limit = second.records[0]
    assert (-50 * A_DOLLAR, 50 * A_DOLLAR, tomorrow) == (limit.realized_today, limit.allowed, limit.until)
    permit = risk.permit_for(third.state, OTHER, after(2))
    assert (Mode.REDUCE_ONLY, "loss_limit", tomorrow) == (permit.mode, permit.reason, permit.until)
    fresh = risk.time_passed(third.state, tomorrow).state
    assert (risk.permit_for(fresh, OTHER, tomorrow).mode, fresh.realized_today) == (Mode.OPEN, 0)


def test_a_result_counts_to_the_utc_day_in_which_it_happened():
    yesterday = Timestamp(NOON // DAY * DAY - 1)
    tomorrow = Timestamp((NOON // DAY + 1) * DAY)

    late = risk.realized(a_risk(), TICKER, Money(-60 * A_DOLLAR), at=yesterday, now=NOON)
    first_today = risk.realized(late.state, TICKER, Money(-20 * A_DOLLAR), at=Timestamp(yesterday + 1), now=NOON)
    early = risk.realized(first_today.state, TICKER, Money(-10 * A_DOLLAR), at=tomorrow, now=after(1))

    assert (late.records, late.state.realized_today) == ((), 0)
    assert first_today.state.realized_today == -20 * A_DOLLAR
    assert (early.state.realized_today, early.state.day) == (-30 * A_DOLLAR, NOON // DAY)


def test_a_result_from_before_a_resume_that_is_found_later_counts_anew():
    lost = risk.realized(a_risk(), TICKER, Money(-50 * A_DOLLAR), at=NOON, now=NOON).state
    resumed = risk.kill_switched(lost, after(10), on=False, who="command").state

    found = risk.realized(resumed, TICKER, Money(-5 * A_DOLLAR), at=after(5), now=after(20)).state

    assert (found.realized_today, found.count_restarted_at) == (-5 * A_DOLLAR, after(10))


def test_results_by_the_record_replace_what_was_counted_of_that_market():
    state = risk.realized(a_risk(), TICKER, Money(-10 * A_DOLLAR), at=NOON, now=NOON).state
    state = risk.realized(state, OTHER, Money(-7 * A_DOLLAR), at=NOON, now=NOON).state
    yesterday = Timestamp(NOON // DAY * DAY - 1)

    by_record = ((yesterday, Money(-99 * A_DOLLAR)), (NOON, Money(-10 * A_DOLLAR)), (after(1), Money(-3 * A_DOLLAR)))
    found = risk.results_recovered(state, TICKER, by_record, after(2))
    again = risk.results_recovered(found.state, TICKER, by_record, after(3))

    assert (found.state.realized_today, again.state) == (-20 * A_DOLLAR, found.state)
    nothing = risk.results_recovered(again.state, TICKER, (), after(4)).state
    assert nothing.realized_today == -7 * A_DOLLAR


def test_results_by_the_record_can_reach_the_limit_and_leave_forgiven_what_a_resume_forgave():
    reached = risk.results_recovered(a_risk(), TICKER, ((NOON, Money(-50 * A_DOLLAR)),), NOON)
    resumed = risk.kill_switched(reached.state, after(1), on=False, who="command").state

    same = risk.results_recovered(resumed, TICKER, ((NOON, Money(-50 * A_DOLLAR)),), after(2))
    more = ((NOON, Money(-50 * A_DOLLAR)), (after(1), Money(-A_DOLLAR)))

    assert actions(reached.records) == ["loss_limit"]
    assert (same.state.realized_today, same.records) == (0, ())
    assert risk.results_recovered(same.state, TICKER, more, after(2)).state.realized_today == -A_DOLLAR


def test_a_lower_limit_holds_at_once_and_a_higher_one_does_not_lift_it():
    lost = risk.realized(a_risk(), TICKER, Money(-30 * A_DOLLAR), at=NOON, now=NOON).state

    lower = risk.settings_changed(lost, RiskSettings.model_validate({"max_daily_loss_usd": 30}), after(1))
    higher = risk.settings_changed(lower.state, RiskSettings.model_validate({"max_daily_loss_usd": 90}), after(2))

    assert actions(lower.records) == ["loss_limit"]
    assert risk.permit_for(higher.state, TICKER, after(2)).reason == "loss_limit"


def test_profits_of_the_day_count_against_its_losses():
    state = risk.realized(a_risk(), TICKER, Money(20 * A_DOLLAR), at=NOON, now=NOON).state

    assert risk.realized(state, TICKER, Money(-69 * A_DOLLAR), at=NOON, now=NOON).records == ()


def test_an_operators_resume_ends_the_loss_limit_and_starts_the_count_anew():
    state = risk.realized(a_risk(), TICKER, Money(-50 * A_DOLLAR), at=NOON, now=NOON).state

    resumed = risk.kill_switched(state, NOON, on=False, who="command").state

    assert Mode.OPEN is risk.permit_for(resumed, TICKER, NOON).mode
    assert risk.realized(resumed, TICKER, Money(-49 * A_DOLLAR), at=NOON, now=NOON).records == ()


def test_a_resume_without_a_loss_limit_does_not_forgive_the_days_losses():
    state = risk.realized(a_risk(), TICKER, Money(-49 * A_DOLLAR), at=NOON, now=NOON).state

    resumed = risk.kill_switched(state, NOON, on=False, who="command").state

    assert actions(risk.realized(resumed, TICKER, Money(-A_DOLLAR), at=NOON, now=NOON).records) == ["loss_limit"]


# --- the latch and the ladder -----------------------------------------------------------------------------------


def test_the_latch_stops_entries_everywhere_until_it_is_moved_back():
    killed = risk.kill_switched(a_risk(), NOON, on=True, who="SIGUSR1")
    permit = risk.permit_for(killed.state, TICKER, after(10**6))
    resumed = risk.kill_switched(killed.state, NOON, on=False, who="command")

    assert (permit.mode, permit.reason, permit.until) == (Mode.REDUCE_ONLY, "kill", None)
    assert [(record.action, record.who) for record in (*killed.records, *resumed.records)] == [
        ("kill_on", "SIGUSR1"),
        ("kill_off", "command"),
    ]
    assert Mode.OPEN is risk.permit_for(resumed.state, TICKER, NOON).mode


def test_the_reason_that_only_an_operator_ends_is_named_before_those_that_time_ends():
    state, _ = after_cancels(a_risk(), 16)
    state = risk.realized(state, TICKER, Money(-60 * A_DOLLAR), at=NOON, now=NOON).state
    assert risk.permit_for(state, TICKER, NOON).reason == "loss_limit"

    killed = risk.kill_switched(state, NOON, on=True, who="command").state

    permit = risk.permit_for(killed, TICKER, NOON)
    assert (permit.reason, permit.brake, permit.until) == ("kill", Brake.HARD, None)


def test_a_resume_does_not_open_a_market_that_a_breaker_holds():
    state, _ = after_cancels(a_risk(), 16)
    state = risk.kill_switched(state, NOON, on=True, who="command").state

    resumed = risk.kill_switched(state, NOON, on=False, who="command").state

    assert risk.permit_for(resumed, TICKER, NOON).reason == "cb_hard"


def test_the_next_change_is_the_earliest_end_ahead():
    state, _ = after_cancels(a_risk(), 12)
    state, _ = after_rejects(state, 5)

    assert after(12) == risk.next_change(state, NOON)
    assert after(60) == risk.next_change(state, after(12))
    assert risk.next_change(state, after(60)) is None


events = st.lists(
    st.tuples(
        st.sampled_from(["cancel", "reject", "accept", "loss", "kill", "resume", "time"]),
        st.integers(0, 40),
        st.sampled_from([TICKER, OTHER]),
    ),
    max_size=60,
)


@given(events)
def test_whatever_happens_the_verdict_is_the_strictest_of_all_that_hold(story):
    state, now = a_risk(breaker_soft={"cancels_30s": 2, "cancels_60s": 3, "lasts_s": 12},
                        breaker_hard={"cancels_30s": 4, "cancels_60s": 6, "lasts_s": 30}), NOON  # fmt: skip
    for what, wait, ticker in story:
        now = Timestamp(now + wait * SECOND)
        step = {
            "cancel": lambda s, t=ticker, n=now: risk.cancel_sent(s, t, n, CALM),
            "reject": lambda s, t=ticker, n=now: risk.order_rejected(s, t, n),
            "accept": lambda s, t=ticker: risk.order_accepted(s, t),
            "loss": lambda s, n=now: risk.realized(s, TICKER, Money(-20 * A_DOLLAR), at=n, now=n),
            "kill": lambda s, n=now: risk.kill_switched(s, n, on=True, who="x"),
            "resume": lambda s, n=now: risk.kill_switched(s, n, on=False, who="x"),
            "time": lambda s, n=now: risk.time_passed(s, n),
        }[what](state)
        state = step.state
        for each in (TICKER, OTHER):
            permit, market = risk.permit_for(state, each, now), state.market(each)
            holds = [
                state.is_killed,
                state.loss_limit_until is not None and now < state.loss_limit_until,
                any(b.tier is Brake.HARD and now < (b.until or 0) for b in (market.breaker, state.portfolio)),
                market.paused_until is not None and now < market.paused_until,
            ]
            assert (permit.mode is Mode.OPEN) == (not any(holds))
            assert bool(permit.reason) or permit.brake is Brake.NONE


def test_the_portfolio_adapts_with_its_own_multiplier():
    state, told = after_cancels(a_risk(portfolio_breaker_multiplier=1), 12, conditions=Conditions())

    assert {"market", "portfolio"} == {record.scope for record in told}
    assert Fraction(1) == state.settings.portfolio_breaker_multiplier


def test_entries_stop_while_the_clock_is_certainly_off_by_more_than_a_second_and_return_with_it():
    state = RiskState(settings=RiskSettings())

    off = risk.clock_compared(state, NOON, least_ms=1_001, most_ms=2_300)
    still_off = risk.clock_compared(off.state, NOON, least_ms=-4_000, most_ms=-1_001)
    back = risk.clock_compared(off.state, NOON, least_ms=-200, most_ms=900)

    assert risk.permit_for(state, "T", NOON).mode is Mode.OPEN
    assert (risk.permit_for(off.state, "T", NOON).mode, risk.permit_for(off.state, "T", NOON).reason) == (
        Mode.REDUCE_ONLY,
        "clock_skew",
    )
    assert [type(record).action for record in (*off.records, *back.records)] == ["clock_skew", "clock_skew"]
    assert still_off.records == ()
    assert risk.permit_for(back.state, "T", NOON).mode is Mode.OPEN


def test_a_clock_that_may_be_right_stops_nobody():
    """The venue's date has whole seconds: within its width nothing is known."""
    state = RiskState(settings=RiskSettings())

    step = risk.clock_compared(state, NOON, least_ms=-900, most_ms=1_900)

    assert (step.records, risk.permit_for(step.state, "T", NOON).mode) == ((), Mode.OPEN)


# --- what the venue's side tells --------------------------------------------------------------------------------


def with_standing(state: RiskState, standing: Standing, *, is_scheduled=False, until=None) -> RiskState:
    shards = {0: ShardStanding(standing=standing, is_scheduled=is_scheduled, until=until)}
    return risk.venue_told(state, venue_trust.exchange_status(state.venue, NOON, shards)).state


@pytest.mark.parametrize(
    ("standing", "is_scheduled", "mode", "reason"),
    [
        (Standing.OPEN, False, Mode.OPEN, ""),
        (Standing.PAUSING_SOON, True, Mode.REDUCE_ONLY, "maintenance"),
        (Standing.TRADING_PAUSED, True, Mode.HALTED, "maintenance"),
        (Standing.TRADING_PAUSED, False, Mode.HALTED, "trading_paused"),
        (Standing.EXCHANGE_PAUSED, False, Mode.HALTED, "exchange_paused"),
    ],
)
def test_a_near_pause_stops_entries_and_a_pause_stops_every_order(standing, is_scheduled, mode, reason):
    state = with_standing(a_risk(), standing, is_scheduled=is_scheduled, until=after(60))

    permit = risk.permit_for(state, TICKER, NOON)

    assert (permit.mode, permit.reason) == (mode, reason)
    assert permit.until == (after(60) if reason else None)


def test_a_kill_during_a_pause_is_named_a_kill_and_still_lets_no_order_out():
    state = with_standing(a_risk(), Standing.TRADING_PAUSED)

    killed = risk.kill_switched(state, NOON, on=True, who="x").state

    permit = risk.permit_for(killed, TICKER, NOON)
    assert (permit.mode, permit.reason) == (Mode.HALTED, "kill")


def test_a_resume_forgives_a_group_that_fired_and_nothing_else_does():
    state = a_risk()
    fired = risk.venue_told(state, venue_trust.order_group(state.venue, NOON, shard=0, is_triggered=True)).state
    reset = risk.venue_told(fired, venue_trust.order_group(fired.venue, NOON, shard=0, is_triggered=False)).state

    resumed = risk.kill_switched(reset, NOON, on=False, who="x")

    assert risk.permit_for(reset, TICKER, NOON).reason == "order_group"
    assert risk.permit_for(resumed.state, TICKER, NOON).mode is Mode.OPEN
    assert actions(resumed.records) == ["kill_off", "entries_held"]


# --- the journal's trouble --------------------------------------------------------------------------------------


def test_trouble_with_the_journal_stops_entries_and_is_told_when_it_begins_and_when_it_is_over():
    first = risk.journal_told(a_risk(), NOON, "the disk is full")
    other = risk.journal_told(first.state, after(5), "the file cannot be written")
    over = risk.journal_told(other.state, after(8), "")

    permit = risk.permit_for(other.state, TICKER, after(5))
    assert (permit.mode, permit.reason, permit.until) == (Mode.REDUCE_ONLY, "journal", None)
    assert [r.message for r in (*first.records, *other.records)] == ["the disk is full"]
    assert [(r.action, r.held_s) for r in over.records] == [("journal_ok", seconds(8))]
    assert risk.permit_for(over.state, TICKER, after(8)).mode is Mode.OPEN


def test_a_memory_that_could_not_be_read_waits_for_a_resume_also_when_the_disk_is_fine_again():
    unread = risk.memory_unread(a_risk(), NOON, "it is damaged")
    full = risk.journal_told(unread.state, after(1), "the disk is full")
    fine = risk.journal_told(full.state, after(2), "")

    resumed = risk.kill_switched(fine.state, after(3), on=False, who="command")

    assert actions((*unread.records, *full.records, *fine.records)) == ["journal_trouble"]
    assert risk.permit_for(fine.state, TICKER, after(2)).reason == "journal"
    assert actions(resumed.records) == ["kill_off", "journal_ok"]
    assert risk.permit_for(resumed.state, TICKER, after(3)).mode is Mode.OPEN


def test_a_resume_does_not_let_anybody_enter_whose_journal_cannot_be_written():
    full = risk.journal_told(a_risk(), NOON, "the disk is full").state

    resumed = risk.kill_switched(full, after(1), on=False, who="command")

    assert risk.permit_for(resumed.state, TICKER, after(1)).reason == "journal"
    assert actions(resumed.records) == ["kill_off"]


def test_the_end_of_the_run_is_not_taken_back_and_knows_when_it_began():
    stopping = risk.stopping(risk.stopping(a_risk(), NOON).state, after(5)).state

    assert (stopping.stopping_since, risk.permit_for(stopping, TICKER, after(5)).mode) == (NOON, Mode.HALTED)
