"""Whole stories of one market, from the first quote to flat, told against a venue that does as it is told."""

from dataclasses import fields, is_dataclass, replace
from fractions import Fraction

import pytest

from edgelock.core.decide import decide, next_deadline, step
from edgelock.core.facts import (
    BookChanged,
    FeedStatus,
    FeedStatusChanged,
    GridChanged,
    IntentRefused,
    MarketSettled,
    MarketStatusChanged,
    Recovered,
    Retired,
    SettingsChanged,
)
from edgelock.core.intents import CancelOrder
from edgelock.core.market import MarketStatus
from edgelock.core.market_state import FIRST_WORD_WITHIN, MarketState, RunMode
from edgelock.core.order import CancelReason, Kind, OrderState, Role
from edgelock.core.order_ledger import SequenceGap, UnknownOrder
from edgelock.core.position import Position
from edgelock.core.strategy import EDGE_LOCKED, LEGACY
from edgelock.core.telemetry import MaeTrim, Settlement, TakeProfitExit
from edgelock.core.units import MILLISECOND, Price, Timestamp
from tests.core.builders import (
    ASK,
    BID,
    FINE_ENDS,
    HALTED,
    HARD,
    KILLED,
    NOON,
    OPEN,
    SOFT,
    a_book,
    a_market,
    a_position,
    a_state,
    after,
    an_exit,
    an_order,
    cents,
    contracts,
    seconds,
    some_settings,
)
from tests.core.obedient_venue import ObedientVenue, a_held_position


def a_resting_entry(**changes) -> ObedientVenue:
    """A bid of 10 at 0.46 rests as order t-1."""
    venue = ObedientVenue(a_state(**changes))
    venue.wait(0)
    venue.ack("t-1")
    return venue


# --- entering ---------------------------------------------------------------------------------------------------


def test_an_entry_is_placed_inside_the_gate_and_only_once():
    venue = ObedientVenue()

    venue.wait(0)
    bid = venue.placed()
    venue.ack(bid.client_order_id)
    venue.wait(1)

    assert (bid.side, bid.price, bid.size, bid.role) == (BID, cents(46), contracts(10), Role.ENTRY)
    assert (bid.client_order_id, bid.skew, bid.post_only) == ("t-1", "FLAT", True)
    assert venue.fresh == ()


def test_a_partial_fill_changes_the_state_withdraws_the_rest_at_once_and_rests_the_take_profit():
    venue = a_resting_entry()

    venue.fill("t-1", 4)

    assert venue.actions() == ["FILL", "state_change", "quote_cancel", "quote_place"]
    assert venue.cancels() == [CancelOrder(client_order_id="t-1", reason=CancelReason.STATE_CHANGE)]
    take_profit = venue.placed()
    assert (take_profit.kind, take_profit.side) == (Kind.TAKE_PROFIT, ASK)
    assert (take_profit.price, take_profit.size) == (cents(53), contracts(4))


def test_a_late_fill_of_the_cancelled_entry_moves_the_vwap_and_the_take_profit_with_it():
    venue = a_resting_entry()
    venue.fill("t-1", 4)
    venue.ack("t-2")

    venue.fill("t-1", 6, price=45)

    (amendment,) = venue.amends()
    assert (amendment.client_order_id, amendment.price, amendment.size) == ("t-2", cents(53), contracts(10))
    assert venue.state.position.vwap == 4540
    venue.amended("t-2")
    assert venue.fresh == ()
    assert venue.order("t-2").remaining == contracts(10)


def test_a_late_fill_tells_the_state_in_which_its_order_was_placed():
    venue = a_resting_entry()
    venue.fill("t-1", 4)

    venue.fill("t-1", 1)

    fill = venue.told[0]
    assert (fill.context.state, fill.state_after, fill.context.net) == ("FLAT", "SKEW_LONG", contracts(5))


def test_a_completed_take_profit_is_told_with_its_age_and_the_market_is_flat_and_quotes_again_at_once():
    venue = a_held_position()
    venue.wait(seconds(90))
    venue.book(a_book(46, 48))
    venue.prints(47, times=30)

    venue.fill("t-2", 10)

    assert venue.actions() == ["FILL", "REALIZE", "take_profit_exit", "state_change", "quote_place"]
    exit_record = venue.told[2]
    assert isinstance(exit_record, TakeProfitExit)
    assert (exit_record.age_s, exit_record.qty, exit_record.exit_price) == (seconds(90), contracts(10), cents(55))
    assert venue.state.position.skew == "FLAT"
    assert venue.placed().role is Role.ENTRY


def test_a_partly_filled_take_profit_goes_on_with_the_rest_and_tells_its_exit_only_when_complete():
    venue = a_held_position()

    venue.fill("t-2", 3)

    assert venue.actions() == ["FILL", "REALIZE"]
    assert venue.fresh == ()
    venue.fill("t-2", 7)
    assert "take_profit_exit" in venue.actions()


def test_a_take_profit_that_closes_in_parts_tells_the_age_of_the_oldest_lot_it_closed():
    venue = a_resting_entry()
    venue.fill("t-1", 4)
    venue.ack("t-2")
    venue.wait(seconds(30))
    venue.fill("t-1", 6)
    venue.amended("t-2")
    venue.wait(seconds(30))
    venue.fill("t-2", 4)

    venue.fill("t-2", 6)

    (record,) = [r for r in venue.told if isinstance(r, TakeProfitExit)]
    assert record.age_s == seconds(60)


# --- replacing entries ------------------------------------------------------------------------------------------


def test_an_entry_one_tick_too_aggressive_is_replaced_by_cancel_and_place_after_the_cooldown():
    venue = a_resting_entry()
    venue.hear(BookChanged(at=Timestamp(NOON + 299 * MILLISECOND), view=a_book(44, 46)))
    assert venue.fresh == ()

    venue.wait(1 * MILLISECOND)

    assert venue.cancels() == [CancelOrder(client_order_id="t-1", reason=CancelReason.REPLACE)]
    assert venue.placements() == []
    venue.canceled("t-1")
    assert venue.placed().price == cents(45)


@pytest.mark.parametrize(("trades_at", "reasons"), [(46, []), (47, [CancelReason.REPLACE])])
def test_a_too_timid_entry_is_replaced_only_from_four_ticks_on(trades_at, reasons):
    venue = ObedientVenue(a_state(view=a_book(41, 43)))
    venue.wait(0)
    venue.ack("t-1")
    assert venue.order("t-1").price == cents(41)

    venue.wait(seconds(1))
    venue.book(a_book(45, 48))
    for _ in range(40):
        venue.prints(trades_at)

    # The average nears 0.46 or 0.47 from below, so the wanted bid is 0.44 (3 ticks) or 0.45 (4 ticks).
    assert [i.reason for i in venue.intents if isinstance(i, CancelOrder)] == reasons


def test_under_a_soft_brake_a_timid_entry_stays_and_only_an_aggressive_one_is_replaced():
    venue = ObedientVenue(a_state(view=a_book(40, 42)))
    venue.wait(0)
    venue.ack("t-1")
    venue.wait(seconds(1))
    venue.permit(SOFT)
    assert [c.reason for c in venue.cancels()] == [CancelReason.REPLACE]

    timid = ObedientVenue(a_state(view=a_book(40, 42), permit=SOFT))
    timid.wait(0)
    timid.ack("t-1")
    timid.wait(seconds(10))
    timid.book(a_book(46, 48))
    for _ in range(40):
        timid.prints(47)
    assert not [i for i in timid.intents if isinstance(i, CancelOrder)]


def test_an_entry_that_left_the_gate_is_withdrawn_without_waiting_for_the_cooldown():
    venue = a_resting_entry()

    venue.book(a_book(50, 52))

    assert venue.cancels() == [CancelOrder(client_order_id="t-1", reason=CancelReason.QUOTE)]


def test_a_cancel_tells_the_breaker_that_the_spread_is_one_tick():
    venue = a_resting_entry()

    venue.book(a_book(50, 51))

    assert venue.cancels()[0].one_tick_spread


def test_a_second_entry_waits_until_the_first_is_proven_dead():
    venue = a_resting_entry()
    venue.book(a_book(50, 52))
    venue.book(a_book(46, 48))
    assert venue.placements() == []

    venue.not_found("t-1")
    assert venue.placements() == []
    assert venue.actions() == ["order_unknown"]

    venue.wait(seconds(60))
    assert venue.placements() == []
    venue.canceled("t-1")
    assert venue.actions()[0] == "order_resolved"
    assert venue.placed().client_order_id == "t-2"


def test_a_rejected_entry_is_not_sent_again_for_a_second():
    venue = ObedientVenue()
    venue.wait(0)

    venue.reject("t-1")
    assert venue.actions() == ["order_reject"]
    venue.wait(999 * MILLISECOND)
    assert venue.fresh == ()
    venue.wait(1 * MILLISECOND)
    assert venue.placed().client_order_id == "t-2"


def test_a_soft_brake_doubles_the_cooldown_of_the_next_entry():
    venue = a_resting_entry(permit=SOFT)
    venue.book(a_book(50, 52))
    venue.canceled("t-1")
    venue.book(a_book(46, 48))

    venue.wait(599 * MILLISECOND)
    assert venue.fresh == ()
    venue.wait(1 * MILLISECOND)
    assert venue.placed().role is Role.ENTRY


def test_a_quote_tells_the_cooldown_it_was_subject_to_and_an_exit_none():
    venue = a_resting_entry()
    assert venue.records[0].cooldown_ms == 300

    venue.fill("t-1", 10)

    assert venue.told[-1].action == "quote_place"
    assert venue.told[-1].cooldown_ms == 0


def test_an_entry_refused_at_our_own_last_gate_is_told_and_waits_ten_seconds():
    venue = ObedientVenue()
    venue.wait(0)

    venue.hear(
        IntentRefused(
            at=NOON, sequence=1, intent=venue.intents[0], limit="inventory_global", found=10_100, allowed=10_000
        )
    )

    assert venue.actions() == ["inventory_limit"]
    assert venue.order("t-1").state is OrderState.REJECTED
    venue.wait(seconds(9))
    assert venue.actions() == []
    venue.wait(seconds(1))
    assert venue.placed().role is Role.ENTRY


# --- what stops entries -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("permit", "reason"), [(KILLED, CancelReason.KILL), (HARD, CancelReason.BRAKE), (HALTED, CancelReason.BRAKE)]
)
def test_a_closed_permit_withdraws_entries_at_once(permit, reason):
    venue = a_resting_entry()

    venue.permit(permit)

    assert venue.cancels() == [CancelOrder(client_order_id="t-1", reason=reason)]
    venue.canceled("t-1")
    venue.wait(seconds(60))
    assert venue.fresh == ()
    venue.permit(OPEN)
    assert venue.placed().role is Role.ENTRY


def test_a_kill_keeps_the_take_profit_and_the_exits_by_age():
    venue = a_held_position()
    venue.permit(KILLED)
    assert venue.fresh == ()

    venue.wait_until(after(480))
    venue.canceled("t-2")

    assert venue.placed().kind is Kind.SWEET_SPOT


def test_a_halted_market_only_cancels():
    venue = a_held_position(permit=OPEN)
    venue.permit(HALTED)

    venue.wait_until(after(480))
    assert [type(i) for i in venue.fresh] == [CancelOrder]
    venue.canceled("t-2")

    assert venue.fresh == ()
    assert venue.actions() == ["order_gone"]


def test_a_silent_feed_withdraws_entries_and_keeps_the_take_profit():
    venue = a_resting_entry()
    venue.feed(FeedStatus.STALE)
    assert venue.cancels() == [CancelOrder(client_order_id="t-1", reason=CancelReason.STALE)]
    assert venue.actions() == ["feed_stale", "quote_cancel"]

    held = a_held_position()
    held.feed(FeedStatus.STALE)
    assert held.fresh == ()


def test_after_a_gap_nothing_is_quoted_on_the_old_book_and_the_reference_starts_at_the_new_mid():
    venue = a_resting_entry()
    venue.feed(FeedStatus.GAP)
    venue.canceled("t-1")
    venue.wait(seconds(1))

    venue.feed(FeedStatus.LIVE)
    assert venue.fresh == ()
    assert venue.actions() == ["feed_resume"]

    venue.book(a_book(40, 42))
    assert venue.state.reference.ratio == 4100
    assert venue.actions()[0] == "book_snapshot"
    assert venue.placed().price == cents(40)


def test_entries_are_withdrawn_five_minutes_before_the_close_by_time_alone():
    venue = a_resting_entry()
    close = venue.state.market.close_time

    venue.wait_until(close - seconds(300) - 1)
    assert venue.fresh == ()
    assert venue.wake_at == close - seconds(300)
    venue.wait_until(close - seconds(300))

    assert venue.cancels() == [CancelOrder(client_order_id="t-1", reason=CancelReason.MARKET)]


def test_a_paused_market_withdraws_entries_and_sends_no_exit_until_it_is_active():
    venue = a_resting_entry()
    close = venue.state.market.close_time
    venue.hear(MarketStatusChanged(at=NOON, status=MarketStatus.INACTIVE, close_time=close))
    assert [c.reason for c in venue.cancels()] == [CancelReason.MARKET]

    venue.fill("t-1", 5)
    assert venue.fresh == ()
    venue.hear(MarketStatusChanged(at=NOON, status=MarketStatus.ACTIVE, close_time=close))

    assert venue.placed().kind is Kind.TAKE_PROFIT


def test_a_mid_outside_the_bounds_withdraws_entries_and_they_resume_only_well_inside():
    venue = ObedientVenue(a_state(view=a_book(5, 7)))
    venue.wait(0)
    venue.ack("t-1")

    venue.book(a_book(4, 5))
    assert [c.reason for c in venue.cancels()] == [CancelReason.QUOTE]
    venue.canceled("t-1")
    venue.wait(seconds(5))
    for bid in (6, 8):
        venue.book(a_book(bid, bid + 2))
        assert venue.fresh == ()
    venue.book(a_book(9, 11))

    assert venue.placed().role is Role.ENTRY


def test_a_mid_above_the_upper_bound_resumes_at_ninety_cents():
    venue = ObedientVenue(a_state(view=a_book(95, 97)))
    venue.book(a_book(95, 97))
    assert venue.fresh == ()
    venue.book(a_book(90, 92))
    assert venue.fresh == ()

    venue.book(a_book(89, 91))

    assert venue.placed().side is ASK


def test_a_retired_market_withdraws_entries_and_leaves_its_position_by_the_usual_exits():
    venue = a_resting_entry()

    venue.hear(Retired(at=NOON))

    assert [c.reason for c in venue.cancels()] == [CancelReason.RETIRED]
    venue.fill("t-1", 10)
    assert venue.placed().kind is Kind.TAKE_PROFIT


# --- sweet spot and hard cap ------------------------------------------------------------------------------------


def test_the_sweet_spot_frees_the_take_profit_first_then_improves_dwells_and_crosses():
    venue = a_held_position()
    venue.book(a_book(47, 50))

    venue.wait_until(after(480))
    assert [(c.client_order_id, c.reason) for c in venue.cancels()] == [("t-2", CancelReason.EXIT)]
    assert venue.placements() == []

    venue.canceled("t-2")
    assert venue.actions() == ["order_gone", "sweet_spot_exit", "quote_place"]
    improving = venue.placed()
    assert (improving.kind, improving.price, improving.post_only) == (Kind.SWEET_SPOT, cents(49), True)
    assert venue.wake_at == after(485)

    venue.ack("t-3")
    venue.fill("t-3", 4)
    assert venue.fresh == ()
    venue.wait_until(after(485))
    assert [c.client_order_id for c in venue.cancels()] == ["t-3"]
    venue.canceled("t-3")

    crossing = venue.placed()
    assert (crossing.kind, crossing.price, crossing.size) == (Kind.SWEET_SPOT, cents(47), contracts(6))
    assert crossing.time_in_force.value == "immediate_or_cancel"
    assert "sweet_spot_exit" not in venue.actions()
    venue.fill("t-4", 6)
    assert venue.state.position.skew == "FLAT"


def test_what_the_sweet_spot_could_not_sell_is_retried_each_second_and_after_the_window_the_take_profit_rests():
    venue = a_held_position()
    venue.book(a_book(47, 48))
    venue.wait_until(after(480))
    venue.canceled("t-2")
    assert venue.placed().client_order_id == "t-3"

    for number in (3, 4, 5):
        venue.canceled(f"t-{number}")
        assert venue.fresh == ()
        venue.wait(seconds(1))
        assert venue.placed().client_order_id == f"t-{number + 1}"
    venue.canceled("t-6")
    venue.wait_until(after(720))

    take_profit = venue.placed()
    assert (take_profit.kind, take_profit.price) == (Kind.TAKE_PROFIT, cents(55))
    assert [r.action for r in venue.records].count("sweet_spot_exit") == 1


def test_the_acknowledgement_of_an_immediate_or_cancel_order_does_not_cancel_it():
    venue = a_held_position()
    venue.book(a_book(47, 48))
    venue.wait_until(after(480))
    venue.canceled("t-2")

    venue.ack("t-3")

    assert venue.fresh == ()


def test_an_improving_exit_that_the_venue_refuses_crosses_after_a_second():
    venue = a_held_position()
    venue.book(a_book(47, 50))
    venue.wait_until(after(480))
    venue.canceled("t-2")

    venue.reject("t-3")
    assert venue.fresh == ()
    venue.wait(seconds(1))

    assert venue.placed().price == cents(47)


def test_the_hard_cap_crosses_each_second_with_growing_tolerance_until_flat():
    venue = a_held_position()
    venue.adjust(now=after(720))
    venue.wait_until(after(2400))
    assert [c.client_order_id for c in venue.cancels()] == ["t-2"]
    venue.canceled("t-2")
    assert venue.actions() == ["order_gone", "hard_cap_exit", "quote_place"]

    prices = [venue.placed().price]
    for number in range(3, 15):
        venue.canceled(f"t-{number}")
        assert venue.fresh == ()
        venue.wait(seconds(1))
        prices.append(venue.placed().price)

    assert prices == [cents(48 - n) for n in range(11)] + [cents(38), cents(38)]
    venue.fill("t-15", 10, price=40, is_taker=True)
    assert venue.state.position.skew == "FLAT"
    assert [r.action for r in venue.records].count("hard_cap_exit") == 1


def test_an_exit_by_age_without_a_usable_book_is_told_every_thirty_seconds_and_the_take_profit_stays():
    venue = a_held_position()
    venue.feed(FeedStatus.STALE)

    told_at = []
    for second in range(2400, 2470):
        venue.wait_until(after(second))
        assert venue.fresh == ()
        if "exit_blocked" in venue.actions():
            told_at.append(second)

    assert told_at == [2400, 2430, 2460]
    assert venue.order("t-2").state is OrderState.RESTING


def test_a_silent_market_is_woken_for_each_change_of_age():
    venue = a_held_position()

    assert next_deadline(venue.state) == after(480)
    assert next_deadline(replace(venue.state, now=after(480))) == after(720)
    assert next_deadline(replace(venue.state, now=after(720))) == after(2400)


# --- MAE trim ---------------------------------------------------------------------------------------------------


def test_a_trim_shrinks_the_take_profit_first_then_crosses_and_is_announced_with_its_order():
    venue = a_held_position(32)

    venue.book(a_book(36, 38))
    (shrink,) = venue.amends()
    assert (shrink.client_order_id, shrink.size) == ("t-2", contracts(23))
    assert venue.placements() == []

    venue.amended("t-2")
    assert venue.actions() == ["mae_trim", "quote_place"]
    trim = venue.placed()
    assert (trim.kind, trim.price, trim.size) == (Kind.MAE_TRIM, cents(36), contracts(9))
    record = venue.told[0]
    assert isinstance(record, MaeTrim)
    assert record.trim_pct == Fraction(9, 32)

    venue.fill("t-3", 9)
    assert venue.state.position.net == contracts(23)
    assert venue.fresh == ()


def test_a_trim_that_found_nobody_lets_the_take_profit_grow_back_and_waits_a_minute():
    venue = a_held_position(32)
    venue.book(a_book(36, 38))
    venue.amended("t-2")

    venue.canceled("t-3")
    (growth,) = venue.amends()
    assert growth.size == contracts(32)
    venue.amended("t-2")
    venue.wait(seconds(59))
    assert venue.fresh == ()

    venue.wait(seconds(1))
    assert [a.size for a in venue.amends()] == [contracts(23)]


def test_a_trim_that_would_leave_less_than_one_contract_takes_the_whole_position():
    venue = a_held_position(1)

    venue.book(a_book(36, 38))
    assert [c.client_order_id for c in venue.cancels()] == ["t-2"]
    venue.canceled("t-2")

    assert venue.placed().size == contracts(1)


def test_a_refused_amendment_is_not_repeated_for_a_second():
    venue = a_held_position(32)
    venue.book(a_book(36, 38))

    venue.amend_rejected("t-2")
    assert venue.fresh == ()
    venue.wait(seconds(1))

    assert len(venue.amends()) == 1


def test_the_worst_excursion_of_a_position_is_remembered_until_it_is_closed():
    venue = a_held_position()
    venue.book(a_book(40, 42))
    venue.book(a_book(46, 48))
    assert venue.state.episode.max_excursion == 700

    venue.fill("t-2", 10)

    assert venue.state.episode.max_excursion == 0


def test_an_announced_exit_stands_right_before_its_order_also_when_alerts_and_withdrawals_come_with_it():
    entry = an_order("t-1", BID, 46, 10)
    state = a_state(position=a_position(10), orders=(entry,), now=after(3601), next_order_number=2)
    venue = ObedientVenue(state)

    venue.wait(0)

    assert venue.actions() == ["time_at_risk", "quote_cancel", "hard_cap_exit", "quote_place"]


# --- races and faults -------------------------------------------------------------------------------------------


def test_an_exit_waits_for_an_entry_against_it_that_may_still_fill():
    asking = an_order("t-1", ASK, 66, 10, state=OrderState.CANCELING)
    bidding = an_order("t-2", BID, 46, 10)
    venue = ObedientVenue(a_state(orders=(asking, bidding), next_order_number=3))

    venue.fill("t-2", 10)
    assert venue.placements() == []

    venue.canceled("t-1")
    assert venue.placed().kind is Kind.TAKE_PROFIT


def test_exits_that_cover_more_than_the_position_are_cut_at_once():
    first, second = an_exit("t-1", size=10), an_exit("t-2", size=10, kind=Kind.SWEET_SPOT)
    venue = ObedientVenue(a_state(position=a_position(8), orders=(first, second)))

    venue.wait(0)

    assert {c.client_order_id for c in venue.cancels()} == {"t-1", "t-2"}


def test_a_missing_order_fact_is_an_error():
    venue = a_resting_entry()
    venue.adjust(sequence=venue.state.sequence + 5)
    fact = venue.facts[-1]

    with pytest.raises(SequenceGap, match="follows"):
        step(venue.state, replace(fact, sequence=venue.state.sequence + 2), EDGE_LOCKED)


def test_a_fact_about_an_order_nobody_knows_is_an_error():
    venue = a_resting_entry()
    stranger = replace(venue.facts[-1], sequence=venue.state.sequence + 1, client_order_id="t-99")

    with pytest.raises(UnknownOrder, match="t-99"):
        step(venue.state, stranger, EDGE_LOCKED)


def test_an_order_fact_heard_twice_changes_nothing():
    venue = a_held_position()
    venue.fill("t-2", 3)
    before = venue.state

    for fact in [f for f in venue.facts if hasattr(f, "sequence")]:
        decision = step(before, fact, EDGE_LOCKED)
        assert (decision.state, decision.intents, decision.records) == (before, (), ())


def test_a_trade_heard_again_under_a_new_sequence_number_counts_once():
    venue = a_held_position()
    venue.fill("t-2", 3, trade_id="same")
    net = venue.state.position.net

    venue.fill("t-2", 3, trade_id="same")

    assert venue.state.position.net == net
    assert venue.actions() == []


def test_an_unanswered_order_counts_as_live_until_it_is_resolved():
    venue = ObedientVenue()
    venue.wait(0)

    venue.silent("t-1")
    venue.wait(seconds(60))
    assert venue.fresh == ()
    venue.ack("t-1")

    assert venue.actions() == ["order_resolved", "order_ack"]


def test_time_never_goes_back():
    venue = a_held_position()
    venue.wait_until(after(100))

    venue.wait_until(after(50))

    assert venue.state.now == after(100)


# --- life of the market -----------------------------------------------------------------------------------------


def test_settlement_closes_the_position_and_withdraws_what_rests():
    venue = a_held_position()

    venue.hear(MarketSettled(at=NOON, sequence=venue.state.sequence + 1, value=Price(10_000)))

    assert venue.actions() == ["REALIZE", "settlement", "state_change", "quote_cancel"]
    settlement = next(r for r in venue.told if isinstance(r, Settlement))
    assert (settlement.qty, settlement.pnl) == (contracts(10), 5_200_000)
    assert venue.state.position.realized == 5_200_000


def test_settlement_of_a_flat_market_realizes_nothing():
    venue = ObedientVenue(a_state(permit=KILLED))

    venue.hear(MarketSettled(at=NOON, sequence=1, value=Price(0)))

    assert venue.actions() == ["settlement"]


def test_a_market_that_has_not_recovered_decides_nothing():
    venue = ObedientVenue(a_state(is_recovered=False))
    venue.wait(0)
    venue.book(a_book(40, 42))

    assert venue.intents == []
    assert decide(venue.state, EDGE_LOCKED).wake_at is None


def test_a_restart_in_the_middle_of_a_position_takes_up_its_orders_and_its_exits():
    before = a_held_position()
    venue = ObedientVenue(a_state(is_recovered=False, order_prefix="u"))

    venue.hear(
        Recovered(
            at=after(60),
            sequence=before.state.sequence,
            position=before.state.position,
            orders=(*before.state.orders, *before.state.ended),
            last_trim_at=after(30),
        )
    )

    assert venue.fresh == ()
    assert venue.state.last_trim_at == after(30)
    assert [o.client_order_id for o in venue.live(Role.EXIT)] == ["t-2"]
    venue.wait_until(after(480))
    venue.canceled("t-2")
    assert venue.placed().client_order_id == "u-1"


def test_a_restart_that_lost_its_take_profit_places_it_anew():
    venue = ObedientVenue(a_state(is_recovered=False, order_prefix="u"))

    venue.hear(Recovered(at=NOON, sequence=7, position=a_position(-5, 65), orders=()))

    take_profit = venue.placed()
    assert (take_profit.side, take_profit.price, take_profit.size) == (BID, cents(58), contracts(5))
    venue.ack(take_profit.client_order_id)
    assert venue.state.sequence == 8


def a_life_that_took_over_an_entry() -> ObedientVenue:
    """An entry of the life before rests at 46, and nobody has told this one of the book."""
    asleep = MarketState(market=a_market(), settings=some_settings(), run_mode=RunMode.PAPER, order_prefix="u")
    venue = ObedientVenue(asleep)
    venue.hear(Recovered(at=NOON, sequence=7, position=Position(), orders=(an_order("t-1"),), permit=OPEN))
    return venue


LIVE_FEED = FeedStatusChanged(at=NOON, status=FeedStatus.LIVE, reason="")
SEEN = BookChanged(at=NOON, view=a_book(46, 48))


@pytest.mark.parametrize("words", [(LIVE_FEED, SEEN), (SEEN, LIVE_FEED)])
def test_a_restart_leaves_its_entry_where_it_rests_until_the_feed_has_said_what_the_book_is(words):
    venue = a_life_that_took_over_an_entry()

    for word in words:
        venue.hear(word)

    assert venue.intents == []
    venue.feed(FeedStatus.STALE)
    assert [c.reason for c in venue.cancels()] == [CancelReason.STALE]


@pytest.mark.parametrize("status", [FeedStatus.STALE, FeedStatus.GAP, FeedStatus.DOWN])
def test_a_restart_whose_feed_says_that_there_is_no_book_withdraws_its_entry_at_once(status):
    venue = a_life_that_took_over_an_entry()
    venue.hear(SEEN)

    venue.feed(status)

    assert [c.reason for c in venue.cancels()] == [CancelReason.STALE]


def test_a_restart_that_hears_nothing_of_the_book_withdraws_its_entry_in_the_end():
    venue = a_life_that_took_over_an_entry()
    assert venue.wake_at == NOON + FIRST_WORD_WITHIN

    venue.wait_until(NOON + FIRST_WORD_WITHIN)

    assert [c.reason for c in venue.cancels()] == [CancelReason.STALE]


def test_new_settings_apply_to_the_next_decision():
    venue = a_resting_entry()

    venue.hear(SettingsChanged(at=NOON, settings=some_settings(low="0.40")))

    assert [c.reason for c in venue.cancels()] == [CancelReason.QUOTE]


def test_a_new_grid_applies_to_the_next_decision():
    venue = ObedientVenue(a_state(view=a_book(8, 9), permit=KILLED))
    venue.hear(GridChanged(at=NOON, grid=FINE_ENDS))

    venue.permit(SOFT)

    assert venue.placed().price == Price(740)


# --- run modes --------------------------------------------------------------------------------------------------


def test_a_shadow_run_tells_proposals_instead_of_orders_and_whether_they_would_cross():
    venue = ObedientVenue(a_state(run_mode=RunMode.SHADOW, permit=replace(OPEN, cancels_30=7)))
    venue.wait(0)

    (proposal,) = venue.told
    assert proposal.action == "shadow_quote"
    assert (proposal.would_cross, proposal.cancels_30_projected) == (False, 7)
    assert (proposal.price, proposal.qty, proposal.role) == (cents(46), contracts(10), "entry")


@pytest.mark.parametrize(("net", "book"), [(10, a_book(56, 58)), (-10, a_book(54, 57))])
def test_a_shadow_proposal_through_the_touch_would_cross(net, book):
    state = a_state(run_mode=RunMode.SHADOW, position=a_position(net, 48 if net > 0 else 65), view=book)
    venue = ObedientVenue(state)

    venue.wait(0)

    assert venue.told[-1].would_cross


def test_in_live_mode_our_own_orders_are_taken_out_of_the_book_and_in_paper_they_are_not_in_it():
    ours = an_order("t-1", BID, 47, 10)
    view = replace(a_book(46, 49), bids=(*a_book(47, 49, bid_size=10).bids, *a_book(46, 49).bids))
    live = ObedientVenue(a_state(run_mode=RunMode.LIVE, orders=(ours,)))
    paper = ObedientVenue(a_state(orders=(ours,)))

    live.book(view)
    paper.book(view)

    assert live.state.view.best_bid == cents(46)
    assert paper.state.view.best_bid == cents(47)


def test_an_order_the_venue_has_not_taken_yet_hides_nothing_of_what_others_show():
    venue = ObedientVenue(a_state(run_mode=RunMode.LIVE, view=a_book(46, 48, bid_size=1)))

    venue.wait(0)
    assert venue.placed().price == cents(46)
    assert venue.state.view.best_bid == cents(46)
    venue.wait(seconds(1))

    assert venue.cancels() == []


# --- the same facts give the same intents -----------------------------------------------------------------------


def a_busy_story(strategy) -> ObedientVenue:
    venue = ObedientVenue(strategy=strategy)
    venue.wait(0)
    for number in range(1, 40):
        venue.book(a_book(40 + number * 7 % 9, 43 + number * 7 % 9, bid_size=60 + number))
        venue.prints(41 + number % 7)
        for order in list(venue.state.orders):
            if order.state is OrderState.PLACING and number % 5:
                venue.ack(order.client_order_id)
            elif order.state is OrderState.CANCELING:
                venue.canceled(order.client_order_id)
            elif order.state is OrderState.AMENDING:
                venue.amended(order.client_order_id)
            elif number % 4 == 0 and order.remaining >= contracts(3):
                venue.fill(order.client_order_id, 3)
        venue.wait(seconds(number * 3))
    return venue


@pytest.mark.parametrize("strategy", [EDGE_LOCKED, LEGACY])
def test_the_same_facts_give_the_same_intents_and_the_same_records(strategy):
    first = a_busy_story(strategy)
    state, intents, records = a_state(), [], []
    for fact in first.facts:
        decision = step(state, fact, strategy)
        state = decision.state
        intents += decision.intents
        records += decision.records

    assert len(first.intents) > 20
    assert (intents, records, state) == (first.intents, first.records, first.state)


def numbers_in(value, path="state"):
    """Every number inside a frozen value, with the way to it."""
    if is_dataclass(value):
        for field in fields(value):
            yield from numbers_in(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, tuple | list | frozenset):
        for entry in value:
            yield from numbers_in(entry, f"{path}[]")
    elif isinstance(value, int | float | complex | Fraction) and not isinstance(value, bool):
        yield path, value


@pytest.mark.parametrize("strategy", [EDGE_LOCKED, LEGACY])
def test_after_a_whole_story_no_float_is_anywhere_in_state_intents_or_records(strategy):
    venue = a_busy_story(strategy)

    found = list(numbers_in([venue.state, venue.intents, venue.records]))

    assert len(found) > 500
    assert [path for path, value in found if not isinstance(value, int | Fraction)] == []
